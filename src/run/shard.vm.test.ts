// Shards of a check of one of the sample project's objects as separate processes, merged: what one process would have
// said.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Report, reportSchema } from '../model/report.ts';
import { DIST, KERNELS, LB, labOptions } from './testing/lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-shards-'));
const file = (name: string) => join(folder, `${name}.json`);

const CONFIG = `version: 1
kernels: [${KERNELS.join(', ')}]
objects: ["build/account.bpf.o"]
programs: { "account_*": { inputs: [pcaps/mixed.pcap, { udp: 64 }] } }
budgets: { "*": { total_insns: { max: 20000, increase: 0 }, run_insns: { increase: 0 } } }
`;

beforeAll(async () => {
  // The fixtures share files by symbolic links, which must not be written through.
  const copy = { recursive: true, dereference: true };
  cpSync(join(LB, 'built/base'), join(folder, 'base'), copy);
  cpSync(join(LB, 'built/no-load-5.10'), join(folder, 'head'), copy);
  writeFileSync(join(folder, 'head/tollgate.yml'), CONFIG);
  await Promise.all(['1/2', '2/2'].map((shard) => check(shard.replace('/', '-of-'), '--shard', shard)));
  await check('whole');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('two shards merge into the report of the whole check, but for times', async () => {
  const { exitCode, stderr } = await tollgate(
    'report',
    file('2-of-2'),
    file('1-of-2'),
    '--json',
    file('merged'),
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  expect(withoutTimes(read('merged'))).toEqual(withoutTimes(read('whole')));
  expect(read('whole').config?.kernels).toEqual(KERNELS);
  expect(read('1-of-2').shard).toEqual({ index: 1, count: 2 });
  expect([read('1-of-2'), read('2-of-2')].map(({ targets }) => targets.length)).toEqual([2, 2]);
});

test('the markdown of the merged report is that of the whole one', async () => {
  const markdown = async (...names: string[]) =>
    (await tollgate('report', ...names.map(file), '--markdown', '-')).stdout;
  expect(await markdown('1-of-2', '2-of-2')).toBe(await markdown('whole'));
});

test('a missing shard is named in the first line', async () => {
  const { exitCode, stdout } = await tollgate('report', file('2-of-2'));
  expect({ exitCode, stdout }).toEqual({
    exitCode: 1,
    stdout: expect.stringMatching(/^Over budget: .*; shard 1 of 2 is missing: no report of it was given /),
  });
});

test.each([
  ['{}', /^error: Cannot read report '.*bad\.json': schema: /],
  ['no JSON', /^error: Cannot read report '.*bad\.json': it is no JSON\n/],
])('a report that is %j is refused, with its name', async (text, says) => {
  writeFileSync(file('bad'), text);
  const { exitCode, stderr } = await tollgate('report', file('1-of-2'), file('bad'));
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(says) });
});

test.each([
  [['--shard', '3/2'], "error: Cannot use shard '3/2': expected INDEX/COUNT, the first being 1\n"],
  [['--shard', '1/9'], 'error: Cannot make 9 shards of 4 kernels: a shard has at least one\n'],
  [['--shard', '1/2', '--kernel', 'debian:6.1'], "error: option '--shard <i/n>' cannot be used with"],
])('check %j is refused before anything is measured', async (flags, says) => {
  const { exitCode, stderr } = await tollgate('check', ...flags);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(says) });
});

async function tollgate(...args: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [join(DIST, 'cli.js'), ...args], {
    cwd: join(folder, 'head'),
    reject: false,
    env: { CI: '1' },
  });
  return { exitCode, stdout, stderr };
}

async function check(name: string, ...flags: string[]): Promise<void> {
  const common = ['--base', '../base', '--json', file(name), '--quiet', '--cache-dir', labOptions().cacheDir];
  const { exitCode, stderr } = await tollgate('check', ...common, ...flags);
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`check ${name}: exit code ${exitCode}\n${stderr}`);
}

function read(name: string): Report {
  return reportSchema.parse(JSON.parse(readFileSync(file(name), 'utf8')));
}

function withoutTimes({ shard: _, ...report }: Report) {
  return { ...report, targets: report.targets.map(({ seconds: _, ...target }) => target) };
}
