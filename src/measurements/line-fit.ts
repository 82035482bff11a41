// A straight line through figures, by least squares: what one more costs, and how far the figures are from a line.

export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** The largest distance of a figure from the line. */
  readonly residual: number;
}

/** `ys[i]` at `xs[i]`; to three decimals. Throws RangeError on fewer than two different xs. */
export function fitLine(xs: readonly number[], ys: readonly number[]): Line {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, value) => sum + (value - x) ** 2, 0);
  if (!(spread > 0)) throw new RangeError('a line needs two points');
  const slope = xs.reduce((sum, value, i) => sum + (value - x) * (ys[i]! - y), 0) / spread;
  const intercept = y - slope * x;
  const residual = Math.max(...xs.map((value, i) => Math.abs(ys[i]! - intercept - slope * value)));
  const round = (value: number) => Math.round(value * 1000) / 1000 + 0;
  return { slope: round(slope), intercept: round(intercept), residual: round(residual) };
}
