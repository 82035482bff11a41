// What exact mode rests on: two boots of a kernel are alike to the last bit of the guest's memory, and a job's
// records are the same from a saved state, without one, and on a machine that is busy.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestFile } from './digests.ts';
import { findSavedState } from './saved-state.ts';
import { type JobResult, openSession, type Session, type SessionOptions, savedStateKey } from './session.ts';
import { emptyJob, KERNELS, ownQemus, ownTemporaries, sessionOptions } from './testing/real.ts';

/** What one kernel's machines gave. */
interface Runs {
  readonly first: ReturnType<typeof told>;
  readonly second: ReturnType<typeof told>;
  /** From a state made, and run, while every core has something else to do. */
  readonly whileBusy: ReturnType<typeof told>;
  readonly withoutState: ReturnType<typeof told>;
  readonly memory: string;
  readonly memoryWhileBusy: string;
}

let cacheDir: string;
let runs: ReadonlyMap<string, Runs>;

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-determinism-'));
  const quiet = await onAll(cacheDir, async (session) => ({
    first: told(await session.run(emptyJob())),
    second: told(await session.run(emptyJob())),
  }));
  const hogs = startHogs();
  const busy = await onAll(join(cacheDir, 'busy'), async (session) =>
    told(await session.run(emptyJob())),
  ).finally(() => {
    for (const hog of hogs) hog.kill('SIGKILL');
  });
  const booted = await onAll(cacheDir, async (session) => told(await session.run(emptyJob())), false);
  runs = new Map(
    KERNELS.map((kernel) => [
      kernel,
      {
        ...quiet.get(kernel)!.result,
        whileBusy: busy.get(kernel)!.result,
        withoutState: booted.get(kernel)!.result,
        memory: quiet.get(kernel)!.memory,
        memoryWhileBusy: busy.get(kernel)!.memory,
      },
    ]),
  );
}, 900_000);

afterAll(async () => await rm(cacheDir, { recursive: true }));

/** Boots every kernel, all at once, and does `work` on each. */
async function onAll<T>(
  cache: string,
  work: (session: Session) => Promise<T>,
  useSavedState = true,
): Promise<ReadonlyMap<string, { result: T; memory: string }>> {
  return new Map(
    await Promise.all(
      KERNELS.map(async (kernel) => {
        const options = { ...(await sessionOptions(kernel, cacheDir)), cacheDir: cache, useSavedState };
        const result = await work(await openSession(options));
        const memory = useSavedState ? await memoryDigest(options) : '';
        return [kernel, { result, memory }] as const;
      }),
    ),
  );
}

/** Keeps every core of this machine busy. */
function startHogs(): readonly ChildProcess[] {
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
}

/** The digest of the guest's memory at the pause. (The devices' state also holds readings of the host's clock.) */
async function memoryDigest(options: SessionOptions): Promise<string> {
  const state = await findSavedState(options.cacheDir, savedStateKey(options));
  if (!state || state === 'damaged') throw new Error('no state was saved');
  return await digestFile(state.ramPath);
}

/** All that a job gives but the host's own seconds. */
function told({ hello, records }: JobResult): Pick<JobResult, 'hello' | 'records'> {
  return { hello, records };
}

test.each(KERNELS)(
  '%s: every boot and every run is the same, whatever the machine is busy with',
  (kernel) => {
    const { first, second, whileBusy, withoutState, memory, memoryWhileBusy } = runs.get(kernel)!;
    expect(memoryWhileBusy).toBe(memory);
    expect({ second, whileBusy, withoutState }).toEqual({
      second: first,
      whileBusy: first,
      withoutState: first,
    });
    expect(first.hello).toMatchObject({ ticksPerSecond: '1000000000', tickNs: '4000000', warnings: [] });
    expect(first.records.map(({ type }) => type).slice(-2)).toEqual(['seconds', 'end']);
    const figures = first.records.filter(
      (record) => record.type === 'measurement' && record.metric === 'run_insns',
    );
    expect(figures).not.toEqual([]);
  },
);

test('nothing is left behind', () => {
  expect([ownQemus(), ownTemporaries(cacheDir)]).toEqual([[], []]);
});
