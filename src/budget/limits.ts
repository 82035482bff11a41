// One figure against its limits, in words and in the metric's unit.

import type { Increase } from '../model/config.ts';
import { percentFloor, subtract } from '../model/decimal.ts';
import type { Verdict } from '../model/report.ts';
import type { Figure } from './figures.ts';
import type { Budget } from './resolve.ts';

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
  const allowed = allowedIncrease(increase.value, base.value, decimals);
  const words =
    typeof increase.value === 'number'
      ? `${allowed}`
      : `${allowed} (${increase.value.percent}% of ${base.value})`;
  const change = subtract(head.value, base.value);
  if (subtract(head.low, base.high) > allowed) {
    return [{ verdict: 'over', why: `${subtract(change, allowed)} above the allowed increase of ${words}` }];
  }
  if (subtract(head.high, base.low) > allowed) {
    return [{ verdict: 'inconclusive', why: `the intervals hold the allowed increase of ${words}` }];
  }
  return [{ verdict: 'pass', why: `within the allowed increase of ${words}` }];
}

/** In the metric's unit; a percentage of base is rounded down to the figures' decimals. */
function allowedIncrease(increase: Exclude<Increase, 'none'>, base: number, decimals: number): number {
  return typeof increase === 'number' ? increase : percentFloor(base, increase.percent, decimals);
}

/** The budget as a row of the report shows it; `base` turns a percentage into units. */
export function budgetText(
  budget: Budget | undefined,
  base: number | undefined,
  decimals = 0,
): Verdict['budget'] {
  if (budget === undefined) return undefined;
  const { max, increase, required } = budget;
  const parts = [
    ...(max ? [`max ${max.value}`] : []),
    ...(increase
      ? [`increase ${typeof increase.value === 'number' ? increase.value : `${increase.value.percent}%`}`]
      : []),
    ...(required ? [required.value ? 'required' : 'not required'] : []),
  ];
  // Where the two limits come from two entries, the place is that of the closer look: the maximum's.
  const place = (max ?? increase ?? required)?.rule.place;
  return {
    ...(max ? { max: max.value } : {}),
    ...(increase && base !== undefined ? { increase: allowedIncrease(increase.value, base, decimals) } : {}),
    ...(increase && base === undefined && typeof increase.value === 'number'
      ? { increase: increase.value }
      : {}),
    text: parts.join(', '),
    ...(place ? { file: place.file, line: place.line } : {}),
  };
}
