// What leaving the stack early is worth, and what it costs those that stay: packets a second that a program drops at a
// hook against a socket that throws them away, and what an empty program there takes from messages over TCP.

import type { MetricName } from '../model/metrics.ts';
import type { Report, Target } from '../model/report.ts';
import { type Column, left, right } from './table.ts';

export const EARLY_EXIT_COLUMNS: readonly Column[] = [
  left('leaving at'),
  right('drop_pps'),
  right('TCP hook_insns'),
  right('TCP pass_pps'),
  right('TCP change'),
];

export const EARLY_EXIT_WORDS =
  'Leaving early: drop_pps with a program that drops (at the socket, which receives and throws away: what gets through), and TCP messages with an empty program.';

interface Exit {
  readonly place: string;
  /** The row of `measure --hooks`. */
  readonly program: string;
  /** What it drops: packets, or messages of a stream. */
  readonly input: string;
  readonly metric: MetricName;
}

const exitAt = (place: string, input = 'udp:64'): Exit => ({
  place,
  program: place,
  input,
  metric: 'drop_pps',
});

/** On a packet's way in, from the last to the first. */
const EXITS: readonly Exit[] = [
  { place: 'socket', program: '(nothing)', input: 'udp:64', metric: 'pass_pps' },
  exitAt('sk_skb stream_verdict', 'tcp'),
  ...['tc ingress', 'tcx ingress', 'xdp generic', 'xdp native'].map((place) => exitAt(place)),
];

/** Rows of a target; none where `measure --hooks` was not asked for or a kernel gave no figures. */
export function earlyExitRows({ measurements }: Report, target: Target): string[][] {
  const found = (program: string, input: string, metric: MetricName) =>
    measurements.find(
      (each) =>
        each.target === target.id &&
        each.object === 'hooks' &&
        each.program === program &&
        each.input === input &&
        each.metric === metric,
    )?.value;
  const without = found('(nothing)', 'tcp', 'pass_pps');
  if (without === undefined) return [];
  return EXITS.map(({ place, program, input, metric }) => {
    const passes = found(program, 'tcp', 'pass_pps');
    const change = passes === undefined ? undefined : (100 * (passes - without)) / without;
    const figures = [found(program, input, metric), found(program, 'tcp', 'hook_insns'), passes];
    return [place, ...figures.map((value) => String(value ?? '-')), percentText(change)];
  });
}

function percentText(percent: number | undefined): string {
  if (percent === undefined) return '-';
  const text = percent.toFixed(1);
  return Number(text) === 0 ? '0.0%' : `${percent > 0 ? '+' : ''}${text}%`;
}
