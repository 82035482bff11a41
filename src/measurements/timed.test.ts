import { describe, expect, test } from 'vitest';
import type { Rounds } from '../model/timed.ts';
import { DEFAULT_BOUNDS } from '../model/timed.ts';
import { seededRandom } from '../statistics/random.ts';
import { smallestProvable } from './noise.ts';
import { excess, floorNs, isTooNoisy, timedChange, timedFigure, timedRatio } from './timed.ts';

const QUIET: Rounds = {
  head: [31, 32, 33],
  base: [21, 22, 23],
  empty: [11, 12, 13],
  emptyAgain: [11, 12, 13],
  discarded: { interrupted: 0, steal: 0, frequency: 0 },
  runsInBatch: 1000,
  seconds: 1,
};

describe('rounds', () => {
  test("give what a run takes beyond an empty program's, round by round", () => {
    expect(timedFigure(QUIET, 'head', 1)).toEqual({ value: 20, interval: [20, 20] });
    expect(timedFigure(QUIET, 'base', 1)).toEqual({ value: 10, interval: [10, 10] });
    expect(timedChange(QUIET, 1)).toEqual({ value: 10, interval: [10, 10] });
    expect(timedRatio(QUIET, 1)).toEqual({ value: 100, interval: [100, 100] });
  });

  test('of a base that costs no more than what cannot be told apart have no ratio', () =>
    expect(timedRatio({ ...QUIET, base: [11, 12, 13] }, 1)).toBeUndefined());

  test('have a floor: how far two loads of an empty program are apart, and never none', () => {
    expect(floorNs({ ...QUIET, emptyAgain: [11.5, 12.5, 13.5] }, 1)).toBe(0.5);
    expect(floorNs(QUIET, 1)).toBe(0.001);
  });

  test.each([
    { limit: { kind: 'max', value: 25 }, values: [-5 / 31, -5 / 32, -5 / 33] },
    { limit: { kind: 'increase', value: 4 }, values: [6 / 21, 6 / 22, 6 / 23] },
    { limit: { kind: 'increase', percent: 100 }, values: [0, 0, 0] },
    { limit: { kind: 'min', value: 25 }, values: [5 / 31, 5 / 32, 5 / 33] },
    { limit: { kind: 'decrease', value: 4 }, values: [-14 / 21, -14 / 22, -14 / 23] },
    { limit: { kind: 'decrease', percent: 100 }, values: [-20 / 21, -20 / 22, -20 / 23] },
  ] as const)('are beyond a limit by a share of what base took: $limit', ({ limit, values }) =>
    expect(excess(QUIET, limit)).toEqual(values.map((value) => expect.closeTo(value, 12))),
  );

  test('are too noisy where more were left out than kept', () => {
    const left = (count: number) => ({ ...QUIET, discarded: { interrupted: count, steal: 1, frequency: 0 } });
    expect([isTooNoisy(left(2)), isTooNoisy(left(3))]).toEqual([false, true]);
  });
});

describe('what can be proved', () => {
  const random = seededRandom(3);
  const around = () => Array.from({ length: 200 }, () => 100 + random());
  const noisy = { head: around(), base: around() };

  test('is less in more rounds, and nothing in too few', () => {
    const [few, some, many] = [10, 25, 200].map((count) => smallestProvable(noisy, count, DEFAULT_BOUNDS, 1));
    expect(few).toBeUndefined();
    expect(some).toBeGreaterThan(many!);
    expect(many).toBeGreaterThan(0.02);
    expect(some).toBeLessThan(1);
  });
});
