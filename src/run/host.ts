// Runs a timed job on the machine's own kernel: the guest as a child process, which speaks by the same window and the
// same records as a VM's. What comes out is checked as a VM's is: the objects run in this machine's kernel.

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { lineOf, TollgateError } from '../model/errors.ts';
import { type GuestRecord, recordSchema } from '../model/records.ts';
import { ON_HOST } from '../model/timed.ts';
import { WINDOW_BYTES } from '../model/window.ts';
import { ownName } from '../vm/leftovers.ts';
import { recordsIn } from '../vm/records.ts';
import type { RunOptions } from './execute.ts';

/** Throws TollgateError ('infrastructure') where this user may not, and for whatever keeps the child from its last record. */
export async function runOnHost(
  job: Uint8Array,
  deadlineMs: number,
  options: Pick<RunOptions, 'distDir' | 'signal'>,
): Promise<readonly GuestRecord[]> {
  requireRoot();
  const path = join(tmpdir(), ownName('tollgate-window'));
  const window = await open(path, 'wx+', 0o600);
  try {
    await unlink(path); // it lives as long as somebody has it open; the child finds it by our own handle
    await window.truncate(WINDOW_BYTES);
    await window.write(job, 0, job.length, 0);
    const child = await execa(
      process.execPath,
      [
        join(options.distDir, 'guest.js'),
        ON_HOST,
        String(process.pid),
        `/proc/${process.pid}/fd/${window.fd}`,
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: CHILD_ENVIRONMENT,
        extendEnv: false,
        maxBuffer: 1 << 20,
        reject: false,
        timeout: deadlineMs,
        killSignal: 'SIGKILL',
        ...(options.signal ? { cancelSignal: options.signal } : {}),
      },
    );
    options.signal?.throwIfAborted();
    const records = await readRecords(window);
    if (records.at(-1)?.type === 'end') return records;
    const how = child.timedOut
      ? `is not done after ${Math.round(deadlineMs / 1000)} s`
      : `ends by ${child.signal ?? `exit code ${child.exitCode}`}`;
    throw new TollgateError(
      'infrastructure',
      `Cannot measure on this kernel: the process that does it ${how}`,
      {
        reason: 'host-child',
        ...(child.stderr ? { tail: String(child.stderr).slice(-4000) } : {}),
      },
    );
  } finally {
    await window.close();
  }
}

/** Nothing of the surroundings, so that another user's are the same. */
const CHILD_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new TollgateError('infrastructure', 'Cannot measure on this kernel: only root may load programs', {
    reason: 'host-not-root',
    hint: 'run it with sudo, or measure in a VM: --kernel debian:6.12',
  });
}

async function readRecords(window: FileHandle): Promise<GuestRecord[]> {
  try {
    return await recordsIn(window, (line) => recordSchema.parse(line));
  } catch (cause) {
    throw new TollgateError(
      'infrastructure',
      `Cannot read what was measured on this kernel: ${lineOf(cause)}`,
      { reason: 'bad-records' },
    );
  }
}
