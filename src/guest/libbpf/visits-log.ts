// A log of the verifier's that is counted while the kernel writes it: of hundreds of megabytes a few pages are there at
// any time, whether the kernel fills a buffer once (before 6.4) or goes round in it.

import { loadVisitsLibrary, memory } from './ffi.ts';
import type { LogMemory } from './object.ts';

export interface VisitsLog extends LogMemory {
  /** False where the kernel has no userfaultfd: then the log takes memory, and is shorter. */
  readonly isStreamed: boolean;
  readonly close: () => Visits;
}

export interface Visits {
  /** By instruction, as the verifier numbers them: in the program with its subprograms, before any rewriting. */
  readonly visits: readonly (readonly [insn: number, count: number])[];
  /** 'processed N insns' at the log's end; 0 where it is missing. */
  readonly processed: number;
  readonly logBytes: number;
}

/** The most that kernels take (UINT_MAX >> 2, bpf_verifier_log_attr_valid). */
export const LOG_LIMIT_BYTES = 0x3fffffff;
/** Without streaming: what a guest has to spare. */
const HELD_BYTES = 192 << 20;
/** BPF_COMPLEXITY_LIMIT_INSNS: no program has more instructions than the verifier looks at. */
const INSNS = 1_000_000;

/** One at a time. Throws where there is no memory. */
export function openVisitsLog(libraryPath: string): VisitsLog {
  const library = loadVisitsLibrary(libraryPath);
  const [counts, streams] = [memory(4 * INSNS), memory(4)];
  const address = BigInt(library.open(LOG_LIMIT_BYTES, counts, INSNS, streams));
  if (address < 0n) throw new Error(`no memory for the verifier's log: error ${-address}`);
  const isStreamed = streams.readUInt32LE() !== 0;
  return {
    address,
    sizeBytes: isStreamed ? LOG_LIMIT_BYTES : HELD_BYTES,
    isStreamed,
    close: () => {
      const [processed, bytes] = [memory(8), memory(8)];
      library.close(processed, bytes);
      const all = new Uint32Array(counts.buffer);
      const visits: [number, number][] = [];
      // A million places: a list of them all would take seconds of the guest's processor.
      for (let insn = 0; insn < INSNS; insn++) if (all[insn]! > 0) visits.push([insn, all[insn]!]);
      return {
        visits,
        processed: Number(processed.readBigUInt64LE()),
        logBytes: Number(bytes.readBigUInt64LE()),
      };
    },
  };
}
