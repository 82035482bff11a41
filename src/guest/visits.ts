// How often the verifier visited each instruction of a program, counted in its level-2 log, of which only the counts
// leave the guest.

import type { Job } from '../model/job.ts';
import type { GuestRecord } from '../model/records.ts';
import { findLoadable, type Refused, traceVisits } from './libbpf/object.ts';
import { openVisitsLog } from './libbpf/visits-log.ts';

/** The counts, or why there are none. */
export function countVisits(
  job: Job,
  elf: Uint8Array,
  program: string,
  libraryPath: string,
): Extract<GuestRecord, { type: 'visits' }> {
  const count = (refusedMaps: readonly Refused[]) => {
    const log = openVisitsLog(libraryPath);
    const isLoaded = traceVisits(job, elf, program, refusedMaps, log);
    return { ...log.close(), isLoaded, sizeBytes: log.sizeBytes };
  };
  const whole = count([]);
  // The verifier has seen nothing: a map that this kernel does not have stood before it.
  const found = whole.logBytes > 0 ? whole : count(findRefusedMaps(job, elf));
  const { visits, processed, isLoaded, sizeBytes } = found;
  const counted = visits.reduce((sum, [, times]) => sum + times, 0);
  // Where the verifier gives up it has counted an instruction that it no longer tells of.
  if (processed > 0 && (counted === processed || (!isLoaded && counted === processed - 1)))
    return { type: 'visits', program, processed, visits: visits.flat() };
  const absent =
    processed === 0
      ? `the verifier's log exceeds ${sizeBytes} bytes, or ends without its statistics`
      : `the verifier's log tells of ${counted} visits, its statistics of ${processed}`;
  return { type: 'visits', program, processed, visits: [], absent };
}

function findRefusedMaps(job: Job, elf: Uint8Array): readonly Refused[] {
  const { loadable, object } = findLoadable(job, elf);
  object.close();
  return loadable.refusedMaps;
}
