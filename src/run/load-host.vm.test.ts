// Network load on this machine's own kernel: timed by event, in what is ours alone, of which nothing is left.

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { STEAL_ACCOUNT, startMonitor } from '../guest/monitor.ts';
import { processorTicks, TICK_MS } from '../guest/neighbours.ts';
import { parseConfig } from '../model/config.ts';
import type { Report } from '../model/report.ts';
import { DEFAULT_BOUNDS, type Discards } from '../model/timed.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { loadOf, planHookLoad } from './load-arms.ts';
import { DIST, labOptions } from './testing/lab.ts';
import { timeLoads } from './timed-load.ts';
import { alone, isTaken } from './timed-lock.ts';

const load = (rounds: number) => {
  const planned = planHookLoad(loadOf({ bytes: 64 << 20 }), DIST, ['xdp native', 'cgroup_skb ingress']);
  const bounds = { leastRounds: 1, mostRounds: rounds, seconds: 60 };
  return { kernels: ['host'], planned: [planned], bounds, ofMonitor: false };
};

test('network load is timed by event, and what the whole machine goes through is left alone', async () => {
  const [time] = await timeLoads(load(2), labOptions());
  expect(time!.target.error).toBeUndefined();
  const found = new Map(time!.arms.map(({ arm, figures }) => [arm, figures]));
  expect(found.get('cgroup_skb ingress')).toEqual({
    reason: 'all of this machine goes through it: measure it in a VM',
  });
  for (const arm of ['nothing', 'nothing, again', 'xdp native']) {
    const figures = found.get(arm)!;
    if ('reason' in figures) {
      expect(figures.reason).toMatch(/^every round was disturbed from outside/);
      expect(sum(time!.discarded), 'rounds discarded').toBeGreaterThan(1);
      continue;
    }
    const { net_cpu, ns_per_byte, lost } = figures;
    expect(lost).toBe(0);
    expect(ns_per_byte!.value).toBeGreaterThan(0);
    for (const event of ['rx_softirq', 'sock_send', 'sock_recv'] as const)
      expect(net_cpu!.events[event], `${arm}, ${event}`).toBeGreaterThan(0);
  }
});

test('it waits for a timed run that is going on', async () => {
  const abort = new AbortController();
  const warnings: string[] = [];
  await expect.poll(() => isTaken(), { timeout: 60_000 }).toBe(false);
  await alone(async () => {
    const options = {
      ...labOptions(),
      signal: abort.signal,
      onWarning: (line: string) => warnings.push(line),
    };
    const waiting = timeLoads(load(1), options);
    await expect
      .poll(() => warnings)
      .toEqual(['another timed run is going on, on this machine: waiting for its end']);
    abort.abort();
    await expect(waiting).rejects.toThrow('aborted');
  }, {});
});

const CONFIG = `version: 1
kernels: [host]
objects: ["*.bpf.o"]
programs:
  loop: { attach: { hook: tc, direction: ingress } }
load:
  - iperf3: { bytes: 32M }
    attach: [loop]
budgets:
  load: { ns_per_packet: { increase: 5% }, net_cpu: { max: 100 } }
`;

/** A loop that no JIT shortens, at the receiver's ingress: some ns a turn, for each packet. */
async function project(turns: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-load-'));
  const source = `#include <linux/bpf.h>
__attribute__((section("tc"), used)) int loop(struct __sk_buff *skb)
{
	unsigned int value = skb->len;
#pragma clang loop unroll(disable)
	for (int turn = 0; turn < ${turns}; turn++) {
		value ^= value << 13;
		value ^= value >> 17;
		value ^= value << 5;
	}
	return value == 1 ? 2 : 0;
}
char gpl[] __attribute__((section("license"), used)) = "GPL";`;
  const flags = ['-O2', '-g', '-target', 'bpf', '-I/usr/include/x86_64-linux-gnu', '-xc', '-c', '-'];
  await execa('clang', [...flags, '-o', join(folder, 'loop.bpf.o')], { input: source });
  writeFileSync(join(folder, 'tollgate.yml'), CONFIG);
  return folder;
}

async function checked(headTurns: number, baseTurns: number): Promise<Report> {
  const [head, base] = [await project(headTurns), await project(baseTurns)];
  return await check(
    {
      version: '0',
      config: parseConfig(CONFIG, 'tollgate.yml'),
      configPath: join(head, 'tollgate.yml'),
      configName: 'tollgate.yml',
      base: baseFromDirectory(base),
      modes: ['timed'],
      bounds: { ...DEFAULT_BOUNDS, mostRounds: 20 },
    },
    labOptions(),
  );
}

