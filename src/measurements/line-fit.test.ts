import { expect, test } from 'vitest';
import { fitLine } from './line-fit.ts';

test.each([
  ['a line', [0, 1, 2, 3], [5, 7, 9, 11], { slope: 2, intercept: 5, residual: 0 }],
  ['no slope', [0, 1, 2], [4, 4, 4], { slope: 0, intercept: 4, residual: 0 }],
  ['one that is off', [0, 1, 2], [0, 4, 2], { slope: 1, intercept: 1, residual: 2 }],
])('%s', (_, xs, ys, line) => {
  expect(fitLine(xs, ys)).toEqual(line);
});

test('one point is no line', () => {
  expect(() => fitLine([3, 3], [1, 2])).toThrow(RangeError);
});
