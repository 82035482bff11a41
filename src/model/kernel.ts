// What a kernel is once it lies on this machine, whoever it came from.

/** A kernel ready to boot. Paths are absolute; nothing under them is ever written. */
export interface Kernel {
  /** The reference as the user gave it: 'debian:6.1'. */
  readonly reference: string;
  /** uname -r. Undefined for a bare vmlinux, until it has booted: it has no header to say it. */
  readonly release?: string;
  /** The package version, as Debian's '6.1.192-2'. */
  readonly version?: string;
  /** sha256 of the image, hexadecimal: the identity that figures hang on. */
  readonly digest: string;
  /** bzImage or vmlinux. */
  readonly imagePath: string;
  /** lib/modules/RELEASE, with modules.dep in it. Undefined where the reference has none. */
  readonly modulesPath?: string;
  /** The kernel's .config, for objects with __kconfig externs. */
  readonly configPath?: string;
}

/** A pinned kernel, one entry of tollgate.lock. */
export interface LockedKernel {
  readonly reference: string;
  readonly version: string;
  /**
   * One or more packages, in the order they are unpacked; digests are sha256. A url is relative to the mirror, as
   * 'debian/pool/main/l/linux/NAME.deb', so that a lock holds for every mirror.
   */
  readonly packages: readonly { readonly url: string; readonly sha256: string; readonly sizeBytes: number }[];
}
