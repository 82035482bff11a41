import { expect, test } from 'vitest';
import { percentFloor, subtract } from './decimal.ts';

test.each<[number, number, number]>([
  [421, 420, 1],
  [420, 421, -1],
  [420.3, 420.2, 0.1],
  [0.3, 0.1, 0.2],
  [1e21, 1, 1e21],
  [1e-7, 0, 1e-7],
  [0, 0, 0],
])('%d - %d is %d', (a, b, difference) => {
  expect(subtract(a, b)).toBe(difference);
});

test.each<[number, string, number]>([
  [420, '2', 8],
  [100, '10', 10],
  [99, '10', 9],
  [29, '100', 29],
  [1000, '0.1', 1],
  [999, '0.1', 0],
  [700, '1.1', 7],
  [420.5, '200', 841],
  [0, '50', 0],
  [9_007_199_254_740_991, '100', 9_007_199_254_740_991],
  [4350, '16', 696],
])('of %d, %s %% allow %d', (value, percent, allowed) => {
  expect(percentFloor(value, percent)).toBe(allowed);
});
