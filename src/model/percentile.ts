// Figures over many packets or repeats, exact: nearest rank, so that each is a value that was measured.

export interface Distribution {
  readonly count: number;
  /** Rounded to 3 decimals, half away from zero; exact for integers whose sum is below 2^53. */
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Index of the first value that is the maximum. */
  readonly maxIndex: number;
}

/** Mean, nearest-rank percentiles and maximum. Throws RangeError on an empty list. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const max = percentile(sorted, 100);
  return {
    count: values.length,
    mean: mean(values),
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    max,
    maxIndex: values.indexOf(max),
  };
}

/** The smallest value that at least `percent` of a sorted list do not exceed. Throws RangeError on an empty list. */
export function percentile(sorted: readonly number[], percent: number): number {
  const value = sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return value;
}

/** The mean to 3 decimals. Throws RangeError on an empty list. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  return roundTo3(values.reduce((sum, value) => sum + value, 0) / values.length);
}

/**
 * The value that repeats: a timer tick lands in some windows and not in others, the rest agree to the digit.
 * Ties go to the smaller value, which has less of the foreign in it. Throws RangeError on an empty list.
 */
export function steadyValue(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first, ...rest] = counts;
  if (!first) throw new RangeError('no values');
  let best = first;
  for (const entry of rest)
    if (entry[1] > best[1] || (entry[1] === best[1] && entry[0] < best[0])) best = entry;
  return best[0];
}

function roundTo3(value: number): number {
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * 1000)) / 1000;
  return rounded === 0 ? 0 : rounded;
}
