// Network load on real kernels: a second run agrees with the first, no instruction is nobody's, and a monitor in the guest
// sees what the machine is seen to do from outside.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compare } from '../budget/compare.ts';
import { runLoad } from '../explain/netcpu.ts';
import { parseConfig } from '../model/config.ts';
import type { LoadFigures } from '../model/load-cost.ts';
import type { GuestRecord } from '../model/records.ts';
import { encodeJob } from '../model/window.ts';
import { loadFiles } from '../vm/load-files.ts';
import { openSession } from '../vm/session.ts';
import { KERNEL_CACHE, sessionOptions } from '../vm/testing/real.ts';
import { execute } from './execute.ts';
import { measureLoad } from './load.ts';
import { loadOf, planHookLoad, planLoads } from './load-arms.ts';
import { readObject } from './objects.ts';
import { DIST, LB, labOptions, OUTER_KERNELS } from './testing/lab.ts';

const LOAD = loadOf({ bytes: 4 << 20 });
/** One hook in the kernel's own code, and one before it. */
const ARMS = ['nothing', 'xdp native', 'tc ingress'];

async function measureArms(kernel: string) {
  const planned = planHookLoad(LOAD, DIST);
  const arms = planned.arms.filter(({ name }) => ARMS.includes(name));
  const [cost] = await measureLoad([kernel], [{ ...planned, arms }], labOptions());
  expect(cost?.target.error).toBeUndefined();
  return new Map(cost!.arms.map(({ arm, figures }) => [arm, figures as LoadFigures]));
}

/** A run with the monitor attached, which counts itself what the plugin counts from outside. */
async function runMonitored(kernel: string) {
  const options = await sessionOptions(kernel, KERNEL_CACHE);
  const files = await loadFiles({ distDir: DIST });
  const job = encodeJob((place) => ({
    format: 1,
    task: 'load',
    attached: [],
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, place(bytes)])),
    monitor: place(readFileSync(join(DIST, 'bpf/netcpu.bpf.o'))),
    runs: [{ ...LOAD.run, bytes: 32 << 20 }],
  }));
  const { qemu } = options.machine;
  return await runLoad(await openSession(options), job, { qemu, distDir: DIST, cacheDir: KERNEL_CACHE });
}

/** A head of the sample project under load, against base. */
async function gate(kernel: string, head: string) {
  const objectsOf = (side: string) => [readObject(join(LB, `built/${side}/build/lb.bpf.o`), 'lb.bpf.o')];
  const text = JSON.stringify({
    version: 1,
    kernels: [kernel],
    objects: ['*'],
    programs: {
      xdp_lb: {
        attach: { hook: 'xdp' },
        tail_calls: { jump_table: { 0: 'lb_v4', 1: 'lb_v6', 2: 'lb_encap' } },
      },
    },
    load: [{ iperf3: { bytes: '4M' }, attach: ['xdp_lb'] }],
    budgets: {
      load: { net_cpu: { increase: 0 }, insns_per_packet: { increase: 0 }, insns_per_byte: { increase: 0 } },
    },
  });
  const config = parseConfig(text, 't.yml');
  const plan = planLoads({
    ...{ config, directory: LB, distDir: DIST },
    head: objectsOf(head),
    base: objectsOf('base'),
  });
  const results = await execute([kernel], [], labOptions(), undefined, plan);
  return compare({ ...results, rules: config.budgets, base: { exists: true } }).verdicts;
}

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  let first: ReadonlyMap<string, LoadFigures>;

  beforeAll(async () => {
    first = await measureArms(kernel);
  });

  test('a second run gives the same to the digit', async () => {
    expect(await measureArms(kernel)).toEqual(first);
  });

  test('every instruction is of an event, a part or user space, to 0.1 %', () => {
    expect([...first.values()].filter(({ unaccounted }) => Math.abs(unaccounted) > 0.1)).toEqual([]);
  });

  test('a program that is attached is a part of its own, and costs', () => {
    const [nothing, ...attached] = ARMS.map((arm) => first.get(arm)!);
    for (const { parts, insns_per_byte } of attached) {
      expect(parts.map(({ part }) => part)).toContain('bpf nop');
      expect(insns_per_byte).toBeGreaterThan(nothing!.insns_per_byte);
    }
    expect(nothing!.parts.map(({ part }) => part)).not.toContain('bpf nop');
  });

  test('the sample project against itself reads 0, and ten instructions more read as ten a packet', async () => {
    const itself = await gate(kernel, 'unchanged');
    expect(itself.filter(({ change }) => change !== 0)).toEqual([]);
    expect(itself.map(({ metric }) => metric)).toContain('insns_per_packet');
    const dearer = await gate(kernel, 'plus-10-insns');
    const perPacket = dearer.find(({ metric }) => metric === 'insns_per_packet')!;
    // Acknowledgements do not pass the program; and as its softirq takes longer, turns are taken a little later.
    expect(perPacket.change).toBeGreaterThan(5);
    expect(perPacket.change).toBeLessThan(15);
  });

  test.each([
    ['bridge', 'bridge'],
    ['routed', 'forwarding'],
  ] as const)('a way over a third namespace (%s) has %s as a part', async (over, part) => {
    const planned = planHookLoad(loadOf({ bytes: 4 << 20, over }), DIST);
    const [cost] = await measureLoad(
      [kernel],
      [{ ...planned, arms: planned.arms.slice(0, 1) }],
      labOptions(),
    );
    const figures = cost!.arms[0]!.figures as LoadFigures;
    expect(figures.parts.map((each) => each.part)).toContain(part);
    expect(figures.devices.map(({ name }) => name)).toEqual([
      'client',
      'between, receiver',
      'between, sender',
      'server',
    ]);
  });

  test('the monitor gives all time away once, and sees what is counted from outside', async () => {
    const { ran, netCpu } = await runMonitored(kernel);
    const monitor = ran.records.find((record): record is Monitored => record.type === 'monitor')!;
    const times = Object.values(monitor.ns).reduce((sum, ns) => sum + ns, 0);
    expect(Math.abs(times / monitor.elapsedNs - 1)).toBeLessThan(0.001);
    if ('reason' in netCpu) throw new Error(netCpu.reason);
    for (const event of ['rx_softirq', 'sock_send', 'sock_recv']) {
      const insns = netCpu[0]!.counts.reduce((sum, each) => sum + (each.event === event ? each.insns : 0), 0);
      expect(Math.abs(monitor.ns[event]! / insns - 1), event).toBeLessThan(0.06);
    }
  });
});

type Monitored = Extract<GuestRecord, { type: 'monitor' }>;
