import { expect, test } from 'vitest';
import { monitorFigures, partShares } from './load-monitor.ts';

const COUNTS = [
  { event: 'rx_softirq', part: 'TCP', insns: 600_000 },
  { event: 'sock_send', part: 'TCP', insns: 200_000 },
  { event: 'sock_send', part: 'IP', insns: 200_000 },
  { event: 'other', part: 'other', insns: 900_000 },
];
const SAMPLES = [
  { event: 'rx_softirq', part: 'TCP', samples: 70 },
  { event: 'sock_send', part: 'IP', samples: 30 },
];

test('shares are of the network alone, with the error of so many samples', () => {
  expect(partShares(COUNTS, SAMPLES)).toEqual([
    { part: 'TCP', exact: 80, sampled: 70, expectedError: 4 },
    { part: 'IP', exact: 20, sampled: 30, expectedError: 4 },
  ]);
});

test('without samples there are no shares', () => {
  expect(partShares(COUNTS, [])).toEqual([]);
});

test('events stand beside one another, with what is missing of all time and what the monitor costs', () => {
  const figures = monitorFigures({
    ...{ user: 100_000, counts: COUNTS },
    monitors: [
      {
        name: 'netcpu',
        ns: { rest: 1_200_000, rx_softirq: 610_000, sock_send: 390_000, idle: 0 },
        elapsedNs: 2_205_000,
        missing: ['begin_napi_poll'],
      },
      { name: 'other', ns: { rx_softirq: 650_000 }, elapsedNs: 2_205_000, missing: [] },
    ],
    sampled: { hz: 50_000, lost: 0, events: { rest: 55, rx_softirq: 70, sock_send: 30 }, counts: SAMPLES },
    ticks: { softirq: 1 },
    transfer: { rx_softirq: 660, user: 392, idle: 9999 },
    alone: { rx_softirq: 600, user: 400, idle: 1 },
  });
  expect(figures).toEqual({
    hz: 50_000,
    samples: 100,
    lost: 0,
    events: [
      { event: 'rest', insns: 1_000_000, ns: { netcpu: 1_200_000, other: 0 }, samples: 55 },
      { event: 'rx_softirq', insns: 600_000, ns: { netcpu: 610_000, other: 650_000 }, samples: 70 },
      { event: 'sock_send', insns: 400_000, ns: { netcpu: 390_000, other: 0 }, samples: 30 },
      { event: 'idle', insns: 0, ns: { netcpu: 0, other: 0 }, samples: 0 },
    ],
    parts: partShares(COUNTS, SAMPLES),
    unaccounted: 0.2268,
    processorMs: { softirq: 10 },
    slowdown: 1.052,
    missing: ['begin_napi_poll'],
  });
});
