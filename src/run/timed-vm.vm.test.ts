// A kernel in a VM, in nanoseconds, with whatever accelerator this machine has: the same jobs, records and verdicts as on
// the machine's own kernel.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { allowedCpusOf } from '../model/processors.ts';
import { DEFAULT_BOUNDS } from '../model/timed.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { loadOf, planHookLoad } from './load-arms.ts';
import { DIST, labOptions } from './testing/lab.ts';
import { timeLoads } from './timed-load.ts';
import { findTimedVm, inTimedVm } from './timed-vm.ts';

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

test('its virtual processor, and no other thread of QEMU, is kept on one CPU', async () => {
  const warnings: string[] = [];
  const options = { ...labOptions(), onWarning: (line: string) => warnings.push(line) };
  const place = inTimedVm('debian:6.12', await findTimedVm(options), 60_000, options);
  const allowed = await place(
    () => {},
    async () => threadsOf(qemuOf(process.pid)).map((status) => allowedCpusOf(status).size),
  );
  expect(warnings).toEqual([]);
  expect(allowed.length).toBeGreaterThan(1);
  const pinned = availableParallelism() > 1 ? 1 : allowed.length;
  expect(allowed.filter((cpus) => cpus === 1)).toHaveLength(pinned);
});

test('network load is timed in it, with whatever is attached', async () => {
  const planned = planHookLoad(loadOf({ bytes: 4 << 20 }), DIST, ['tc ingress', 'cgroup_skb ingress']);
  const bounds = { leastRounds: 1, mostRounds: 1, seconds: 300 };
  const request = { kernels: ['debian:6.12'], planned: [planned], bounds, ofMonitor: false };
  const [time] = await timeLoads(request, labOptions());
  expect(time!.target).toMatchObject({ id: 'debian:6.12/timed', status: 'ok' });
  expect(time!.missing).toEqual([]);
  expect(time!.arms.map(({ arm }) => arm)).toEqual([
    'nothing',
    'nothing, again',
    'tc ingress',
    'cgroup_skb ingress',
  ]);
  for (const { figures } of time!.arms)
    if ('reason' in figures) expect(figures.reason).toMatch(/disturbed/);
    else expect(figures.ns_per_byte!.value).toBeGreaterThan(0);
});

function qemuOf(parent: number): number {
  const found = readdirSync('/proc').find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return /^Name:\s*qemu-system/m.test(status) && status.includes(`\nPPid:\t${parent}\n`);
    } catch {
      return false; // it has just ended
    }
  });
  return Number(found);
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'),
  );
}
