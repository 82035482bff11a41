// What network load costs, as tables for the terminal, in markdown and as JSON: one of figures, one of parts of the stack.

import {
  type LoadArmCost,
  type LoadCost,
  type LoadCosts,
  loadLabel,
  NET_EVENTS,
} from '../model/load-cost.ts';
import { collapsed } from './collapsed.ts';
import { figuresRenderers, type Table, targetLines } from './figures-table.ts';
import type { DocumentRenderer } from './renderer.ts';
import { NOT_TIME } from './rows.ts';
import { left, right } from './table.ts';

export const LOAD_COST_RENDERERS: readonly DocumentRenderer<LoadCosts>[] = [
  ...figuresRenderers(({ costs }: LoadCosts) => ({
    tables: [figuresTable(costs)],
    words: WORDS,
    details: costs.map(partsTable),
    facts: factsOf(costs),
    note: NOT_TIME,
  })),
  { name: 'flamegraph', render: renderFlamegraph },
];

/** Collapsed stacks, a line each: 'debian:6.12/exact;tcp, 1 stream, 16 MiB;xdp native;rx_softirq;TCP 12345'. */
function renderFlamegraph({ costs }: LoadCosts): string {
  return costs
    .flatMap(({ target, load, arms }) =>
      arms.flatMap(({ arm, figures }) =>
        'reason' in figures
          ? []
          : figures.stacks.map(({ event, part, insns }) =>
              collapsed([target.id, loadLabel(load), arm, event, part], insns),
            ),
      ),
    )
    .join('');
}

/** Parts, the dearest of any arm first. */
const SHOWN_PARTS = 12;

function figuresTable(costs: readonly LoadCost[]): Table {
  return {
    columns: [
      ...['kernel', 'load', 'attached'].map(left),
      ...NET_EVENTS.map((event) => right(`${event} %`)),
      ...['insns_per_packet', 'insns_per_byte', 'bytes a packet', 'Mbit/s', 'lost'].map(right),
    ],
    rows: costs.flatMap(({ target, load, arms }) =>
      arms.map(({ arm, figures }) => {
        const head = [target.kernel, loadLabel(load), arm];
        if ('reason' in figures) return [...head, ...NET_EVENTS.map(() => '-'), '-', '-', '-', '-', '-'];
        const { net_cpu, insns_per_packet, insns_per_byte, bytes, packets, throughput_bps, lost } = figures;
        return [
          ...head,
          ...NET_EVENTS.map((event) => net_cpu[event].toFixed(1)),
          String(Math.round(insns_per_packet)),
          insns_per_byte.toFixed(3),
          String(Math.round(bytes / packets)),
          String(Math.round(throughput_bps / 1e6)),
          String(lost),
        ];
      }),
    ),
  };
}

/** Instructions for 1,000 bytes, by part; an arm in each column. */
function partsTable({ target, load, arms }: LoadCost): Table {
  const told = arms.flatMap(({ arm, figures }) =>
    'reason' in figures ? [] : [{ arm, parts: figures.parts }],
  );
  const dearest = new Map<string, number>();
  for (const { parts } of told)
    for (const { part, insnsPerByte } of parts)
      dearest.set(part, Math.max(insnsPerByte, dearest.get(part) ?? 0));
  const names = [...dearest]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_PARTS)
    .map(([part]) => part);
  const partIn = (parts: (typeof told)[number]['parts'], part: string) =>
    parts.find((each) => each.part === part)?.insnsPerByte;
  return {
    columns: [left(`${target.kernel}, ${loadLabel(load)}`), ...told.map(({ arm }) => right(arm))],
    rows: names.map((part) => [
      part,
      ...told.map(({ parts }) => {
        const value = partIn(parts, part);
        return value === undefined ? '-' : (1000 * value).toFixed(1);
      }),
    ]),
  };
}

const WORDS =
  'insns_per_packet and insns_per_byte: instructions of the network (softirqs, sends and receives), from two runs of which one sends twice as much; a packet is what the devices count, before it is segmented. Shares are of all processor time. Below: instructions for 1,000 bytes by part of the network stack.';

function factsOf(costs: readonly LoadCost[]): string[] {
  return costs.flatMap(({ target, arms }) => [...targetLines(target), ...arms.flatMap(reasonOf)]);
}

function reasonOf({ arm, figures }: LoadArmCost): string[] {
  return 'reason' in figures ? [`${arm}: ${figures.reason}`] : [];
}
