// What a hook costs in time, from the arms of a program in place: each difference of two arms is a Rounds of its own, so
// that figures, intervals, floor and verdicts are those of runs.

import type { Absent, Side } from '../model/report.ts';
import type { ArmRounds, Discards, Rounds } from '../model/timed.ts';
import { medianInterval } from '../statistics/bootstrap.ts';
import { median } from '../statistics/quantile.ts';
import type { TimedFigure } from './timed.ts';

export interface TimedArms {
  readonly nothing: ArmRounds;
  readonly nothingAgain: ArmRounds;
  readonly empty: ArmRounds | Absent;
  /** The user's program, of each side. */
  readonly head?: ArmRounds | Absent;
  readonly base?: ArmRounds | Absent;
}

export interface HookRounds {
  readonly metric: 'hook_ns' | 'hook_total_ns' | 'hook_program_ns';
  readonly rounds: Rounds | Absent;
}

/** The differences of arms, each with its rounds or the reason why there are none. */
export function hookRounds(
  arms: TimedArms,
  facts: { readonly discarded: Discards; readonly seconds: number },
): HookRounds[] {
  const { nothing, nothingAgain, empty, head, base } = arms;
  const noise = nothingAgain.done.map((value, i) => value - nothing.done[i]!);
  const difference = (
    metric: HookRounds['metric'],
    more: ArmRounds | Absent,
    less: ArmRounds | Absent,
    moreAtBase?: ArmRounds | Absent,
  ): HookRounds => {
    if ('reason' in more) return { metric, rounds: more };
    if ('reason' in less) return { metric, rounds: less };
    if (more.lost !== less.lost) return { metric, rounds: { reason: lossWords(more, less) } };
    if (more.lost === more.count) return { metric, rounds: { reason: 'every event gets lost' } };
    const isBaseToo = moreAtBase && !('reason' in moreAtBase) && moreAtBase.lost === less.lost;
    return {
      metric,
      rounds: {
        head: more.done,
        base: isBaseToo ? moreAtBase.done : [],
        empty: less.done,
        emptyAgain: less.done.map((value, i) => value + noise[i]!),
        ...facts,
        runsInBatch: 1,
      },
    };
  };
  return [
    difference('hook_ns', empty, nothing),
    ...(head
      ? [difference('hook_total_ns', head, nothing, base), difference('hook_program_ns', head, empty, base)]
      : []),
  ];
}

function lossWords(more: ArmRounds, less: ArmRounds): string {
  return `other events get lost with it than without: ${more.lost} of ${more.count} against ${less.lost} of ${less.count}`;
}

const NS_PER_SECOND = 1e9;

export interface RateRounds {
  readonly metric: 'pass_pps' | 'drop_pps';
  /** Of the sides that have such a rate, in packets a second. */
  readonly rounds: Rounds;
  /** Of the others, why they have none. */
  readonly absent: Readonly<Partial<Record<Side, Absent>>>;
}

/**
 * Packets a second that get through, and that are dropped, of the user's program or, where there is none, of the empty one.
 * Where some packets do this and some that there is no rate. Nothing is subtracted: how far the two arms with nothing
 * attached are apart is laid around 0.
 */
export function packetRates(
  { nothing, nothingAgain, empty, head, base }: TimedArms,
  facts: { readonly discarded: Discards; readonly seconds: number },
): RateRounds[] {
  const sides = { head: head ?? (base ? undefined : empty), base };
  return RATES.map(({ metric, isOf, timesOf }): RateRounds => {
    const rates = (arm: ArmRounds) => timesOf(arm).map((ns) => Math.round(NS_PER_SECOND / ns));
    const rateOf = (arm: ArmRounds | Absent | undefined): readonly number[] | Absent => {
      if (arm === undefined || 'reason' in arm) return arm ?? [];
      const { count, lost } = arm;
      return isOf(arm) ? rates(arm) : { reason: `${count - lost} of ${count} packets get through` };
    };
    const found = { head: rateOf(sides.head), base: rateOf(sides.base) };
    const [once, again] = [rates(nothing), rates(nothingAgain)];
    const halves = again.map((rate, i) => (rate - once[i]!) / 2);
    return {
      metric,
      rounds: {
        head: 'reason' in found.head ? [] : found.head,
        base: 'reason' in found.base ? [] : found.base,
        empty: halves.map((half) => -half),
        emptyAgain: halves,
        ...facts,
        runsInBatch: 1,
      },
      absent: Object.fromEntries(Object.entries(found).filter(([, each]) => 'reason' in each)),
    };
  });
}

const RATES: readonly {
  readonly metric: RateRounds['metric'];
  readonly isOf: (arm: ArmRounds) => boolean;
  /** A packet that is dropped is done when it has been sent. */
  readonly timesOf: (arm: ArmRounds) => readonly number[];
}[] = [
  { metric: 'drop_pps', isOf: ({ count, lost }) => lost === count, timesOf: ({ sent }) => sent },
  { metric: 'pass_pps', isOf: ({ lost }) => lost === 0, timesOf: ({ mean }) => mean },
];

/** Median of a round's 50th or 99th percentile, ns; undefined where round trips got lost. */
export function roundTrip(
  { p50, p99, lost }: ArmRounds,
  percent: 50 | 99,
  seed: number,
): TimedFigure | undefined {
  return lost > 0 ? undefined : whole(percent === 50 ? p50 : p99, seed);
}

function whole(values: readonly number[], seed: number): TimedFigure {
  const [low, high] = medianInterval(values, seed);
  return { value: Math.round(median(values)), interval: [Math.round(low), Math.round(high)] };
}
