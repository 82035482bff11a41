// Programs and libraries that are not installed but lie unpacked in folders of their own: where those are.

/** Absolute paths. Programs come before those on PATH, libraries before those of the system. */
export interface Tools {
  /** Folders with programs. */
  readonly path: readonly string[];
  /** Folders with shared libraries, for these programs and for the guest. */
  readonly libraryPath: readonly string[];
}

/** Only what is installed. */
export const INSTALLED: Tools = { path: [], libraryPath: [] };
