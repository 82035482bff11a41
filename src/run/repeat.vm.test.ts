// Runs of one `measure` with the program as it ships: some that boot, some from the saved state on a busy
// machine. Their reports are the same, to the last digit and word.

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Report, reportSchema } from '../model/report.ts';
import { startHogs } from '../vm/testing/real.ts';
import { DIST, LB, labOptions, ROOT } from './testing/lab.ts';

const KERNEL = 'debian:6.12';
const OBJECTS = ['account', 'filter', 'lb'].map((name) => join(LB, `built/base/build/${name}.bpf.o`));

let folder: string;
let hogs: readonly ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-repeat-'));
});

afterEach(() => {
  for (const hog of hogs) hog.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Of each; a boot of each object takes 6 s. */
const RUNS = 3;

test('runs that boot and runs from the saved state with every core busy report the same', async () => {
  const booted: Run[] = [];
  for (let i = 0; i < RUNS; i++) booted.push(await measure(`booted-${i}`, ['--no-saved-state']));

  // The state may have to be made: that is no run from it.
  await measure('prepare', []);
  hogs = startHogs();
  const busy: Run[] = [];
  for (let i = 0; i < RUNS; i++) busy.push(await measure(`busy-${i}`, []));
  expect(hogs.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual(hogs.map(() => null));

  const [first, ...others] = [...booted, ...busy];
  expect(first!.report.measurements.length).toBeGreaterThan(100);
  expect(first!.report.targets.map(({ id, status }) => ({ id, status }))).toEqual([
    { id: `${KERNEL}/exact`, status: 'ok' },
  ]);
  for (const { text } of others) expect(text).toBe(first!.text);
  // Else these were not the runs that this is about: one from the saved state has booted nothing.
  for (const { report } of busy) expect(report.targets.map(({ seconds }) => seconds.boot)).toEqual([0]);
  // Without a state, a job's start is a boot.
  const starts = (runs: readonly Run[]) => runs.map(({ report }) => report.targets[0]!.seconds.load);
  expect(Math.min(...starts(booted))).toBeGreaterThan(3);
});

interface Run {
  readonly report: Report;
  /** The report's own bytes, with every second struck out. There is no other time in it. */
  readonly text: string;
}

/** The fields that may differ, wherever they stand in the text. */
const SECONDS = /"(boot|load|measure)": [0-9.]+/g;

async function measure(name: string, flags: readonly string[]): Promise<Run> {
  const path = join(folder, `${name}.json`);
  await execa(
    process.execPath,
    [
      ...[join(DIST, 'cli.js'), 'measure', '--quiet', '--kernel', KERNEL, '--json', path, ...flags],
      ...['--cache-dir', labOptions().cacheDir, '--config', join(LB, 'base/tollgate.yml')],
      ...OBJECTS.map((object) => relative(ROOT, object)),
    ],
    { cwd: ROOT },
  );
  const text = readFileSync(path, 'utf8');
  return { report: reportSchema.parse(JSON.parse(text)), text: text.replace(SECONDS, '"$1": -') };
}
