// A program that none of us wrote makes a hook run, in the guest: the same digits in every run, one instruction more is one
// more for each of its events, and what fails says why.

import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { Measurement } from '../model/report.ts';
import { findStimulusFiles } from './command-files.ts';
import { execute } from './execute.ts';
import { planHooks } from './hooks.ts';
import { readObject } from './objects.ts';
import { DIST, differences, labOptions, OUTER_KERNELS, ROOT, TRICKY } from './testing/lab.ts';

let directory: string;

/** This machine's dd, a program of coreutils', linked with the C library. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'stimulus-'));
  copyFileSync('/bin/dd', join(directory, 'dd'));
});

const WRITES = 1000;
const WRITING = {
  command: ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', `count=${WRITES}`, 'status=none'],
  files: ['dd'],
  per: WRITES,
};

/** Programs on vfs_write, of which `count_write_1` has one instruction more than `count_write_0`. */
async function measure(kernel: string, programs: readonly string[], stimulus: object) {
  const attach = { hook: 'kprobe', stimulus };
  const text = JSON.stringify({
    ...{ version: 1, kernels: [kernel], objects: ['*'] },
    programs: Object.fromEntries(programs.map((program) => [program, { attach }])),
  });
  const config = parseConfig(text, 'tollgate.yml');
  const stimulusFiles = await findStimulusFiles(config, { directory });
  const head = [readObject(join(TRICKY, 'count_write.bpf.o'), 'an object')];
  const plan = planHooks({ head }, { config, directory: ROOT, distDir: DIST, stimulusFiles });
  const { targets, measurements } = await execute([kernel], [], labOptions(), plan);
  expect(targets.map(({ error }) => error)).toEqual([undefined]);
  return measurements;
}

const of = (figures: readonly Measurement[], program: string) =>
  figures.filter((each) => each.program === program);

describe.each(OUTER_KERNELS)('dd on %s', (kernel) => {
  test('its writes have a cost, the same one again, and one more for one instruction', async () => {
    const figures = await measure(kernel, ['count_write_0', 'count_write_1'], WRITING);
    const again = await measure(kernel, ['count_write_0'], WRITING);
    expect(differences(of(figures, 'count_write_0'), again)).toEqual([]);
    const [zero, one] = ['count_write_0', 'count_write_1'].map((program) =>
      of(figures, program).map(({ value }) => value!),
    );
    expect(zero!.every((value) => value > 0)).toBe(true);
    expect(one!.map((value, i) => Number((value - zero![i]!).toFixed(3)))).toEqual([0, 1, 1]);
    expect(figures.map(({ metric, events }) => [metric, events!.count, events!.lost])).toEqual(
      [
        'hook_insns',
        'hook_total_insns',
        'hook_program_insns',
        'hook_insns',
        'hook_total_insns',
        'hook_program_insns',
      ].map((metric) => [metric, 32 * WRITES, 0]),
    );
  });
});

test.each([
  [
    ['dd', 'if=/missing'],
    "the command ends with exit code 1: /tmp/stimulus/dd: failed to open '/missing': No such file or directory",
  ],
  [['./missing'], 'the command ends with exit code 127: error 2 on starting it'],
])('a command that fails is no figure, and says why: %o', async (command, reason) => {
  const figures = await measure(OUTER_KERNELS[0]!, ['count_write_0'], { ...WRITING, command });
  expect(new Set(figures.map(({ value, absent }) => value ?? absent?.reason))).toEqual(new Set([reason]));
});
