// What network load takes on kernels with a real clock, as a table for the terminal, markdown or JSON.

import { loadLabel, NET_EVENTS } from '../model/load-cost.ts';
import type { LoadTimeFigures, LoadTimes, TimeFigure } from '../model/load-time.ts';
import { figuresRenderers, targetLines } from './figures-table.ts';
import { left, right } from './table.ts';

export const LOAD_TIME_RENDERERS = figuresRenderers(({ times }: LoadTimes) => ({
  tables: [
    {
      columns: [
        ...['kernel', 'load', 'attached'].map(left),
        right('net_cpu %'),
        ...NET_EVENTS.map((event) => right(`${event} %`)),
        ...[
          'ns_per_packet',
          'ns_per_byte',
          'bytes a packet',
          'Mbit/s',
          'Mbit/s, of the first',
          'lost',
          'rounds',
        ].map(right),
      ],
      rows: times.flatMap(({ target, load, arms }) =>
        arms.map(({ arm, figures }) => [
          ...[target.kernel, loadLabel(load), arm],
          ...('reason' in figures ? [] : cellsOf(figures)),
        ]),
      ),
    },
  ],
  words: WORDS,
  facts: times.flatMap(({ target, load, arms, discarded, missing }) => [
    ...arms.flatMap(({ arm, figures }) =>
      'reason' in figures ? [`${target.kernel}, ${loadLabel(load)}, ${arm}: ${figures.reason}`] : [],
    ),
    `${target.kernel}, ${loadLabel(load)}: rounds left out ${Object.entries(discarded)
      .map(([why, count]) => `${why} ${count}`)
      .join(', ')}`,
    ...(missing.length > 0 ? [`${target.kernel} does not take ${missing.join(', ')}`] : []),
    ...targetLines(target),
  ]),
}));

const WORDS =
  'Client, server and softirqs on one processor; arms in turn, in an order drawn by lot. Shares are of its time from the start of iperf3 to its end; ns are of the four events of the network, the monitor included. In brackets the 99 % interval of the median; the ratio is to the first arm in the same round.';

function cellsOf(figures: LoadTimeFigures): string[] {
  const { net_cpu, ns_per_packet, ns_per_byte, bytesPerPacket, throughput_bps, throughputRatio } = figures;
  return [
    told(net_cpu, 1),
    ...NET_EVENTS.map((event) => net_cpu?.events[event].toFixed(1) ?? '-'),
    told(ns_per_packet, 0),
    told(ns_per_byte, 4),
    String(bytesPerPacket),
    (throughput_bps.value / 1e6).toFixed(0),
    told(throughputRatio, 3),
    String(figures.lost),
    String(figures.rounds),
  ];
}

function told(figure: TimeFigure | undefined, digits: number): string {
  if (!figure) return '-';
  const [low, high] = figure.interval;
  return `${figure.value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
