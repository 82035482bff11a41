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
  const allowed = allowance(increase.value, base.value, decimals);
  const words = allowanceWords(increase.value, allowed, base.value);
  const change = subtract(head.value, base.value);
  if (subtract(head.low, base.high) > allowed) {
    return [{ verdict: 'over', why: `${subtract(change, allowed)} above the allowed increase of ${words}` }];
  }
  if (subtract(head.high, base.low) > allowed) {
    return [{ verdict: 'inconclusive', why: `the intervals hold the allowed increase of ${words}` }];
  }
  return [{ verdict: 'pass', why: `within the allowed increase of ${words}` }];
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

/** A fall up to and including the allowance passes. */
export function decreaseCheck(
  { decrease }: Budget,
  head: Figure,
  base: Figure | undefined,
  decimals = 0,
): Check[] {
  if (decrease === undefined || base === undefined) return [];
  const allowed = allowance(decrease.value, base.value, decimals);
  const words = allowanceWords(decrease.value, allowed, base.value);
  const fall = subtract(base.value, head.value);
  if (subtract(base.low, head.high) > allowed) {
    return [{ verdict: 'over', why: `${subtract(fall, allowed)} beyond the allowed decrease of ${words}` }];
  }
  if (subtract(base.high, head.low) > allowed) {
    return [{ verdict: 'inconclusive', why: `the intervals hold the allowed decrease of ${words}` }];
  }
  return [{ verdict: 'pass', why: `within the allowed decrease of ${words}` }];
}

type Allowance = Exclude<Increase, 'none'>;

/** In the metric's unit; a percentage of base is rounded down to the figures' decimals. */
function allowance(allowed: Allowance, base: number, decimals: number): number {
  return typeof allowed === 'number' ? allowed : percentFloor(base, allowed.percent, decimals);
}

function allowanceWords(allowed: Allowance, units: number, base: number): string {
  return typeof allowed === 'number' ? `${units}` : `${units} (${allowed.percent}% of ${base})`;
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
