import { expect, test } from 'vitest';
import type { LoadRound } from '../model/records.ts';
import { loadRounds, loadTimeFigures, TIMED_LOAD_METRICS } from './load-time.ts';
import { floorNs, timedFigure } from './timed.ts';

const round = (share: number, bitsPerSecond: number): LoadRound => ({
  ns: { rest: 0, rx_softirq: 400 * share, tx_softirq: 0, sock_send: 500 * share, sock_recv: 100 * share },
  ...{ elapsedNs: 2000, bytes: 1000, packets: 10, bitsPerSecond, lost: 1 },
});

test('figures are the middle of the rounds, the ratio that of pairs', () => {
  const reference = [round(1, 100), round(1, 200), round(1, 400)];
  const figures = loadTimeFigures([round(1, 90), round(1.5, 180), round(2, 300)], reference, 1);
  expect(figures).toEqual({
    rounds: 3,
    net_cpu: {
      value: 75,
      interval: [50, 100],
      events: { rx_softirq: 30, tx_softirq: 0, sock_send: 37.5, sock_recv: 7.5 },
    },
    ns_per_packet: { value: 150, interval: [100, 200] },
    ns_per_byte: { value: 1.5, interval: [1, 2] },
    throughput_bps: { value: 180, interval: [90, 300] },
    throughputRatio: { value: 0.9, interval: [0.75, 0.9] },
    bytesPerPacket: 100,
    lost: 3,
  });
});

test('without a monitor there is throughput alone', () => {
  const { net_cpu, ns_per_byte, throughputRatio } = loadTimeFigures(
    [{ ...round(1, 50), ns: {} }],
    [round(1, 100)],
    1,
  );
  expect({ net_cpu, ns_per_byte, throughputRatio }).toEqual({
    throughputRatio: { value: 0.5, interval: [0.5, 0.5] },
  });
});

const FACTS = { discarded: { interrupted: 1, steal: 0, frequency: 0 }, seconds: 9 };

test('every metric of timed load has rounds, of which nothing is subtracted', () => {
  const [nothing, nothingAgain] = [[round(1, 100)], [round(1.01, 102)]];
  const arms = { head: [round(1.5, 90)], base: [round(1, 95)], nothing, nothingAgain };
  const figures = TIMED_LOAD_METRICS.map((metric) => {
    const rounds = loadRounds(metric, arms, FACTS);
    const figure = (side: 'head' | 'base') => timedFigure(rounds, side, 1, 6).value;
    return [metric, figure('head'), figure('base'), floorNs(rounds, 1, 6)];
  });
  expect(figures).toEqual([
    ['net_cpu', 75, 50, 0.5],
    ['rx_softirq', 30, 20, 0.2],
    ['tx_softirq', 0, 0, 0.000001],
    ['sock_send', 37.5, 25, 0.25],
    ['sock_recv', 7.5, 5, 0.05],
    ['ns_per_packet', 150, 100, 1],
    ['ns_per_byte', 1.5, 1, 0.01],
    ['throughput_bps', 90, 95, 2],
  ]);
  expect(loadRounds('net_cpu', arms, FACTS)).toMatchObject({ ...FACTS, runsInBatch: 1 });
  expect(() => loadRounds('insns_per_byte', arms, FACTS)).toThrow(
    "timed mode has no 'insns_per_byte' of network load",
  );
});

test('what a hypervisor has stolen is no time of the processor', () => {
  const { ns, ...rest } = round(1, 100);
  const stolen = { ...rest, ns: { ...ns, steal: 1000 } };
  expect(loadTimeFigures([stolen], [stolen], 1).net_cpu?.value).toBe(100);
});
