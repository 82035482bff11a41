import { expect, test } from 'vitest';
import type { LoadRun } from '../model/job.ts';
import type { LoadFigures } from '../model/load-cost.ts';
import { type LoadCounts, loadFigures, loadMetrics } from './load.ts';

const STARTING = 1000;

/** `units` of load; a unit is 100 bytes in one packet there and one back. */
function runOf(units: number): LoadCounts {
  const traffic = { packets: units, bytes: 100 * units, dropped: 0 };
  return {
    insns: STARTING + 100 * units,
    user: 10 * units,
    transfer: { other: 0, rx_softirq: 30, sock_send: 40, idle: 20, user: 10 },
    counts: [
      { event: 'other', part: 'other', insns: STARTING },
      { event: 'rx_softirq', part: 'IP', insns: 20 * units },
      { event: 'rx_softirq', part: 'bpf lb', insns: 10 * units },
      { event: 'sock_send', part: 'TCP', insns: 40 * units },
      { event: 'idle', part: 'other', insns: 20 * units },
    ],
    there: traffic,
    back: traffic,
    iperf3: { bytes: 100 * units, bitsPerSecond: 5e9, retransmits: 1 },
    report: '{}',
    devices: [],
  };
}

test('figures are of what the longer run sends beyond the shorter: what starts a run is in none of them', () => {
  expect(loadFigures(runOf(10), runOf(20))).toEqual({
    bytes: 1000,
    packets: 20,
    net_cpu: { rx_softirq: 30, tx_softirq: 0, sock_send: 40, sock_recv: 0 },
    insns_per_packet: 35,
    insns_per_byte: 0.7,
    throughput_bps: 8e9,
    lost: 0,
    retransmits: 1,
    parts: [
      { part: 'TCP', insnsPerByte: 0.4 },
      { part: 'IP', insnsPerByte: 0.2 },
      { part: 'bpf lb', insnsPerByte: 0.1 },
    ],
    stacks: [
      { event: 'sock_send', part: 'TCP', insns: 400 },
      { event: 'rx_softirq', part: 'IP', insns: 200 },
      { event: 'rx_softirq', part: 'bpf lb', insns: 100 },
    ],
    unaccounted: 0,
    devices: [],
    iperf3: '{}',
  });
});

test('a longer run that is not longer is refused', () => {
  expect(() => loadFigures(runOf(10), runOf(10))).toThrow(
    new RangeError('the longer run sends 0 bytes more'),
  );
});

test('a load of too few sends has no figures', () => {
  const { transfer: _, ...longer } = runOf(20);
  expect(loadFigures(runOf(10), longer)).toEqual({
    reason: 'too little is sent to tell shares of time: fewer than 33 sends',
  });
});

const TCP: LoadRun = { protocol: 'tcp', streams: 1, bytes: 80 << 20 };
const DEVICE = { name: 'client', mtuBytes: 1500, gro: true, gso: true, tso: true };

/** What is sent beyond the shorter run, in packets of so many bytes. */
function figuresOf(bytes: number, bytesPerPacket: number): LoadFigures {
  const figures = loadFigures(runOf(10), runOf(20)) as LoadFigures;
  return { ...figures, bytes, packets: bytes / bytesPerPacket, devices: [DEVICE] };
}

const intervalsOf = (figures: LoadFigures, run: LoadRun) =>
  Object.fromEntries(loadMetrics(figures, run).map(({ metric, interval }) => [metric, interval]));

test.each([
  { says: 'TCP in segments', run: TCP, bytes: 40 << 20, each: 1400, packet: 0.2, byte: 1 },
  { says: 'less of it', run: TCP, bytes: 10 << 20, each: 1400, packet: 0.8, byte: 4 },
  { says: 'more of it', run: TCP, bytes: 400 << 20, each: 1400, packet: 0.2, byte: 1 },
  { says: 'TCP with segmentation put off', run: TCP, bytes: 40 << 20, each: 27_000, packet: 5, byte: 3 },
  {
    says: 'UDP at full speed',
    run: { ...TCP, protocol: 'udp' as const },
    bytes: 1e6,
    each: 1400,
    packet: 5,
    byte: 5,
  },
])('$says is told apart by $packet % a packet and $byte % a byte', ({ run, bytes, each, packet, byte }) => {
  const intervals = intervalsOf(figuresOf(bytes, each), run);
  const around = (value: number, percent: number) => [
    value * (1 - percent / 200),
    value * (1 + percent / 200),
  ];
  for (const [metric, value, percent] of [
    ['insns_per_packet', 35, packet],
    ['insns_per_byte', 0.7, byte],
    ['throughput_bps', 8e9, byte],
  ] as const)
    intervals[metric]!.forEach((end, i) => {
      expect(end).toBeCloseTo(around(value, percent)[i]!, 5);
    });
  expect(intervals.lost_packets).toBeUndefined();
  expect(intervals.retransmits).toBeUndefined();
});
