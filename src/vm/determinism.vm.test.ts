// What exact mode rests on: two boots of a kernel are alike to the last bit of the guest's memory, and a job's
// records are the same from a saved state, without one, and on a machine that is busy.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestFile } from './digests.ts';
import { findSavedState } from './saved-state.ts';
import { type JobResult, openSession, type SessionOptions, savedStateKey } from './session.ts';
import { emptyJob, KERNELS, ownQemus, ownTemporaries, sessionOptions, startHogs } from './testing/real.ts';

type Told = Pick<JobResult, 'hello' | 'records'>;

/** What one kernel's machines gave. */
interface Runs {
  readonly first: Told;
  readonly second: Told;
  /** From a state made, and run, while every core has something else to do. */
  readonly whileBusy: Told;
  readonly withoutState: Told;
  readonly memory: string;
  /** Of one boot after the other, until one is as the first of all. */
  readonly memoriesWhileBusy: readonly string[];
}

/** In a boot of some dozens QEMU sets the clock of an idle processor too far, and random numbers are others (docs/exact.md). */
const BOOTS_MOST = 3;

let cacheDir: string;
const runs = new Map<string, Runs>();

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-determinism-'));
  const idle = new Map<string, Pick<Runs, 'first' | 'second' | 'memory'>>();
  // One after the other: the machine is idle but for each of them.
  for (const kernel of KERNELS) {
    const options = await sessionOptions(kernel, cacheDir);
    const session = await openSession(options);
    const [first, second] = [told(await session.run(emptyJob())), told(await session.run(emptyJob()))];
    idle.set(kernel, { first, second, memory: await memoryDigest(options) });
  }
  const hogs = startHogs();
  try {
    await Promise.all(
      KERNELS.map(async (kernel) => {
        const options = await sessionOptions(kernel, cacheDir);
        const { memory } = idle.get(kernel)!;
        const memories: string[] = [];
        const boot = async () => {
          const busyOptions = { ...options, cacheDir: join(cacheDir, `busy-${memories.length}`) };
          const session = await openSession(busyOptions);
          memories.push(await memoryDigest(busyOptions));
          return session;
        };
        let busy = await boot();
        while (!memories.includes(memory) && memories.length < BOOTS_MOST) busy = await boot();
        const booting = await openSession({ ...options, useSavedState: false });
        runs.set(kernel, {
          ...idle.get(kernel)!,
          whileBusy: told(await busy.run(emptyJob())),
          withoutState: told(await booting.run(emptyJob())),
          memoriesWhileBusy: memories,
        });
      }),
    );
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
  }
});

afterAll(async () => await rm(cacheDir, { recursive: true }));

/** The digest of the guest's memory at the pause. (The devices' state also holds readings of the host's clock.) */
async function memoryDigest(options: SessionOptions): Promise<string> {
  const state = await findSavedState(options.cacheDir, savedStateKey(options));
  if (!state || state === 'damaged') throw new Error('no state was saved');
  return await digestFile(state.ramPath);
}

/** All that a job gives but the host's own seconds. */
function told({ hello, records }: JobResult): Told {
  return { hello, records };
}

test.each(KERNELS)(
  '%s: every boot and every run is the same, whatever the machine is busy with',
  (kernel) => {
    const { first, second, whileBusy, withoutState, memory, memoriesWhileBusy } = runs.get(kernel)!;
    expect(memoriesWhileBusy).toContain(memory);
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
