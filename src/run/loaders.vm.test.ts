// Loaders that none of us wrote, in the guest: what they attach is found and has its figures, and what fails says so.

import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { Measurement } from '../model/report.ts';
import { execute } from './execute.ts';
import { planLoaders } from './loaders.ts';
import { debianObjects, differences, labOptions, OUTER_KERNELS, ROOT, TRICKY } from './testing/lab.ts';

let folder: string;

/** xdp-tools' own loader of Debian trixie, with its libraries, and an agent in Go, beside objects. */
beforeAll(async () => {
  const program = join(labOptions().cacheDir, 'debian-programs/xdp-loader');
  await execa(process.execPath, [join(ROOT, 'scripts/debian-program.mjs'), program, 'xdp-loader']);
  folder = mkdtempSync(join(tmpdir(), 'loaders-'));
  await buildAgent(join(folder, 'agent'));
  symlinkSync(join(program, 'xdp-loader'), join(folder, 'xdp-loader'));
  symlinkSync(join(program, 'lib'), join(folder, 'lib'));
  symlinkSync(TRICKY, join(folder, 'build'));
  await debianObjects();
  symlinkSync(join(labOptions().cacheDir, 'debian-objects/bookworm/xdp-tests'), join(folder, 'tests'));
});

/** Of Debian's Go and its cilium/ebpf: static, as such programs are shipped. */
async function buildAgent(path: string): Promise<void> {
  const cache = mkdtempSync(join(tmpdir(), 'go-cache-'));
  const env = { CGO_ENABLED: '0', GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: cache };
  await execa('go', ['build', '-trimpath', '-o', path, '.'], { cwd: join(ROOT, 'fixtures/agent'), env });
  rmSync(cache, { recursive: true });
}

/** The agent with that program of the object. */
const agent = (program: string) => ({
  command: ['./agent', '-object', 'build/count.bpf.o', '-program', program],
  files: ['agent', 'build/count.bpf.o'],
  ready: `attached ${program}`,
  programs: [program],
});

/** As `xdp-loader load -m native -n PROGRAM receiver OBJECT`. */
const loading = (program: string, object: string) => ({
  name: 'xdp-loader',
  command: [
    ...['./lib/ld-linux-x86-64.so.2', '--library-path', 'lib', './xdp-loader', 'load'],
    ...['-m', 'native', '-n', program, 'receiver', object],
  ],
  files: ['xdp-loader', 'lib/*', object],
  env: { LIBXDP_OBJECT_PATH: 'lib' },
  programs: [program],
});

const runningNode = (name: string, script: string, rest: object) => ({
  name,
  command: ['/bin/node', '-e', script],
  ...rest,
});

async function measure(kernel: string, loader: object): Promise<readonly Measurement[]> {
  const text = JSON.stringify({ version: 1, kernels: [kernel], loader: [loader] });
  const config = parseConfig(text, 'tollgate.yml');
  const plan = await planLoaders({ side: 'head', config, directory: folder, inputsDirectory: folder });
  const { targets, measurements } = await execute([kernel], [], labOptions(), plan);
  expect(targets.map(({ error }) => error)).toEqual([undefined]);
  return measurements;
}

/** A figure's value, or why it has none. */
function saidOf(figures: readonly Measurement[], program: string, metric: string) {
  const found = figures.find((figure) => figure.program === program && figure.metric === metric);
  return found?.value ?? found?.absent?.reason;
}

/** Of the loader itself, and of its programs. */
const loadOf = (figures: readonly Measurement[]) =>
  figures
    .filter(({ metric }) => metric === 'load_ok')
    .map(({ value, note, log }) => ({ value, ...(note ? { note, log } : {}) }));

/** A loader with each of two programs, of which one has an instruction more: the same twice, and one more. */
async function countOneMore(kernel: string, loaderOf: (program: string) => object, name: string) {
  const [first, again, more] = [
    await measure(kernel, loaderOf('count_0')),
    await measure(kernel, loaderOf('count_0')),
    await measure(kernel, loaderOf('count_1')),
  ];
  expect(differences(first, again)).toEqual([]);
  const [zero, one] = [first, more].map((all) => saidOf(all, name, 'hook_total_insns') as number);
  expect(one! - zero!).toBe(1);
  return { first, more };
}

describe.each(OUTER_KERNELS)('xdp-loader of xdp-tools on %s', (kernel) => {
  test('what it attaches is found and has figures, the same ones again, and one more for one instruction', async () => {
    const { first } = await countOneMore(
      kernel,
      (program) => loading(program, 'build/count.bpf.o'),
      'xdp-loader',
    );
    // libxdp puts a dispatcher before it, of which it becomes an extension.
    const facts = ['load_ok', 'map_count', 'run_insns'].map((metric) => saidOf(first, 'count_0', metric));
    expect(facts).toEqual([1, 0, 'ext programs have no test run: they run only where they are attached']);
  });
});

describe.each(OUTER_KERNELS)('an agent in Go, on cilium/ebpf, on %s', (kernel) => {
  test('what it attaches is found and has figures, the same ones again, and one more for one instruction', async () => {
    const { first, more } = await countOneMore(kernel, agent, 'agent');
    expect(saidOf(first, 'count_0', 'load_ok')).toBe(1);
    const sizes = [saidOf(first, 'count_0', 'prog_size'), saidOf(more, 'count_1', 'prog_size')] as number[];
    expect(sizes[1]! - sizes[0]!).toBe(1);
    expect(loadOf(first)).toEqual([{ value: 1 }, { value: 1 }]);
  });
});

test('what an agent in Go says of its failure is told', async () => {
  const figures = await measure('debian:6.12', {
    ...agent('count_0'),
    command: ['./agent', '-device', 'eth0'],
  });
  const why = 'the loader ends with exit code 1';
  const failed = { value: 0, note: why, log: 'device eth0: route ip+net: no such network interface\n' };
  expect(loadOf(figures)).toEqual([failed, failed]);
});

test('programs of a loader that drop packets do so in the guest', async () => {
  const figures = await measure('debian:6.12', loading('xdp_drop', 'tests/xdp_drop.o'));
  const [dropped, passed] = ['drop_pps', 'pass_pps'].map((metric) => saidOf(figures, 'xdp-loader', metric));
  expect([typeof dropped, passed]).toEqual(['number', '0 of 1024 packets get through']);
});

test('a loader that stays and attaches nothing costs a few instructions at most, and what it does not load is said', async () => {
  const script = "console.log('all is attached'); setInterval(() => {}, 1e6)";
  const idle = runningNode('idle', script, { ready: 'is attached', programs: ['missing'] });
  const figures = await measure('debian:6.12', idle);
  // It is a process more: packets' memory comes to lie elsewhere.
  expect(Math.abs(Number(saidOf(figures, 'idle', 'hook_total_insns')))).toBeLessThan(10);
  const missing = { value: 0, note: 'the loader loads no program', log: 'all is attached\n' };
  expect(loadOf(figures)).toEqual([{ value: 1 }, missing]);
});

test('a loader that fails is no figure: its exit code and what it has said', async () => {
  const script = "console.error('no such device'); process.exit(3)";
  const figures = await measure('debian:6.12', runningNode('failing', script, { programs: ['xdp_lb'] }));
  expect(saidOf(figures, 'failing', 'hook_total_insns')).toBe('the loader ends with exit code 3');
  const failed = { value: 0, note: 'the loader ends with exit code 3', log: 'no such device\n' };
  expect(loadOf(figures)).toEqual([failed, failed]);
});
