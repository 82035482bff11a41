// What rounds amount to: a cost with its interval, how it differs from base's, how far it is beyond a limit, and what
// cannot be told apart at all. All of it pure: the same rounds and seed give the same figures.

import type { Discards, Rounds, TimedBounds, TimedLimit } from '../model/timed.ts';
import { type Interval, medianInterval } from '../statistics/bootstrap.ts';
import { median } from '../statistics/quantile.ts';
import { type Schedule, schedule, sequentialAbove } from '../statistics/sequential.ts';

export interface TimedFigure {
  readonly value: number;
  readonly interval: Interval;
}

/** To picoseconds, where figures are ns. */
const DECIMALS = 3;

/** ns a run beyond an empty program's, or whatever the rounds are in. Throws RangeError on no rounds. */
export function timedFigure(
  rounds: Rounds,
  side: 'head' | 'base',
  seed: number,
  decimals = DECIMALS,
): TimedFigure {
  return summary(netOf(rounds, side), seed, decimals);
}

/** Head less base, ns a run: the median over rounds, each of which has both. */
export function timedChange(rounds: Rounds, seed: number, decimals = DECIMALS): TimedFigure {
  return summary(
    rounds.head.map((head, i) => head - rounds.base[i]!),
    seed,
    decimals,
  );
}

/** How likely rounds differ so much either way where both sides are alike; it holds whenever it was stopped. */
export function timedChangeP({ head, base }: Rounds, bounds: TimedBounds): number {
  const shares = head.map((value, i) => (value - base[i]!) / base[i]!);
  const [up, down] = [shares, shares.map((share) => -share)].map((all) =>
    sequentialAbove(all, scheduleOf(bounds)),
  );
  return Math.min(1, 2 * Math.min(up!, down!));
}

/** Head's cost in percent of base's beyond it; undefined where base's is too small to divide by. */
export function timedRatio(rounds: Rounds, seed: number, decimals = DECIMALS): TimedFigure | undefined {
  const [head, base] = [netOf(rounds, 'head'), netOf(rounds, 'base')];
  if (median(base) <= MANY_FLOORS * floorNs(rounds, seed, decimals)) return undefined;
  return summary(
    head.map((value, i) => 100 * (value / base[i]! - 1)),
    seed,
    DECIMALS,
  );
}

/** Below so many times what cannot be told apart, a share of it means nothing. */
const MANY_FLOORS = 5;

/**
 * The least difference that means anything here: how far two loads of an empty program are apart, at the interval's
 * farther end. The clock's own cost is in it, spread over a batch.
 */
export function floorNs({ empty, emptyAgain }: Rounds, seed: number, decimals = DECIMALS): number {
  const { interval } = summary(
    empty.map((value, i) => value - emptyAgain[i]!),
    seed,
    decimals,
  );
  return Math.max(10 ** -decimals, ...interval.map(Math.abs));
}

/**
 * How far each round is beyond `limit`, as a share of what base (or head, where the limit is absolute) took in it:
 * a round on a slow machine weighs as much as one on a fast one. Above 0 is beyond.
 */
export function excess(rounds: Rounds, limit: TimedLimit): number[] {
  const [head, base] = [netOf(rounds, 'head'), netOf(rounds, 'base')];
  return head.map((value, i) => {
    const sign = isFloor(limit) ? -1 : 1;
    if (!isRelative(limit)) return (sign * (value - limit.value)) / rounds.head[i]!;
    const allowed = 'percent' in limit ? (Math.max(0, base[i]!) * limit.percent) / 100 : limit.value;
    return (sign * (value - base[i]!) - allowed) / rounds.base[i]!;
  });
}

/** Whether what is less than the limit is beyond it. */
export const isFloor = ({ kind }: TimedLimit) => kind === 'min' || kind === 'decrease';

/** Whether it is against base. */
export function isRelative(limit: TimedLimit): limit is Exclude<TimedLimit, { kind: 'max' | 'min' }> {
  return limit.kind === 'increase' || limit.kind === 'decrease';
}

export function scheduleOf({ leastRounds, mostRounds }: TimedBounds): Schedule {
  return schedule(leastRounds, mostRounds);
}

/** Whether rounds so far show `beyond` (its p holds whenever it is asked) or show the limit kept. */
export function leaning(
  rounds: Rounds,
  limit: TimedLimit,
  bounds: TimedBounds,
): { readonly beyond: number; readonly within: number } {
  const values = excess(rounds, limit);
  return {
    beyond: sequentialAbove(values, scheduleOf(bounds)),
    within: sequentialAbove(
      values.map((value) => -value),
      scheduleOf(bounds),
    ),
  };
}

/** The p at which a limit counts as kept, so that no more rounds are taken. */
export const KEPT_LEVEL = 0.01;

/** More rounds left out than kept: nothing is concluded from the rest. */
export function isTooNoisy({ head, discarded }: Pick<Rounds, 'head' | 'discarded'>): boolean {
  return discardedCount(discarded) > head.length;
}

export function discardedCount(discarded: Discards): number {
  return Object.values(discarded).reduce((sum, count) => sum + count, 0);
}

function netOf(rounds: Rounds, side: 'head' | 'base'): number[] {
  return rounds[side].map((value, i) => value - (rounds.empty[i]! + rounds.emptyAgain[i]!) / 2);
}

function summary(values: readonly number[], seed: number, decimals: number): TimedFigure {
  const [low, high] = medianInterval(values, seed);
  const rounded = (value: number) => Math.round(value * 10 ** decimals) / 10 ** decimals + 0;
  return { value: rounded(median(values)), interval: [rounded(low), rounded(high)] };
}
