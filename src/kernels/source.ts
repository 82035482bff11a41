// What a source of kernels is, and what every source is given. A source is one file beside this one and one
// line in index.ts; nothing else knows which sources there are.

import type { Kernel, LockedKernel } from '../model/kernel.ts';
import type { OnProgress, OnWarning } from '../model/progress.ts';
import type { Tools } from '../model/tools.ts';

/** Where a kernel may come from. */
export interface KernelSource {
  /** The word before the colon: 'debian'. */
  readonly name: string;
  /** The reference as documentation writes it: 'debian:SERIES'. */
  readonly pattern: string;
  /** What the source gives, in one sentence. */
  readonly describe: string;
  /** Whether the part after the colon (undefined without a colon) is well formed; if not, what was expected. */
  readonly parse: (argument: string | undefined) => { readonly ok: true } | { readonly expected: string };
  /** Makes the kernel ready on disk. Throws TollgateError. */
  readonly resolve: (reference: string, options: KernelOptions) => Promise<Kernel>;
  /** Names the exact packages behind a reference; sources without it cannot be pinned. */
  readonly lock?: (reference: string, options: KernelOptions) => Promise<LockedKernel>;
}

export interface KernelOptions {
  /** Absolute. Made with mode 0700 when it does not exist. */
  readonly cacheDir: string;
  /** One http or https URL under which /debian and /debian-security lie. Default: http://deb.debian.org. */
  readonly mirror?: string;
  /**
   * Asked for what the mirror no longer has. Default: http://archive.debian.org with the default mirror, none with
   * another one.
   */
  readonly pastReleasesMirror?: string;
  /** Pinned kernels, from tollgate.lock: a reference found here is never looked up in an index. */
  readonly lock?: readonly LockedKernel[];
  /** Ask the archive even when an answer younger than a day is remembered. */
  readonly refresh?: boolean;
  /** Never open a connection. */
  readonly offline?: boolean;
  /** A folder of *.gpg keyrings, used together with the system's Debian keyring. Default: those shipped. */
  readonly keysDir?: string;
  /** The folder that relative `path:` references start from. Default: the working directory. */
  readonly baseDir?: string;
  /** An HTTP proxy for every request, as 'http://proxy:3128'. */
  readonly proxy?: string;
  readonly transfer?: Partial<TransferLimits>;
  /** Where gpgv, xz and the like lie, if they are not installed. */
  readonly tools?: Tools;
  readonly onProgress?: OnProgress;
  readonly onWarning?: OnWarning;
  readonly signal?: AbortSignal;
}

/** The bounds of one transfer. */
export interface TransferLimits {
  /** Requests in all, the first one included. */
  readonly attempts: number;
  /** The wait before the second request; it doubles from one to the next. */
  readonly retryDelayMs: number;
  /** A connection that brings no byte for so long is given up. */
  readonly stallMs: number;
}
