// An interval for a median by resampling (Efron's percentile bootstrap): no shape of the noise is assumed, which has
// tails and more than one mode. The draws come from a seed.

import { quantileOfSorted } from './quantile.ts';
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
  if (values.length === 0) throw new RangeError('no values');
  const random = seededRandom(seed);
  const sorted = Float64Array.from(values).sort();
  const medians = Float64Array.from({ length: RESAMPLES }, () => resampledMedian(sorted, random)).sort();
  return [quantileOfSorted(medians, (1 - level) / 2), quantileOfSorted(medians, (1 + level) / 2)];
}

/** Counts how often each is drawn: sorting every resample would take most of the time. */
function resampledMedian(sorted: Float64Array, random: () => number): number {
  const { length } = sorted;
  const drawn = new Uint32Array(length);
  for (let i = 0; i < length; i++) drawn[Math.floor(random() * length)]!++;
  const at = (rank: number) => {
    let [i, passed] = [0, drawn[0]!];
    while (passed <= rank) passed += drawn[++i]!;
    return sorted[i]!;
  };
  const middle = (length - 1) / 2;
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
}
