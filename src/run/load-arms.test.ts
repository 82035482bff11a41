import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { LoadJob } from '../model/job.ts';
import { decodeJob } from '../model/window.ts';
import { encodeLoad, loadOf, planHookLoad, planLoads } from './load-arms.ts';
import { readObject } from './objects.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TRICKY = join(ROOT, 'fixtures/tricky/built');
const FILES = new Map([['load', new Uint8Array(8)]]);

function plan(load: string, sides: readonly string[] = ['head', 'base']) {
  const text = `version: 1
kernels: ["debian:6.1"]
objects: ["*"]
programs: { count_0: { attach: { hook: xdp } } }
load: [${load}]
`;
  const objects = [readObject(join(TRICKY, 'count.bpf.o'), 'count.bpf.o')];
  const { loads } = planLoads({
    head: objects,
    ...(sides.includes('base') ? { base: objects } : {}),
    config: parseConfig(text, 't.yml'),
    directory: ROOT,
    distDir: join(ROOT, 'dist'),
  });
  return loads[0]!;
}

test('every arm loads the objects of both sides and the empty one, in one order and at the same places', () => {
  const planned = plan('{ iperf3: {}, attach: [count_0] }');
  const jobs = planned.arms.map((arm) => encodeLoad(planned, arm, 1000, FILES));
  expect(new Set(jobs.map(({ length }) => length)).size).toBe(1);
  const decoded = jobs.map((job) => decodeJob(job) as LoadJob);
  expect(decoded.map(({ arm }) => arm)).toEqual([0, 1, 3, 2]);
  expect(decoded[0]!.attached.map(({ object, arm }) => [object, arm])).toEqual([
    ['count.bpf.o', 2],
    ['count.bpf.o', 3],
    ['nop_xdp.bpf.o', 1],
  ]);
  for (const job of decoded) expect({ ...job, arm: 0 }).toEqual(decoded[0]);
});

test.each([
  ['nothing attached', '{ iperf3: {} }', ['head', 'base'], ['nothing']],
  ['no base', '{ iperf3: {}, attach: [count_0] }', ['head'], ['nothing', 'empty', 'head']],
  ['both sides', '{ iperf3: {}, attach: [count_0] }', ['head', 'base'], ['nothing', 'empty', 'head', 'base']],
])('a load with %s has its arms', (_, load, sides, arms) => {
  expect(plan(load, sides).arms.map(({ name }) => name)).toEqual(arms);
});

test('a load is called by all that is not as it is by default', () => {
  const iperf3 =
    '{ protocol: udp, bytes: 2M, length: 64, over: routed, reverse: true, mtu: 9000, gro: false }';
  expect(plan(`{ iperf3: ${iperf3}, attach: [count_0] }`).input).toBe(
    'udp, 1 stream, 2 MiB, reverse, 64 bytes each, 5.1 Mbit/s, routed, MTU 9000, gro off, with count_0',
  );
});

test.each([
  ['{}', 80 << 20],
  ['{ length: 1400 }', 80 << 20],
  ['{ protocol: udp, length: 64 }', 64 * 3000],
  ['{ protocol: udp, length: 64, pps: 0 }', 64 * 60_000],
  ['{ length: 64, bytes: 16M }', 16 << 20],
  ['{ packets: 1000 }', 1_448_000],
  ['{ packets: 1000, mtu: 9000, length: 64 }', 8_948_000],
  ['{ packets: 1000, protocol: udp, length: 200 }', 200_000],
  ['{ packets: 1000, protocol: udp, pps: 0 }', 1_448_000],
])('of %s the longer run sends %s bytes', (iperf3, bytes) => {
  expect(plan(`{ iperf3: ${iperf3} }`).load.run.bytes).toBe(bytes);
});

test.each([
  ['{ protocol: udp, length: 1400 }', 112_000_000, 100],
  ['{ protocol: udp, length: 1400, streams: 4, pps: 2000 }', 5_600_000, 2000],
  ['{ protocol: udp }', 115_840_000, 100],
  ['{ protocol: udp, mtu: 9000 }', 715_840_000, 100],
  ['{ protocol: udp, pps: 0 }', undefined, undefined],
  ['{ protocol: tcp }', undefined, undefined],
])('of %s each stream sends at %s bits a second, a packet each %s us', (iperf3, rate, period) => {
  const { bitsPerSecond, pacingUs } = plan(`{ iperf3: ${iperf3} }`).load.run;
  expect([bitsPerSecond, pacingUs]).toEqual([rate, period]);
});

test.each([
  ['count_9', "Cannot attach 'count_9' under load: no object has such a program"],
  ['count_1', "Cannot attach 'count_1' under load: nothing says where"],
])('attaching %s is an error of the budget file', (program, message) => {
  expect(() => plan(`{ iperf3: {}, attach: [${program}] }`)).toThrow(message);
});

test('a hook that is none is a fault of the command line', () => {
  expect(() => planHookLoad(loadOf({}), join(ROOT, 'dist'), ['xdp nativ'])).toThrow(
    "Cannot attach to 'xdp nativ' under load: no hook is called so",
  );
});
