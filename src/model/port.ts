// The typed port through which measurements reach a kernel. The guest implements it with libbpf;
// a test implements it with a recording.

import type { JobInput } from './job.ts';
import type { ProgramType } from './program-types.ts';
import type { Absent } from './report.ts';

/** A program that the verifier has accepted. */
export interface LoadedProgram {
  readonly name: string;
  readonly section: string;
  readonly type: ProgramType;
  /** BPF instructions after libbpf's relocations, subprograms included. */
  readonly insnCount: number;
  /** The verifier's statistics log (log level 4). */
  readonly log: string;
  /** The machine code; its length alone is what the kernel reports without CAP_SYS_ADMIN. */
  readonly jited: Uint8Array;
  /** The instructions after the verifier's rewrites, as BPF_OBJ_GET_INFO_BY_FD dumps them. */
  readonly xlated: Uint8Array;
  /** The maps it uses: name and the memory the kernel accounts to each, bytes. */
  readonly maps: readonly { readonly name: string; readonly bytes: number | undefined }[];
}

/** One run of a program: guest instructions from its first to its return, and what it returned. */
export interface Run {
  readonly insns: number;
  readonly retval: number;
}

/** Runs programs; every call loads the object anew, so that maps and order leave nothing behind. */
export interface RunPort {
  /**
   * Runs `program` on each packet of `input` in order (or once on its context), `passes` times over; or says why not.
   */
  readonly run: (program: string, input: JobInput, passes: number) => Runs | Absent;
}

export interface Runs {
  /** One array a pass, one run a packet that the kernel took. */
  readonly passes: readonly (readonly Run[])[];
  /** Said beside the figures, as which packets the kernel refused. */
  readonly note?: string;
}
