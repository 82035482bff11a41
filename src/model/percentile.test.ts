import { expect, test } from 'vitest';
import { distribution, mean, percentile, steadyValue } from './percentile.ts';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

test.each([
  [[7], { count: 1, mean: 7, p50: 7, p99: 7, max: 7, maxIndex: 0 }],
  [[3, 1, 2, 9], { count: 4, mean: 3.75, p50: 2, p99: 9, max: 9, maxIndex: 3 }],
  [[10, 1, 10], { count: 3, mean: 7, p50: 10, p99: 10, max: 10, maxIndex: 0 }],
  [upTo(100), { count: 100, mean: 50.5, p50: 50, p99: 99, max: 100, maxIndex: 99 }],
  [upTo(101), { count: 101, mean: 51, p50: 51, p99: 100, max: 101, maxIndex: 100 }],
  [[1, 1, 2], { count: 3, mean: 1.333, p50: 1, p99: 2, max: 2, maxIndex: 2 }],
  [[-1, -1, 0], { count: 3, mean: -0.667, p50: -1, p99: 0, max: 0, maxIndex: 2 }],
])('the figures of %j are exact and nearest-rank', (values, expected) => {
  expect(distribution(values)).toEqual(expected);
});

test('numbers are ordered as numbers, and the list is left as it was', () => {
  const values = [100, 9, 20];
  expect(distribution(values).p50).toBe(20);
  expect(values).toEqual([100, 9, 20]);
});

test.each([
  [[5], 5],
  [[5, 6, 6, 5, 6], 6],
  [[9, 8, 7], 7],
  [[4, 4, 3, 3, 9], 3],
  [[1002, 2458, 1002, 1003], 1002],
])('the steady value of %j is %j', (values, expected) => {
  expect(steadyValue(values)).toBe(expected);
});

test('no values have no figures', () => {
  for (const figure of [distribution, mean, steadyValue, (values: number[]) => percentile(values, 50)])
    expect(() => figure([])).toThrow(RangeError);
});

test('a million values are no matter', () => {
  expect(distribution(upTo(1_000_000)).mean).toBe(500_000.5);
});
