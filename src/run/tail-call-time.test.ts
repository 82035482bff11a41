import { expect, test } from 'vitest';
import type { Rounds } from '../model/timed.ts';
import { LENGTHS } from './tail-call-cost.ts';
import { chainSlopes } from './tail-call-time.ts';

/** Two rounds of a chain of that length: 20 ns of an empty program's, 3 of its own, 5 or 7 for each call. */
const chain = (length: number): Rounds => ({
  head: [23 + 5 * length, 23 + 7 * length],
  base: [],
  empty: [20, 20.33],
  emptyAgain: [20, 19.67],
  discarded: { interrupted: 1, steal: 0, frequency: 0 },
  runsInBatch: 100,
  seconds: 0.5,
});

test('a tail call is the slope of each round over the length, and its floor is the empty program’s by the longest chain', () => {
  const { nets, rounds } = chainSlopes(LENGTHS.map(chain))!;
  expect(nets[0]).toEqual([3, 3]);
  const close = (values: readonly number[]) => values.map((value) => Math.round(1000 * value) / 1000);
  expect({
    ...rounds,
    head: close(rounds.head),
    empty: close(rounds.empty),
    emptyAgain: close(rounds.emptyAgain),
  }).toEqual({
    head: [5, 7],
    base: [],
    empty: [0, 0.01],
    emptyAgain: [-0, -0.01],
    discarded: { interrupted: 6, steal: 0, frequency: 0 },
    runsInBatch: 100,
    seconds: 3,
  });
});

test('without rounds of every length there is no slope', () => {
  const all = LENGTHS.map(chain);
  expect(chainSlopes(all.slice(1))).toBeUndefined();
  expect(chainSlopes(all.with(2, { ...all[2]!, head: [] }))).toBeUndefined();
});
