// Where jobs that time are done: on this machine's own kernel, or in a VM. Whoever plans and collects them sees only this.

import type { GuestRecord } from '../model/records.ts';
import type { Target } from '../model/report.ts';
import type { RunOptions } from './execute.ts';
import { runOnHost } from './host.ts';

/** A kernel to time on, there for as long as `use` takes; what is known of it is told as it gets known. */
export type TimedPlace = <T>(
  tell: (facts: TimedFacts) => void,
  use: (run: RunTimed, bootSeconds: number) => Promise<T>,
) => Promise<T>;

export type TimedFacts = Partial<
  Pick<Target, 'accelerator' | 'qemu' | 'cpu' | 'note' | 'digest' | 'version'>
>;

/** Does one job. Throws TollgateError ('infrastructure') for whatever keeps it from its last record. */
export type RunTimed = (job: Uint8Array, deadlineMs: number) => Promise<readonly GuestRecord[]>;

export function onThisMachine(options: RunOptions): TimedPlace {
  return async (_, use) => await use((job, deadlineMs) => runOnHost(job, deadlineMs, options), 0);
}
