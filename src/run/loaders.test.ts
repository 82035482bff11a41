import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { LoaderJob } from '../model/job.ts';
import type { GuestRecord } from '../model/records.ts';
import { decodeJob } from '../model/window.ts';
import { collectLoader, loaderPrograms, planLoaders } from './loaders.ts';

/** A project with a script that can be run, a library of its own, and a program of this machine's. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loader-'));
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'agent'), 'an agent');
  chmodSync(join(folder, 'agent'), 0o755);
  writeFileSync(join(folder, 'lib/libc.so.6'), 'its own');
  copyFileSync('/bin/true', join(folder, 'dynamic'));
  return folder;
}

function plan(files: readonly string[], rest: object = {}, side: 'head' | 'base' = 'head') {
  const directory = project();
  const loader = [{ command: ['./agent'], files, programs: ['xdp_lb'], ...rest }];
  const config = parseConfig(JSON.stringify({ version: 1, kernels: ['debian:6.1'], loader }), 't.yml');
  return planLoaders({ side, config, directory, inputsDirectory: directory });
}

const jobsOf = ({ jobs }: Awaited<ReturnType<typeof plan>>) =>
  [...jobs.values()].map((job) => decodeJob(job) as LoaderJob);

test('a loader is two jobs that differ by whether it is started, and a row of its name', async () => {
  const planned = await plan(['agent'], { stimulus: 'udp:1400', ready: 'ready' });
  const [without, started] = jobsOf(planned);
  expect({ ...without, isStarted: true }).toEqual(started);
  expect([without!.isStarted, started!.side, started!.ready]).toEqual([false, 'receiver', 'ready']);
  expect(started!.files.map(({ path, isExecutable }) => [path, isExecutable])).toEqual([['agent', true]]);
  expect(started!.stimuli.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ['udp', 1400],
    ['udp_rtt', 1400],
  ]);
  expect(planned.hooks.map(({ object, program, input }) => [object, program, input])).toEqual([
    ['agent', 'agent', 'loader, udp:1400'],
  ]);
});

test('the libraries that a program needs go with it, but for those that the project brings', async () => {
  const files = async (patterns: readonly string[]) =>
    jobsOf(await plan(patterns))[0]!.files.map(({ path, bytes }) => [path, bytes.size] as const);
  const [[, ofMachine], [, ofProject]] = [
    (await files(['dynamic'])).filter(([path]) => path === 'lib/libc.so.6')[0]!,
    (await files(['dynamic', 'lib/*'])).filter(([path]) => path === 'lib/libc.so.6')[0]!,
  ];
  expect([ofMachine > 1_000_000, ofProject]).toEqual([true, 'its own'.length]);
});

test.each([
  [['missing'], "Cannot start loader 'agent': no file matches 'missing'"],
  [['../*/agent'], "Cannot start loader 'agent': '../*/agent' lies outside the project"],
])('head has to have the files: %o', async (files, message) => {
  await expect(plan(files)).rejects.toThrow(message);
});

test('a base without the files has no such loader yet', async () => {
  const { hooks, loaders, jobs } = await plan(['missing'], {}, 'base');
  expect([hooks, loaders, jobs.size]).toEqual([[], [], 0]);
});

test('budgets and entries may name the loader and each of its programs', () => {
  const loader = [{ name: 'agent', command: [execPath], programs: ['a', { name: 'b', id: 3 }] }];
  const config = parseConfig(JSON.stringify({ version: 1, kernels: ['debian:6.1'], loader }), 't.yml');
  expect(loaderPrograms(config).map(({ object, program }) => `${object}/${program}`)).toEqual([
    'agent/agent',
    'agent/a',
    'agent/b',
  ]);
});

test("a loader's figures are those of its programs, and what nobody asked for is a fault of the guest", () => {
  const loader = { side: 'head', name: 'agent', programs: ['xdp_lb'], arm: 'x' } as const;
  const told = (program: string): GuestRecord => ({
    type: 'measurement',
    program,
    metric: 'load_ok',
    value: '0',
    note: 'the loader ends with exit code 3',
    log: 'no such device\n',
  });
  expect(collectLoader('t', loader, [{ type: 'end' }, told('xdp_lb')])).toEqual([
    {
      ...{ target: 't', side: 'head', object: 'agent', program: 'xdp_lb', metric: 'load_ok', unit: 'bool' },
      ...{ value: 0, note: 'the loader ends with exit code 3', log: 'no such device\n' },
    },
  ]);
  expect(() => collectLoader('t', loader, [told('other')])).toThrow(
    "t: the guest reports 'load_ok' of 'other', which nobody asked for",
  );
});
