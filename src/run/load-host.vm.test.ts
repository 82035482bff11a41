// Network load on this machine's own kernel: timed by event, in what is ours alone, of which nothing is left.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import type { Discards } from '../model/timed.ts';
import { loadOf, planHookLoad } from './load-arms.ts';
import { DIST, labOptions } from './testing/lab.ts';
import { timeLoads } from './timed-load.ts';

const load = (rounds: number) => {
  const planned = planHookLoad(loadOf({ bytes: 64 << 20 }), DIST, ['xdp native', 'cgroup_skb ingress']);
  const bounds = { leastRounds: 1, mostRounds: rounds, seconds: 60 };
  return { planned: [planned], bounds, ofMonitor: false };
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
      expect(figures).toEqual({ reason: 'every round was disturbed from outside' });
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
