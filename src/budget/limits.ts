// One figure against its limits, in words and in the metric's unit.

import type { Increase } from '../model/config.ts';
import { percentFloor, subtract } from '../model/decimal.ts';
import type { Verdict } from '../model/report.ts';
import type { Figure } from './figures.ts';
import type { Budget, Limit } from './resolve.ts';

export interface Check {
  readonly verdict: 'pass' | 'over' | 'inconclusive';
  readonly why: string;
}

/** An interval is over only if the whole of it is. */
export function maxCheck({ max }: Budget, head: Figure): Check[] {
  if (max === undefined) return [];
  const { value } = max;
  if (head.low > value) {
    return [{ verdict: 'over', why: `${subtract(head.value, value)} above the maximum of ${value}` }];
  }
  if (head.high > value) {
    return [
      {
        verdict: 'inconclusive',
        why: `the interval ${head.low} to ${head.high} holds the maximum of ${value}`,
      },
    ];
  }
  return [{ verdict: 'pass', why: `within the maximum of ${value}` }];
}

/** Growth up to and including the allowance passes. */
export function increaseCheck(
  { increase }: Budget,
  head: Figure,
  base: Figure | undefined,
  decimals = 0,
): Check[] {
  if (increase === undefined || base === undefined) return [];
  const allowed = allowanceOf(increase.value, base.value, decimals);
  return riseCheck(base, head, allowed, { excess: 'above', limit: 'allowed increase' });
}

/** Of what more is better; the mirror of `maxCheck`. */
export function minCheck({ min }: Budget, head: Figure): Check[] {
  if (min === undefined) return [];
  const { value } = min;
  if (head.high < value) {
    return [{ verdict: 'over', why: `${subtract(value, head.value)} below the minimum of ${value}` }];
  }
  if (head.low < value) {
    return [
      {
        verdict: 'inconclusive',
        why: `the interval ${head.low} to ${head.high} holds the minimum of ${value}`,
      },
    ];
  }
  return [{ verdict: 'pass', why: `not below the minimum of ${value}` }];
}

/** A fall up to and including the allowance passes: it is how far base rises above head. */
export function decreaseCheck(
  { decrease }: Budget,
  head: Figure,
  base: Figure | undefined,
  decimals = 0,
): Check[] {
  if (decrease === undefined || base === undefined) return [];
  const allowed = allowanceOf(decrease.value, base.value, decimals);
  return riseCheck(head, base, allowed, { excess: 'beyond', limit: 'allowed decrease' });
}

/** Two figures that are one are no rise, however wide their intervals. */
function riseCheck(
  from: Figure,
  to: Figure,
  { allowed, text }: { readonly allowed: number; readonly text: string },
  { excess, limit }: { readonly excess: string; readonly limit: string },
): Check[] {
  const words = `the ${limit} of ${text}`;
  if (to.value === from.value) return [{ verdict: 'pass', why: `within ${words}` }];
  if (subtract(to.low, from.high) > allowed) {
    const rise = subtract(to.value, from.value);
    return [{ verdict: 'over', why: `${subtract(rise, allowed)} ${excess} ${words}` }];
  }
  if (subtract(to.high, from.low) > allowed) {
    return [{ verdict: 'inconclusive', why: `the intervals hold ${words}` }];
  }
  return [{ verdict: 'pass', why: `within ${words}` }];
}

type Allowance = Exclude<Increase, 'none'>;

/** In the metric's unit; a percentage of base is rounded down to the figures' decimals. */
function allowance(allowed: Allowance, base: number, decimals: number): number {
  return typeof allowed === 'number' ? allowed : percentFloor(base, allowed.percent, decimals);
}

/** The same with its words. */
function allowanceOf(limit: Allowance, base: number, decimals: number) {
  const allowed = allowance(limit, base, decimals);
  const text = typeof limit === 'number' ? `${allowed}` : `${allowed} (${limit.percent}% of ${base})`;
  return { allowed, text };
}

/** The budget as a row of the report shows it; `base` turns a percentage into units. */
export function budgetText(
  budget: Budget | undefined,
  base: number | undefined,
  decimals = 0,
): Verdict['budget'] {
  if (budget === undefined) return undefined;
  const { max, increase, min, decrease, required } = budget;
  const written = (value: Allowance) => (typeof value === 'number' ? `${value}` : `${value.percent}%`);
  const parts = [
    ...(max ? [`max ${max.value}`] : []),
    ...(increase ? [`increase ${written(increase.value)}`] : []),
    ...(min ? [`min ${min.value}`] : []),
    ...(decrease ? [`decrease ${written(decrease.value)}`] : []),
    ...(required ? [required.value ? 'required' : 'not required'] : []),
  ];
  // Where the two limits come from two entries, the place is that of the closer look: the absolute one's.
  const place = (max ?? increase ?? min ?? decrease ?? required)?.rule.place;
  const inUnits = (limit: Limit<Allowance> | undefined) =>
    limit === undefined || (base === undefined && typeof limit.value !== 'number')
      ? undefined
      : allowance(limit.value, base ?? 0, decimals);
  const [more, less] = [inUnits(increase), inUnits(decrease)];
  return {
    ...(max ? { max: max.value } : {}),
    ...(more === undefined ? {} : { increase: more }),
    ...(min ? { min: min.value } : {}),
    ...(less === undefined ? {} : { decrease: less }),
    text: parts.join(', '),
    ...(place ? { file: place.file, line: place.line } : {}),
  };
}
