// Programs and libraries that are not installed but lie unpacked in folders of their own: where those are.

/** Absolute paths. Programs come before those on PATH, libraries before those of the system. */
export interface Tools {
  /** Folders with programs. */
  readonly path: readonly string[];
  /** Folders with shared libraries, for these programs and for the guest. */
  readonly libraryPath: readonly string[];
  /** What belongs to a QEMU among the programs: some builds look for it where they would be installed, and only there. */
  readonly qemu?: {
    /** Folders with firmware. */
    readonly data: readonly string[];
    /** The folder with its modules. */
    readonly modules: string;
  };
}

/** Only what is installed. */
export const INSTALLED: Tools = { path: [], libraryPath: [] };

/** Where distributions keep the libraries that the guest's are taken from. */
export const LIBRARY_FOLDERS: readonly string[] = [
  '/usr/lib/x86_64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/usr/lib64',
];
