// What network load costs, from two runs of the same load that differ by how much is sent: what starts and ends a run is
// the same in both, so the difference is of the bytes alone. What the counts are of is not looked at here.

import { rounded } from '../model/decimal.ts';
import type { Iperf3Result } from '../model/iperf3.ts';
import type { LoadRun } from '../model/job.ts';
import { type LoadFigures, NET_EVENTS, type NetEvent } from '../model/load-cost.ts';
import { loadMetricNames, type MetricName, metricOf } from '../model/metrics.ts';
import type { Traffic } from '../model/records.ts';
import type { Absent, LoadDevice } from '../model/report.ts';

/** One run, counted. */
export interface LoadCounts {
  /** Of all processor time. */
  readonly insns: number;
  readonly user: number;
  readonly counts: readonly { readonly event: string; readonly part: string; readonly insns: number }[];
  /** While data was sent, by event, with 'user' and what is of none. */
  readonly transfer?: Readonly<Record<string, number>>;
  readonly there: Traffic;
  readonly back: Traffic;
  readonly iperf3: Iperf3Result;
  /** Its text. */
  readonly report: string;
  readonly devices: readonly LoadDevice[];
}

/** Absent where too little was sent to tell shares of time. Throws RangeError where the longer run has not sent more. */
export function loadFigures(shorter: LoadCounts, longer: LoadCounts): LoadFigures | Absent {
  const less = (of: (run: LoadCounts) => number) => of(longer) - of(shorter);
  const bytes = less(({ iperf3 }) => iperf3.bytes);
  if (bytes <= 0) throw new RangeError(`the longer run sends ${bytes} bytes more`);
  const packets = less(({ there, back }) => there.packets + back.packets);
  const all = less(({ insns }) => insns);
  const ofEvent = (event: string) => less(({ counts }) => sum(counts.filter((each) => each.event === event)));
  const net = total(NET_EVENTS.map(ofEvent));
  const counted = less(({ counts, user }) => sum(counts) + user);
  const { retransmits, lost } = longer.iperf3;
  const { transfer } = longer;
  if (!transfer) return { reason: TOO_LITTLE_SENT };
  const shares = NET_EVENTS.map((event) => (transfer[event] ?? 0) / total(Object.values(transfer)));
  return {
    bytes,
    packets,
    net_cpu: Object.fromEntries(
      NET_EVENTS.map((event, i) => [event, rounded(100 * shares[i]!, 3)]),
    ) as Record<NetEvent, number>,
    insns_per_packet: rounded(net / packets, 3),
    insns_per_byte: rounded(net / bytes, 6),
    throughput_bps: Math.round((8e9 * bytes * total(shares)) / net),
    lost: lost ?? longer.there.dropped + longer.back.dropped,
    ...(retransmits === undefined ? {} : { retransmits }),
    parts: partsOf(less, bytes),
    stacks: stacksOf(less),
    unaccounted: rounded((100 * (all - counted)) / all, 4),
    devices: longer.devices,
    iperf3: longer.report,
  };
}

export const TOO_LITTLE_SENT = 'too little is sent to tell shares of time: fewer than 33 sends';

/**
 * How far the turns that client and server take move a figure with TCP as soon as a program costs anything else, percent, where
 * 40 MiB are between the two runs; ends weigh the more the less is sent. From what the sample project's heads move
 * (docs/networking-cpu.md), with a margin.
 */
const TURNS = {
  segments: { net_cpu: 0.2, insns_per_packet: 0.2, insns_per_byte: 1, throughput_bps: 1, share: 1 },
  /** Segmentation is put off: how much is in a packet hangs on turns, too. */
  offloaded: { net_cpu: 1, insns_per_packet: 5, insns_per_byte: 3, throughput_bps: 3, share: 3 },
} as const;
const TURNS_BYTES = 40 << 20;
const TURNS_OF_UDP = {
  /** Between two packets the kernel is idle, which is not exact to the instruction: some hundred in all of them. */
  paced: 0.05,
  /** They decide which share gets lost, and what is received together. */
  'at full speed': 5,
} as const;

