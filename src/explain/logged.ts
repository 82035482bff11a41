// Runs a job that pauses before and behind each program's runs, and has QEMU log what is executed in between: what
// native/callpaths.c counts, where QEMU loads no plugin. The log is followed as it comes and never held.

import { open } from 'node:fs/promises';
import type { GuestRecord } from '../model/records.ts';
import { decodeSubject, SUBJECT_AT, SUBJECT_BYTES, type WatchedRuns } from '../model/window.ts';
import { type ExecutionLog, startExecutionLog } from '../vm/execution-log.ts';
import type { PausedMachine, Session } from '../vm/session.ts';
import type { CountedRuns } from './callpaths.ts';
import { type KnownCode, readExecution } from './execution-lines.ts';
import { type Follower, followRuns, type WantedRuns } from './follow.ts';

export interface Logged {
  readonly records: readonly GuestRecord[];
  /** By the runs' number. */
  readonly counted: ReadonlyMap<number, CountedRuns>;
}

/** Counts the `wanted` runs, by their number. Throws TollgateError ('infrastructure') where the job fails, or QEMU cannot log. */
export async function runLogged(
  session: Session,
  job: Uint8Array,
  wanted: ReadonlyMap<number, WantedRuns>,
  qemuVersion: string,
): Promise<Logged> {
  const counted = new Map<number, CountedRuns>();
  const code: KnownCode = new Map();
  let number = -1;
  let following: Following | undefined;
  let isRunning = false;
  const { records } = await session.run(job, undefined, async (machine) => {
    isRunning = !isRunning;
    if (!isRunning) {
      if (following) counted.set(number, await following.end());
      following = undefined;
      return;
    }
    const which = wanted.get(++number);
    const watched = which && (await readSubject(machine));
    if (watched) following = await follow(machine, followRuns(watched, which), code, qemuVersion);
    else if (which) counted.set(number, { fault: 'too many images' });
  });
  return { records, counted };
}

interface Following {
  readonly end: () => Promise<CountedRuns>;
}

async function follow(
  machine: PausedMachine,
  follower: Follower,
  code: KnownCode,
  qemuVersion: string,
): Promise<Following> {
  const log = await startExecutionLog(machine, qemuVersion);
  const reading = readAll(log, follower, code);
  reading.catch(() => {}); // awaited in end()
  return {
    end: async () => {
      await log.stop();
      await reading;
      return follower.finish();
    },
  };
}

/** The log is turned off as soon as the last run that matters is over; a program runs many times more. */
async function readAll({ bytes, stop }: ExecutionLog, follower: Follower, code: KnownCode): Promise<void> {
  const read = readExecution(follower, code);
  for await (const piece of bytes) {
    read(piece); // to its end, for the code that it tells
    if (follower.isDone()) stop().catch(() => {}); // end() hears of it
  }
}

async function readSubject({ windowPath }: PausedMachine): Promise<WatchedRuns | undefined> {
  const window = await open(windowPath, 'r');
  try {
    const { buffer } = await window.read(Buffer.alloc(SUBJECT_BYTES), 0, SUBJECT_BYTES, SUBJECT_AT);
    return decodeSubject(buffer);
  } finally {
    await window.close();
  }
}
