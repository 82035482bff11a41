// What network load costs, from two runs of the same load that differ by how much is sent: what starts and ends a run is
// the same in both, so the difference is of the bytes alone. What the counts are of is not looked at here.

import type { Iperf3Result } from '../model/iperf3.ts';
import { type LoadFigures, NET_EVENTS, type NetEvent } from '../model/load-cost.ts';
import type { Traffic } from '../model/records.ts';

/** One run, counted. */
export interface LoadCounts {
  /** Of all processor time. */
  readonly insns: number;
  readonly user: number;
  readonly counts: readonly { readonly event: string; readonly part: string; readonly insns: number }[];
  readonly there: Traffic;
  readonly back: Traffic;
  readonly iperf3: Iperf3Result;
}

/** Throws RangeError where the longer run has not sent more. */
export function loadFigures(shorter: LoadCounts, longer: LoadCounts): LoadFigures {
  const less = (of: (run: LoadCounts) => number) => of(longer) - of(shorter);
  const bytes = less(({ iperf3 }) => iperf3.bytes);
  if (bytes <= 0) throw new RangeError(`the longer run sends ${bytes} bytes more`);
  const packets = less(({ there, back }) => there.packets + back.packets);
  const all = less(({ insns }) => insns);
  const ofEvent = (event: string) => less(({ counts }) => sum(counts.filter((each) => each.event === event)));
  const net = NET_EVENTS.reduce((total, event) => total + ofEvent(event), 0);
  const counted = less(({ counts, user }) => sum(counts) + user);
  const { retransmits, lost } = longer.iperf3;
  return {
    bytes,
    packets,
    net_cpu: Object.fromEntries(
      NET_EVENTS.map((event) => [event, rounded((100 * ofEvent(event)) / all)]),
    ) as Record<NetEvent, number>,
    insns_per_packet: rounded(net / packets),
    insns_per_byte: rounded(net / bytes, 6),
    all_insns_per_byte: rounded(all / bytes, 6),
    throughput_bps: Math.round(longer.iperf3.bitsPerSecond),
    lost: lost ?? longer.there.dropped + longer.back.dropped,
    ...(retransmits === undefined ? {} : { retransmits }),
    parts: partsOf(less, bytes),
    unaccounted: rounded((100 * (all - counted)) / all, 4),
  };
}

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

const isNet = (event: string) => (NET_EVENTS as readonly string[]).includes(event);

function sum(counts: LoadCounts['counts']): number {
  return counts.reduce((total, { insns }) => total + insns, 0);
}

function rounded(value: number, decimals = 3): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
