import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { compare } from '../budget/compare.ts';
import { parseConfig } from '../model/config.ts';
import type { GuestRecord, LoadRound } from '../model/records.ts';
import type { Measurement, Target } from '../model/report.ts';
import { DEFAULT_BOUNDS, type TimedLoadJob } from '../model/timed.ts';
import { decodeJob } from '../model/window.ts';
import { seededRandom } from '../statistics/random.ts';
import type { RunOptions } from './execute.ts';
import { planLoads } from './load-arms.ts';
import { readObject } from './objects.ts';
import { collectTimedLoad, encodeTimedLoad, loadBounds, loadTests, TIMED_LOAD } from './timed-load.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXT = (load: string, budgets = '{}') => `version: 1
kernels: [host]
objects: ["*"]
programs: { count_0: { attach: { hook: xdp } } }
load: [${load}]
budgets: { load: ${budgets} }
`;

function plan(load: string, hasBase = true) {
  const objects = [readObject(join(ROOT, 'fixtures/tricky/built/count.bpf.o'), 'count.bpf.o')];
  const { loads } = planLoads({
    head: objects,
    ...(hasBase ? { base: objects } : {}),
    config: parseConfig(TEXT(load), 't.yml'),
    directory: ROOT,
    distDir: join(ROOT, 'dist'),
    defaults: TIMED_LOAD,
  });
  return loads[0]!;
}

const COUNT = 24;
const ATTACHED = '{ iperf3: {}, attach: [count_0] }';
const random = seededRandom(1);

/** A processor that is half of the network's, with a packet of 1000 bytes every `ns`. */
const round = (ns: number): LoadRound => {
  const took = Math.round(1000 * ns * (1 + 0.01 * random()));
  return {
    ns: { rest: took, rx_softirq: took / 2, tx_softirq: 0, sock_send: took / 4, sock_recv: took / 4 },
    ...{ elapsedNs: 2 * took, bytes: 1_000_000, packets: 1000, bitsPerSecond: 8e15 / took, lost: 0 },
  };
};

const FACTS: GuestRecord = {
  type: 'hook-rounds',
  discarded: { interrupted: 1, steal: 0, frequency: 0 },
  clockNs: 30,
  seconds: 60,
};

/** Of each arm what a packet takes, ns, or why there is none. */
function records(arms: readonly (number | string)[], count = COUNT): GuestRecord[] {
  return [
    ...arms.map(
      (each, arm): GuestRecord => ({
        ...{ type: 'load-rounds', arm, missing: [] },
        rounds: typeof each === 'number' ? Array.from({ length: count }, () => round(each)) : [],
        ...(typeof each === 'string' ? { absent: { reason: each } } : {}),
      }),
    ),
    FACTS,
  ];
}

const NAMES = [
  'net_cpu',
  'rx_softirq',
  'tx_softirq',
  'sock_send',
  'sock_recv',
  'ns_per_packet',
  'ns_per_byte',
];

const collected = (planned: ReturnType<typeof plan>, of: readonly GuestRecord[]) =>
  collectTimedLoad('host/timed', planned, DEFAULT_BOUNDS, of);
const perPacket = ({ measurements }: { measurements: readonly Measurement[] }) =>
  measurements
    .filter(({ metric }) => metric === 'ns_per_packet')
    .map(({ program, side, value, absent }) => `${program} ${side} ${absent?.reason ?? Math.round(value!)}`);

test('a load has nothing twice, an empty program, head and base in one job, all with the monitor', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'iperf3-'));
  const iperf3 = join(folder, 'iperf3');
  writeFileSync(iperf3, '');
  chmodSync(iperf3, 0o755);
  const options = { distDir: join(ROOT, 'dist'), tools: { path: [folder], libraryPath: [] } };
  const bytes = await encodeTimedLoad(
    'host',
    plan(ATTACHED),
    DEFAULT_BOUNDS,
    options as unknown as RunOptions,
  );
  const job = decodeJob(bytes) as TimedLoadJob;
  expect(job.arms).toEqual([0, 0, 1, 3, 2].map((number) => ({ number, sampleHz: 0 })));
  expect(job).toMatchObject({ iperf3, run: { bytes: TIMED_LOAD.bytes, protocol: 'tcp' } });
  expect(job.bounds).toEqual({ leastRounds: 40, mostRounds: 40, seconds: 12 * DEFAULT_BOUNDS.seconds });
  expect(job.files).toBeUndefined();
});

test('rounds are figures of the load, of it with empty programs and with nothing, and verdicts of the load alone', () => {
  const found = collected(plan(ATTACHED), records([2000, 2000, 2100, 3000, 2500]));
  expect([...new Set(found.measurements.map(({ metric }) => metric))]).toEqual([...NAMES, 'throughput_bps']);
  expect(perPacket(found).map((row) => row.replace(/\d\d$/, '00'))).toEqual([
    'load head 3000',
    'load base 2500',
    'load (nothing) head 2000',
    'load (nothing) base 2000',
    'load (empty) head 2100',
    'load (empty) base 2100',
  ]);
  expect(found.timed.map(({ program, metric }) => `${program} ${metric}`)).toEqual(
    [...NAMES, 'throughput_bps'].map((metric) => `load ${metric}`),
  );
  const [head] = found.measurements.filter(({ metric }) => metric === 'ns_per_byte');
  expect(head).toMatchObject({
    ...{ target: 'host/timed', object: '(load)', side: 'head', unit: 'ns' },
    input: 'tcp, 1 stream, 64 MiB, window 256 KiB, with count_0',
    rounds: { count: COUNT, discarded: { interrupted: 1 }, seconds: 60, runsInBatch: 1 },
  });
  expect(head!.rounds!.floor).toBeLessThan(0.02);
  expect(head!.change!.percent).toBeGreaterThan(18);
  expect(head!.interval![1] - head!.interval![0]).toBeGreaterThan(0);
});

test.each([
  ['an arm that cannot be run', [2000, 2000, 2100, 3000, 'no BTF'], ['load head 3000', 'load base no BTF']],
  [
    'nothing that can be run',
    ['no link', 'no link', 'x', 'x', 'x'],
    ['load head no link', 'load base no link'],
  ],
] as const)('%s says why', (_, arms, rows) => {
  const found = collected(plan(ATTACHED), records(arms));
  expect(
    perPacket(found)
      .slice(0, 2)
      .map((row) => row.replace(/\d\d$/, '00')),
  ).toEqual(rows);
});

test('rounds that were all disturbed are no figure, and a kernel without a link says so', () => {
  const reason = 'every round was disturbed from outside, or none fitted into the time there is';
  expect(perPacket(collected(plan(ATTACHED), records([1, 1, 1, 1, 1], 0)))[0]).toBe(`load head ${reason}`);
  const absent = { reason: 'no veth' };
  expect(perPacket(collected(plan('{ iperf3: {} }'), [{ type: 'no-load', absent }]))).toEqual([
    'load head no veth',
    'load base no veth',
  ]);
});

test('without base there are head and the others; with nothing to attach the load is its own base', () => {
  expect(perPacket(collected(plan(ATTACHED, false), records([2000, 2000, 2100, 3000]))).length).toBe(5);
  const alone = collected(plan('{ iperf3: {} }'), records([2000, 2000]));
  expect(
    alone.measurements.find(({ side, metric }) => side === 'head' && metric === 'net_cpu'),
  ).toMatchObject({
    program: 'load',
    change: { value: 0, p: 1 },
  });
});

test.each([
  ['a guest that tells of too few arms', [2000, 2000, 2100, 3000], "nothing of network load with 'base'"],
] as const)('%s fails the target', (_, arms, message) => {
  expect(() => collected(plan(ATTACHED), records(arms))).toThrow(message);
});

const TARGET: Target = {
  ...{ id: 'host/timed', kernel: 'host', arch: 'x86_64', mode: 'timed', accelerator: 'none', status: 'ok' },
  seconds: { boot: 0, load: 0, measure: 60 },
};

function verdictsOf(budgets: string, arms: readonly (number | string)[], count = COUNT) {
  const config = parseConfig(TEXT(ATTACHED, budgets), 't.yml');
  const found = collected(plan(ATTACHED), records(arms, count));
  const { verdicts } = compare({
    targets: [TARGET],
    ...found,
    rules: config.budgets,
    base: { exists: true },
  });
  return verdicts.filter(({ program, budget }) => program === 'load' && budget);
}

test.each([
  ['{ ns_per_packet: { increase: 5% } }', 3000, 'over'],
  ['{ ns_per_packet: { increase: 50% } }', 3000, 'pass'],
  ['{ ns_per_packet: { max: 2900 } }', 3000, 'over'],
  ['{ ns_per_byte: { increase: 0.2 } }', 3000, 'over'],
  ['{ ns_per_packet: { increase: 0 } }', 2500, 'inconclusive'],
  ['{ net_cpu: { max: 40 } }', 2500, 'over'],
  ['{ net_cpu: { increase: 2% } }', 2500, 'pass'],
  ['{ ns_per_packet: { increase: 5% } }', 'no BTF', 'over'],
] as const)('under %s a packet of %s ns, 2500 at base, is %s', (budgets, head, verdict) => {
  expect(verdictsOf(budgets, [2000, 2000, 2100, head, 2500]).map((row) => row.verdict)).toEqual([verdict]);
});

test('a row says its unit, and what cannot be told apart', () => {
  const [share] = verdictsOf('{ net_cpu: { max: 40 } }', [2000, 2000, 2100, 2500, 2500]);
  expect(share!.why).toMatch(
    /is 50\.?\d*.*: 50\.?\d* % of the time, 99% interval .* beyond the maximum of 40 % of the time, p /,
  );
  const [fine] = verdictsOf('{ ns_per_packet: { increase: 0.01 } }', [2000, 2000, 2100, 2500, 2500]);
  expect(fine!.why).toMatch(/cannot be held here: two runs with nothing attached are up to [\d.]+ ns apart/);
});

test('a change that is beyond what cannot be told apart is over under a budget below it, too', () => {
  const noisy = (head: number) => {
    const [nothing, again] = [2000, 2300];
    return verdictsOf('{ ns_per_packet: { increase: 5% } }', [nothing, again, 2100, head, 2500]);
  };
  expect(noisy(3000).map(({ verdict }) => verdict)).toEqual(['over']);
  expect(noisy(2700).map(({ verdict }) => verdict)).toEqual(['inconclusive']);
  expect(noisy(2700)[0]!.why).toContain('a budget of 12');
});

test('fewer rounds than an interval needs decide nothing', () => {
  const [few] = verdictsOf('{ ns_per_packet: { increase: 50% } }', [2000, 2000, 2100, 2500, 2500], 7);
  expect(few).toMatchObject({ verdict: 'inconclusive' });
  expect(few!.why).toContain('7 rounds are too few to tell');
});

test('budgets of instructions ask nothing of a load that is timed', () => {
  const rows = verdictsOf('{ insns_per_packet: { increase: 0 } }', [2000, 2000, 2100, 2500, 2500]);
  expect(rows).toEqual([]);
});

test('limits are counted for how sure a verdict has to be', () => {
  const { budgets } = parseConfig(
    TEXT(
      ATTACHED,
      '{ net_cpu: { max: 9, increase: 1 }, ns_per_byte: 3, insns_per_byte: 1, throughput_bps: { min: 1, decrease: 2% } }',
    ),
    't.yml',
  );
  expect(loadTests(budgets, 'host')).toBe(5);
  expect(loadBounds({ leastRounds: 20, mostRounds: 20, seconds: 1 })).toEqual({
    ...{ leastRounds: 20, mostRounds: 20, seconds: 12 },
  });
});