/** Of one metric, percent of the figure. */
function turnsOf(metric: MetricName, { protocol, pacingUs }: LoadRun, figures: LoadFigures): number {
  if (COUNTED.includes(metric)) return 0;
  if (protocol === 'udp') return TURNS_OF_UDP[pacingUs === undefined ? 'at full speed' : 'paced'];
  const { bytes, packets, devices } = figures;
  const isOffloaded = bytes / packets > Math.max(...devices.map(({ mtuBytes }) => mtuBytes));
  const turns: Readonly<Record<string, number>> = TURNS[isOffloaded ? 'offloaded' : 'segments'];
  return (turns[metric] ?? turns.share!) * Math.max(1, TURNS_BYTES / bytes);
}

const COUNTED: readonly MetricName[] = ['lost_packets', 'retransmits'];

export interface LoadMetric {
  readonly metric: MetricName;
  readonly value?: number;
  /** What another head's figure has to be outside of, to be told from what turns do. */
  readonly interval?: [low: number, high: number];
  readonly absent?: Absent;
}

/** As metrics; where there are no figures, all of them are absent. */
export function loadMetrics(figures: LoadFigures | Absent, run: LoadRun): readonly LoadMetric[] {
  if ('reason' in figures) return NAMES.map((metric) => ({ metric, absent: figures }));
  const { net_cpu, insns_per_packet, insns_per_byte, throughput_bps, lost, retransmits } = figures;
  const values: Readonly<Record<string, number | Absent>> = {
    net_cpu: rounded(total(NET_EVENTS.map((event) => net_cpu[event])), 3),
    ...net_cpu,
    insns_per_packet,
    insns_per_byte,
    throughput_bps,
    lost_packets: lost,
    retransmits: retransmits ?? { reason: 'only TCP sends anything again' },
  };
  return NAMES.map((metric) => {
    const value = values[metric]!;
    if (typeof value !== 'number') return { metric, absent: value };
    // Half to each side: two figures are told apart where their intervals do not meet.
    const half = (value * turnsOf(metric, run, figures)) / 200;
    const { decimals = 0 } = metricOf(metric);
    return half === 0
      ? { metric, value }
      : { metric, value, interval: [rounded(value - half, decimals), rounded(value + half, decimals)] };
  });
}

const NAMES = loadMetricNames('exact');

type Less = (of: (run: LoadCounts) => number) => number;

/** Of both runs: a part may be in one alone. */
function partsOf(less: Less, bytes: number): LoadFigures['parts'] {
  const names = new Set<string>();
  less(({ counts }) => {
    for (const { part } of counts) names.add(part);
    return 0;
  });
  return [...names]
    .map((part) => ({
      part,
      insnsPerByte: rounded(
        less(({ counts }) => sum(counts.filter((each) => each.part === part && isNet(each.event)))) / bytes,
        6,
      ),
    }))
    .filter(({ insnsPerByte }) => insnsPerByte !== 0)
    .sort((a, b) => b.insnsPerByte - a.insnsPerByte);
}

/** By event and part, in instructions; the dearest first. */
function stacksOf(less: Less): LoadFigures['stacks'] {
  const keys = new Map<string, { readonly event: string; readonly part: string }>();
  less(({ counts }) => {
    for (const { event, part } of counts) keys.set(`${event};${part}`, { event, part });
    return 0;
  });
  return [...keys.values()]
    .map(({ event, part }) => ({
      ...{ event, part },
      insns: less(({ counts }) => sum(counts.filter((each) => each.event === event && each.part === part))),
    }))
    .filter(({ event, insns }) => isNet(event) && insns > 0)
    .sort((a, b) => b.insns - a.insns);
}

const isNet = (event: string) => (NET_EVENTS as readonly string[]).includes(event);

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function sum(counts: LoadCounts['counts']): number {
  return total(counts.map(({ insns }) => insns));
}