const loadRow = ({ verdicts }: Report, metric: string) =>
  verdicts.find((row) => row.program === 'load' && row.metric === metric);

test('a check times its loads: a program against itself is not over, and figures have intervals, rounds and a floor', async () => {
  const report = await checked(2000, 2000);
  expect(report.targets.map(({ id, status }) => [id, status])).toEqual([['host/timed', 'ok']]);
  expect(report.verdicts.filter(({ verdict }) => verdict === 'over')).toEqual([]);
  const figures = report.measurements.filter(({ metric }) => metric === 'ns_per_packet');
  expect(figures.map(({ program, side }) => `${program} ${side}`)).toEqual([
    'load base',
    'load head',
    'load (empty) base',
    'load (empty) head',
    'load (nothing) base',
    'load (nothing) head',
  ]);
  for (const { value, interval, rounds, absent } of figures) {
    if (absent) {
      expect(absent.reason).toMatch(/disturbed/);
      continue;
    }
    expect(interval![0]).toBeLessThanOrEqual(value!);
    expect(interval![1]).toBeGreaterThanOrEqual(value!);
    expect(rounds!.floor).toBeGreaterThan(0);
  }
});

test('a program that got dearer by many microseconds a packet is over, by about as much', async () => {
  const report = await checked(40_000, 2000);
  const row = loadRow(report, 'ns_per_packet')!;
  // A machine that says it is too noisy is taken at its word.
  if (row.verdict === 'inconclusive' || row.verdict === 'unmeasured')
    expect(row.why).toMatch(/too noisy|too few|cannot be held here|would decide|disturbed/);
  else {
    expect(row.verdict).toBe('over');
    // 38,000 turns of six instructions at least, for every other packet or more: acknowledgements go the other way.
    expect(row.change).toBeGreaterThan(10_000);
    expect(row.intervals!.change![0]).toBeGreaterThan(0);
  }
});

test("what the monitor counts as stolen is what the kernel's own account has", async () => {
  const elf = readFileSync(join(DIST, 'bpf/netcpu.bpf.o'));
  const monitor = startMonitor(elf, { name: 'netcpu.bpf.o', elf: { at: 0, size: elf.length } });
  const hogs = cpus().map(() => execa(process.execPath, ['-e', 'for (;;);'], { reject: false }));
  try {
    expect(monitor.missing).not.toContain(STEAL_ACCOUNT);
    const look = () => ({ stolenMs: processorTicks().steal! * TICK_MS, times: monitor.read().times });
    const before = look();
    await sleep(8000);
    const after = look();
    const [toldMs, countedMs] = [
      after.stolenMs - before.stolenMs,
      (after.times.steal - before.times.steal) / 1e6,
    ];
    // Each processor's is shown in ticks, and known to the monitor a tick later.
    expect(Math.abs(countedMs - toldMs)).toBeLessThanOrEqual(cpus().length * 4 * TICK_MS + 0.05 * toldMs);
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
    await Promise.all(hogs);
    monitor.close();
  }
});

test('a run that is killed leaves no process and no program', async () => {
  const before = await ours();
  const child = execa(process.execPath, [join(DIST, 'cli.js'), 'load', '--mode', 'timed', '--quiet'], {
    reject: false,
  });
  await expect.poll(async () => (await ours()).length, { timeout: 60_000 }).toBeGreaterThan(before.length);
  child.kill('SIGKILL');
  await child;
  await expect.poll(ours, { timeout: 10_000 }).toEqual(before);
});

function sum({ interrupted, steal, frequency }: Discards): number {
  return interrupted + steal + frequency;
}

/** iperf3's processes, and the monitor's programs. */
async function ours(): Promise<string[]> {
  const processes = readdirSync('/proc').flatMap((pid) => {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      return name === 'iperf3' ? [`${name} ${pid}`] : [];
    } catch {
      return [];
    }
  });
  const { stdout } = await execa('bpftool', ['prog', 'show', '--json']);
  const programs: readonly { name?: string; id: number }[] = JSON.parse(stdout);
  return [
    ...processes,
    ...programs.flatMap(({ name, id }) => (name?.startsWith('handle_softirq') ? [`${name} ${id}`] : [])),
  ];
}
