// What exact mode rests on: two boots of a kernel are alike to the last bit of the guest's memory, and a job's
// records are the same from a saved state, without one, and on a machine that is busy.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestFile } from './digests.ts';
import { findSavedState } from './saved-state.ts';
import { type JobResult, openSession, type SessionOptions, savedStateKey } from './session.ts';
import { emptyJob, KERNELS, ownQemus, ownTemporaries, sessionOptions } from './testing/real.ts';

let cacheDir: string;
let hogs: ChildProcess[] = [];

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-determinism-'));
});

afterEach(async () => {
  stopHogs();
  expect({ qemus: ownQemus(), temporaries: ownTemporaries(cacheDir) }).toEqual({
    qemus: [],
    temporaries: [],
  });
  await rm(cacheDir, { recursive: true });
});

/** Keeps every core of this machine busy. */
function startHogs(): void {
  hogs = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
}

function stopHogs(): void {
  for (const hog of hogs.splice(0)) hog.kill('SIGKILL');
}

/** The digest of the guest's memory at the pause. (The devices' state also holds readings of the host's clock.) */
async function memoryDigest(options: SessionOptions): Promise<string> {
  const state = await findSavedState(options.cacheDir, savedStateKey(options));
  if (!state || state === 'damaged') throw new Error('no state was saved');
  return await digestFile(state.ramPath);
}

/** All that a job gives but the host's own seconds. */
const told = ({ hello, records }: JobResult) => ({ hello, records });

test.each(KERNELS)(
  '%s: every boot and every run is the same, whatever the machine is busy with',
  async (reference) => {
    const options = await sessionOptions(reference, cacheDir);
    const idle = await openSession(options);
    const first = told(await idle.run(emptyJob()));
    const second = told(await idle.run(emptyJob()));

    startHogs();
    const busyOptions = { ...options, cacheDir: join(cacheDir, 'busy') };
    const busy = await openSession(busyOptions);
    const whileBusy = told(await busy.run(emptyJob()));
    stopHogs();

    const booting = await openSession({ ...options, useSavedState: false });
    const withoutState = told(await booting.run(emptyJob()));

    expect(await memoryDigest(busyOptions)).toBe(await memoryDigest(options));
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
