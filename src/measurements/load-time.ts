// What network load takes in time, from rounds in each of which every arm ran once.

import { rounded } from '../model/decimal.ts';
import { NET_EVENTS, type NetEvent } from '../model/load-cost.ts';
import type { LoadTimeFigures, TimeFigure } from '../model/load-time.ts';
import type { LoadRound } from '../model/records.ts';
import { medianInterval } from '../statistics/bootstrap.ts';
import { median } from '../statistics/quantile.ts';

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
  const netNs = ({ ns }: LoadRound) => NET_EVENTS.reduce((sum, event) => sum + (ns[event] ?? 0), 0);
  const isMonitored = rounds.every(({ ns }) => NET_EVENTS.every((event) => event in ns));
  const shareOf = (event: NetEvent) =>
    rounded(median(rounds.map(({ ns, elapsedNs }) => (100 * ns[event]!) / elapsedNs)), 2);
  return {
    rounds: rounds.length,
    ...(isMonitored
      ? {
          net_cpu: {
            ...figure((round) => (100 * netNs(round)) / round.elapsedNs, 2),
            events: Object.fromEntries(NET_EVENTS.map((event) => [event, shareOf(event)])) as Record<
              NetEvent,
              number
            >,
          },
          ns_per_packet: figure((round) => netNs(round) / round.packets, 1),
          ns_per_byte: figure((round) => netNs(round) / round.bytes, 5),
        }
      : {}),
    throughput_bps: figure(({ bitsPerSecond }) => bitsPerSecond, 0),
    throughputRatio: figure(({ bitsPerSecond }, i) => bitsPerSecond / reference[i]!.bitsPerSecond, 4),
    bytesPerPacket: Math.round(median(rounds.map(({ bytes, packets }) => bytes / packets))),
    lost: rounds.reduce((sum, { lost }) => sum + lost, 0),
  };
}
