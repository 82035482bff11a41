// A kernel in a VM, in nanoseconds, with whatever accelerator this machine has: the same jobs, records and verdicts as on
// the machine's own kernel.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { DEFAULT_BOUNDS } from '../model/timed.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { labOptions } from './testing/lab.ts';

const CONFIG = `version: 1
kernels: ["debian:6.12"]
objects: ["*.bpf.o"]
budgets:
  "*": { run_ns: { increase: 100% } }
`;

/** A loop that no JIT shortens. */
const loop = (name: string, turns: number) => `
__attribute__((section("tc"), used)) int ${name}(struct __sk_buff *skb)
{
	unsigned int value = skb->len;
#pragma clang loop unroll(disable)
	for (int turn = 0; turn < ${turns}; turn++) {
		value ^= value << 13;
		value ^= value >> 17;
		value ^= value << 5;
	}
	return value & 1;
}`;

async function project(name: string, turns: Readonly<Record<string, number>>): Promise<string> {
  const folder = join(mkdtempSync(join(tmpdir(), 'tollgate-timed-vm-')), name);
  mkdirSync(folder);
  const source = [
    '#include <linux/bpf.h>',
    ...Object.entries(turns).map(([program, count]) => loop(program, count)),
    'char gpl[] __attribute__((section("license"), used)) = "GPL";',
  ].join('\n');
  await execa(
    'clang',
    ['-O2', '-g', '-target', 'bpf', '-I/usr/include/x86_64-linux-gnu', '-xc', '-c', '-'].concat([
      '-o',
      join(folder, 'loops.bpf.o'),
    ]),
    { input: source },
  );
  writeFileSync(join(folder, 'tollgate.yml'), CONFIG);
  return folder;
}

test('head and base are timed in one boot: the same is never over, what is ten times dearer never passes, and the figures say of what they are', async () => {
  const base = await project('base', { same: 200, dearer: 200 });
  const head = await project('head', { same: 200, dearer: 2000 });
  const configPath = join(head, 'tollgate.yml');
  const report = await check(
    {
      version: '0',
      config: parseConfig(CONFIG, 'tollgate.yml'),
      configPath,
      configName: 'tollgate.yml',
      base: baseFromDirectory(base),
      modes: ['timed'],
      bounds: { ...DEFAULT_BOUNDS, seconds: 6 },
    },
    labOptions(),
  );
  const [target] = report.targets;
  expect(target).toMatchObject({ id: 'debian:6.12/timed', mode: 'timed', status: 'ok' });
  expect(['kvm', 'tcg']).toContain(target!.accelerator);
  expect(target!.note === undefined).toBe(target!.accelerator === 'kvm');
  expect(target!.cpu).toMatch(/ in the VM\)$/);
  const ofTime = report.verdicts.filter(({ metric }) => metric === 'run_ns');
  const [dearer, same] = ['dearer', 'same'].map((name) => ofTime.find(({ program }) => program === name)!);
  // An emulator beside other work may be too noisy to decide, and says so.
  expect(['over', 'inconclusive']).toContain(dearer!.verdict);
  if (dearer!.verdict === 'inconclusive')
    expect(dearer!.why).toMatch(/cannot be held here|would decide|rounds/);
  expect(same!.verdict).not.toBe('over');
  const figures = report.measurements.filter(({ metric }) => metric === 'run_ns');
  expect(figures.map(({ side, program }) => `${side} ${program}`).sort()).toEqual([
    'base dearer',
    'base same',
    'head dearer',
    'head same',
  ]);
  for (const { value, interval, rounds } of figures) {
    expect(interval![0]).toBeLessThanOrEqual(value!);
    expect(rounds!.count).toBeGreaterThan(0);
    expect(rounds!.floor).toBeGreaterThan(0);
  }
  expect(report.measurements.find(({ metric }) => metric === 'total_insns')?.value).toBeGreaterThan(0);
});
