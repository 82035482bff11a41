// Quantiles of a sample, between two values where they fall there (type 7 of Hyndman and Fan, as NumPy and R have it).

/** `share` from 0 to 1. Throws RangeError on no values. */
export function quantile(values: readonly number[], share: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}

/** The middle one, or the mean of the two. Throws RangeError on no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The same of values that are sorted already. */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) throw new RangeError('no values');
  return below + (above - below) * (at - Math.floor(at));
}
