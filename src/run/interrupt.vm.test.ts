// Ctrl-C in the program as it ships: it says so, exits as for a run without verdict, and leaves nothing.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { childrenOf } from '../vm/testing/real.ts';
import { DIST, labOptions } from './testing/lab.ts';

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'tollgate-interrupt-'));
});

afterEach(() => rmSync(temporary, { recursive: true, force: true }));

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s while machines boot leaves nothing',
  async (signal) => {
    const child = startMeasure();
    const ended = new Promise((resolve) => child.once('exit', (code, by) => resolve({ code, by })));
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    await until(() => childrenOf(child.pid!, 'qemu-system').length === 2);
    const qemus = childrenOf(child.pid!, 'qemu-system');
    expect(temporariesOf(child.pid!).length).toBeGreaterThan(2);
    child.kill(signal);
    expect(await ended).toEqual({ code: 3, by: null });
    expect(said).toContain(`error: Stopped by ${signal}`);
    expect(qemus.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(temporariesOf(child.pid!)).toEqual([]);
  },
);

/** Two kernels, booted at once. */
function startMeasure(): ChildProcess {
  return spawn(
    process.execPath,
    [
      ...[
        join(DIST, 'cli.js'),
        'measure',
        join(DIST, 'bpf/nop_xdp.bpf.o'),
        '--no-saved-state',
        '--parallel',
        '2',
      ],
      ...['--kernel', 'debian:6.1', '--kernel', 'debian:6.12', '--cache-dir', labOptions().cacheDir],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: temporary } },
  );
}

/** Their names end in the process's id and a count. */
function temporariesOf(pid: number): string[] {
  return ['/dev/shm', temporary, join(labOptions().cacheDir, 'tmp')]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => new RegExp(`-${pid}-\\d+$`).test(path));
}

async function until(isSo: () => boolean): Promise<void> {
  for (const limit = Date.now() + 60_000; !isSo(); ) {
    if (Date.now() > limit) throw new Error('it did not come to that within a minute');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
