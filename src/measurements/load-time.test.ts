import { expect, test } from 'vitest';
import type { LoadRound } from '../model/records.ts';
import { loadTimeFigures } from './load-time.ts';

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
