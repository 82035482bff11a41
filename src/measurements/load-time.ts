// What network load takes in time, from rounds in each of which every arm ran once.

import { rounded } from '../model/decimal.ts';
import { NET_EVENTS, type NetEvent } from '../model/load-cost.ts';
import type { LoadTimeFigures, TimeFigure } from '../model/load-time.ts';
import { loadMetricNames, type MetricName } from '../model/metrics.ts';
import type { LoadRound } from '../model/records.ts';
import type { Rounds } from '../model/timed.ts';
import { medianInterval } from '../statistics/bootstrap.ts';
import { median } from '../statistics/quantile.ts';

/** Of one round, by metric. Shares are of the time that the processor was not a hypervisor's. */
const FIGURES: Readonly<Partial<Record<MetricName, (round: LoadRound) => number>>> = {
  net_cpu: (round) => shareOf(round, netNs(round)),
  ...Object.fromEntries(
    NET_EVENTS.map((event) => [event, (round: LoadRound) => shareOf(round, round.ns[event] ?? 0)]),
  ),
  ns_per_packet: (round) => netNs(round) / round.packets,
  ns_per_byte: (round) => netNs(round) / round.bytes,
  throughput_bps: ({ bitsPerSecond }) => bitsPerSecond,
};

/** What timed mode has of network load, in the report's order. */
export const TIMED_LOAD_METRICS: readonly MetricName[] = loadMetricNames('timed');

/** The same rounds of all: `nothing` ran twice in each, which tells what cannot be told apart. */
export interface LoadArmRounds {
  readonly head: readonly LoadRound[];
  /** As many, or none. */
  readonly base: readonly LoadRound[];
  readonly nothing: readonly LoadRound[];
  readonly nothingAgain: readonly LoadRound[];
}

/** Of one metric, so that figures, intervals, floor and verdicts are those of runs; nothing is subtracted. */
export function loadRounds(
  metric: MetricName,
  { head, base, nothing, nothingAgain }: LoadArmRounds,
  facts: Pick<Rounds, 'discarded' | 'seconds'>,
): Rounds {
  const figure = FIGURES[metric];
  if (!figure) throw new RangeError(`timed mode has no '${metric}' of network load`);
  const half = nothing.map((round, i) => (figure(nothingAgain[i]!) - figure(round)) / 2);
  return {
    head: head.map(figure),
    base: base.map(figure),
    empty: half,
    emptyAgain: half.map((value) => -value),
    ...facts,
    runsInBatch: 1,
  };
}

/** `reference` are the same rounds of the arm that throughput is held against. Throws RangeError on no rounds. */
export function loadTimeFigures(
  rounds: readonly LoadRound[],
  reference: readonly LoadRound[],
  seed: number,
): LoadTimeFigures {
  const figure = (of: (round: LoadRound, i: number) => number, digits: number): TimeFigure => {
    const values = rounds.map(of);
    const [low, high] = medianInterval(values, seed);
    return {
      value: rounded(median(values), digits),
      interval: [rounded(low, digits), rounded(high, digits)],
    };
  };
  const isMonitored = rounds.every(({ ns }) => NET_EVENTS.every((event) => event in ns));
  const middleOf = (event: NetEvent) => rounded(median(rounds.map(FIGURES[event]!)), 2);
  return {
    rounds: rounds.length,
    ...(isMonitored
      ? {
          net_cpu: {
            ...figure(FIGURES.net_cpu!, 2),
            events: Object.fromEntries(NET_EVENTS.map((event) => [event, middleOf(event)])) as Record<
              NetEvent,
              number
            >,
          },
          ns_per_packet: figure(FIGURES.ns_per_packet!, 1),
          ns_per_byte: figure(FIGURES.ns_per_byte!, 5),
        }
      : {}),
    throughput_bps: figure(({ bitsPerSecond }) => bitsPerSecond, 0),
    throughputRatio: figure(({ bitsPerSecond }, i) => bitsPerSecond / reference[i]!.bitsPerSecond, 4),
    bytesPerPacket: Math.round(median(rounds.map(({ bytes, packets }) => bytes / packets))),
    lost: rounds.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function netNs({ ns }: LoadRound): number {
  return NET_EVENTS.reduce((sum, event) => sum + (ns[event] ?? 0), 0);
}

function shareOf({ ns, elapsedNs }: LoadRound, part: number): number {
  return (100 * part) / (elapsedNs - (ns.steal ?? 0));
}
