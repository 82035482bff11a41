// The slope of a line through points, robust: the median of the slopes of all pairs (Theil), with the interval that
// Sen gave for it. One disturbed point out of three moves it little.

import type { Interval } from './bootstrap.ts';
import { INTERVAL_LEVEL } from './bootstrap.ts';
import { normalQuantile } from './normal.ts';
import { median } from './quantile.ts';

export interface Slope {
  readonly slope: number;
  readonly interval: Interval;
  readonly intercept: number;
}

/** Throws RangeError where no two points have different places. */
export function theilSen(
  xs: readonly number[],
  ys: readonly number[],
  level: number = INTERVAL_LEVEL,
): Slope {
  const slopes = xs
    .flatMap((x, i) =>
      xs.slice(0, i).flatMap((other, j) => (x === other ? [] : [(ys[i]! - ys[j]!) / (x - other)])),
    )
    .sort((a, b) => a - b);
  if (slopes.length === 0) throw new RangeError('a slope needs points at two places');
  const slope = median(slopes);
  const half = normalQuantile((1 - level) / 2) * Math.sqrt(kendallVariance(xs, ys));
  const at = (rank: number) => slopes[Math.min(slopes.length - 1, Math.max(0, rank))]!;
  return {
    slope,
    // Sen 1968, equation 2.6, as SciPy rounds it.
    interval: [at(roundEven((slopes.length - half) / 2) - 1), at(roundEven((slopes.length + half) / 2))],
    intercept: median(ys) - slope * median(xs),
  };
}

/** Of Kendall's S, less what ties leave. */
function kendallVariance(xs: readonly number[], ys: readonly number[]): number {
  const term = (n: number) => n * (n - 1) * (2 * n + 5);
  const tied = (values: readonly number[]) => {
    const counts = new Map<number, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts.values()].reduce((sum, count) => sum + term(count), 0);
  };
  return (term(xs.length) - tied(xs) - tied(ys)) / 18;
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
