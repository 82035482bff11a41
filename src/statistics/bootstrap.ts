// An interval for a median by resampling (Efron's percentile bootstrap): no shape of the noise is assumed, which has
// tails and more than one mode. The draws come from a seed.

import { median, quantileOfSorted } from './quantile.ts';
import { seededRandom } from './random.ts';

export type Interval = readonly [low: number, high: number];

/** Every interval that a report shows is of this level. */
export const INTERVAL_LEVEL = 0.99;
const RESAMPLES = 2000;

/** The interval of `level` for the median of what `values` were drawn from. Throws RangeError on no values. */
export function medianInterval(
  values: readonly number[],
  seed: number,
  level: number = INTERVAL_LEVEL,
): Interval {
  return bootstrapInterval(values.length, (indices) => median(indices.map((i) => values[i]!)), seed, level);
}

/** The same for any figure of a sample of `size`, computed from the indices that were drawn. */
export function bootstrapInterval(
  size: number,
  figure: (indices: readonly number[]) => number,
  seed: number,
  level: number = INTERVAL_LEVEL,
): Interval {
  if (size === 0) throw new RangeError('no values');
  const random = seededRandom(seed);
  const figures = Float64Array.from({ length: RESAMPLES }, () =>
    figure(Array.from({ length: size }, () => Math.floor(random() * size))),
  ).sort();
  return [quantileOfSorted(figures, (1 - level) / 2), quantileOfSorted(figures, (1 + level) / 2)];
}
