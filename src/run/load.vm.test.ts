// Network load on real kernels: a second run agrees with the first, no instruction is nobody's, and a monitor in the guest
// sees what the machine is seen to do from outside.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runLoad } from '../explain/netcpu.ts';
import type { LoadFigures } from '../model/load-cost.ts';
import type { GuestRecord } from '../model/records.ts';
import { encodeJob } from '../model/window.ts';
import { loadFiles } from '../vm/load-files.ts';
import { openSession } from '../vm/session.ts';
import { KERNEL_CACHE, sessionOptions } from '../vm/testing/real.ts';
import { measureLoad } from './load.ts';
import { loadOf, planHookLoad } from './load-arms.ts';
import { DIST, labOptions, OUTER_KERNELS } from './testing/lab.ts';

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

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  let first: ReadonlyMap<string, LoadFigures>;

  beforeAll(async () => {
    first = await measureArms(kernel);
  });

  // One run of many has had 440 instructions of 2 MiB less, and it is not known why: until then it is no exact figure.
  test('a second run agrees to 0.1 %', async () => {
    const second = await measureArms(kernel);
    expect([...second.keys()]).toEqual([...first.keys()]);
    for (const [arm, { insns_per_byte, insns_per_packet }] of second) {
      const { insns_per_byte: bytes, insns_per_packet: packets } = first.get(arm)!;
      expect(Math.abs(insns_per_byte / bytes - 1), arm).toBeLessThan(0.001);
      expect(Math.abs(insns_per_packet / packets - 1), arm).toBeLessThan(0.001);
    }
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
