// How often the verifier visited each instruction of a program, counted in its level-2 log. The log is of the size of
// what it tells (a hundred bytes a visit), so it is cut into lines in place and only the counts leave the guest.

import { parseVisits } from '../measurements/verifier-visits.ts';
import type { Job } from '../model/job.ts';
import type { GuestRecord } from '../model/records.ts';
import { memory } from './libbpf/ffi.ts';
import { type Loadable, traceVisits } from './libbpf/object.ts';

/** Tried in this order; memory that is not written to is never taken. */
const LOG_BYTES = [16 << 20, 256 << 20];

/** The counts, or why there are none. */
export function countVisits(
  job: Job,
  elf: Uint8Array,
  loadable: Loadable,
  program: string,
): Extract<GuestRecord, { type: 'visits' }> {
  let processed = 0;
  let counted = 0;
  for (const size of LOG_BYTES) {
    const log = memory(size);
    const isLoaded = traceVisits(job, elf, program, loadable.refusedMaps, log);
    const found = parseVisits(log);
    processed = found.processed;
    counted = [...found.visits.values()].reduce((sum, count) => sum + count, 0);
    // Where the verifier gives up it has counted an instruction that it no longer tells of.
    if (processed > 0 && (counted === processed || (!isLoaded && counted === processed - 1)))
      return { type: 'visits', program, processed, visits: [...found.visits].flat() };
  }
  const absent =
    processed === 0
      ? `the verifier's log exceeds ${LOG_BYTES.at(-1)} bytes, or ends without its statistics`
      : `the verifier's log tells of ${counted} visits, its statistics of ${processed}`;
  return { type: 'visits', program, processed, visits: [], absent };
}
