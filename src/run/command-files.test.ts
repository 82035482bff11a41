import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { formatError, type TollgateError } from '../model/errors.ts';
import type { HookJob } from '../model/job.ts';
import { decodeJob } from '../model/window.ts';
import { findStimulusFiles } from './command-files.ts';
import { planHooks } from './hooks.ts';
import { readObject } from './objects.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A plan whose program is attached with a command as its stimulus, in a folder with one program. */
async function planWith(stimulus: object, hook = 'xdp') {
  const directory = mkdtempSync(join(tmpdir(), 'stimulus-'));
  copyFileSync('/bin/true', join(directory, 'tool'));
  const text = `version: 1
kernels: ["debian:6.1"]
objects: ["*"]
programs:
  count_0: { attach: { hook: ${hook}, stimulus: ${JSON.stringify(stimulus)} } }
`;
  const config = parseConfig(text, 't.yml');
  const stimulusFiles = await findStimulusFiles(config, { directory });
  const head = [readObject(join(ROOT, 'fixtures/tricky/built/count.bpf.o'), 'an object')];
  return planHooks({ head }, { config, directory: ROOT, distDir: join(ROOT, 'dist'), stimulusFiles });
}

const jobsOf = ({ jobs }: Awaited<ReturnType<typeof planWith>>) =>
  [...jobs.values()].map((job) => decodeJob(job) as HookJob);

test('a command goes into every arm with its files and their libraries, and is run a few times', async () => {
  const plan = await planWith({ command: ['tool', '-n'], files: ['tool'], env: { A: 'b' }, in: 'receiver' });
  expect(plan.hooks.map(({ input }) => input)).toEqual(['xdp native, command:tool']);
  const jobs = jobsOf(plan);
  expect(jobs).toHaveLength(3);
  for (const { command, stimuli } of jobs) {
    expect(stimuli.map(({ name, warmUp, count }) => [name, warmUp, count])).toEqual([['command', 8, 32]]);
    expect({ ...command, files: command!.files.map(({ path }) => path) }).toEqual({
      files: ['tool', 'lib/libc.so.6'],
      command: ['tool', '-n'],
      env: { A: 'b' },
      side: 'receiver',
    });
    expect(command!.files[0]!.isExecutable).toBe(true);
  }
});

test('what a hook needs besides the bed is there under a command, too', async () => {
  const [job] = jobsOf(await planWith({ command: ['tool'], files: ['tool'] }, 'devmap'));
  expect(job!.redirect?.by).toBe('devmap');
});

test.each([
  ['missing', "Cannot run stimulus 'tool': no file matches 'missing' (t.yml:5:81)"],
  ['../*/tool', "Cannot run stimulus 'tool': '../*/tool' lies outside the project (t.yml:5:81)"],
])('a file that is not there is an error at its place: %s', async (file, message) => {
  const error: TollgateError = await planWith({ command: ['tool'], files: ['tool', file] }).then(
    () => {
      throw new Error('it is planned');
    },
    (cause: unknown) => cause as TollgateError,
  );
  expect([error.kind, formatError(error)]).toEqual(['config', message]);
});
