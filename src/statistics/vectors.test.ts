// Against what SciPy computes: fixtures/statistics/make.py made the vectors and says with which version.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { medianInterval } from './bootstrap.ts';
import { normalQuantile, normalTail } from './normal.ts';
import { quantile } from './quantile.ts';
import { signedRankAbove } from './signed-rank.ts';
import { theilSen } from './slope.ts';

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/statistics/scipy.json'), 'utf8'),
);

interface TheilSen {
  readonly x: number[];
  readonly y: number[];
  readonly level: number;
  readonly slope: number;
  readonly intercept: number;
  readonly low: number;
  readonly high: number;
}

describe('as SciPy has it', () => {
  test.each(vectors.signedRank as { how: string; values: number[]; p: number }[])(
    'a signed rank test: $how, $values.length differences',
    ({ values, p }) => expect(signedRankAbove(values) / p).toBeCloseTo(1, 5),
  );

  test.each(vectors.theilSen as TheilSen[])(
    'a slope with its interval: %#',
    ({ x, y, level, slope, intercept, low, high }) => {
      const found = theilSen(x, y, level);
      expect([found.slope, found.intercept, ...found.interval]).toEqual(
        [slope, intercept, low, high].map((value) => expect.closeTo(value, 9)),
      );
    },
  );

  test.each(vectors.bootstrap as { values: number[]; low: number; high: number; spread: number }[])(
    "a median's interval, as near as other draws come: $values.length values",
    ({ values, low, high, spread }) => {
      const found = medianInterval(values, 1);
      expect(Math.abs(found[0] - low)).toBeLessThan(spread / 8);
      expect(Math.abs(found[1] - high)).toBeLessThan(spread / 8);
    },
  );

  test.each(vectors.normalTail as { z: number; p: number }[])('the tail above z = $z', ({ z, p }) => {
    expect(normalTail(z) / p).toBeCloseTo(1, 5);
    expect(normalQuantile(p)).toBeCloseTo(z, 5);
  });

  test.each(vectors.quantile as { values: number[]; share: number; value: number }[])(
    'the quantile at $share',
    ({ values, share, value }) => expect(quantile(values, share)).toBeCloseTo(value, 12),
  );
});
