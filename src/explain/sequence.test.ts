import { expect, test } from 'vitest';
import { matchSequences } from './sequence.ts';

/** An element is its text, and behind a dot what else is known of it. */
const MATCHING = {
  text: (each: string) => each.split('.')[0]!,
  agreement: (a: string, b: string) => (a === b ? 1 : 0),
};

/** 'a' in both, '-b' in the left alone, '+c' in the right alone, 'd>e' one for the other. */
const match = (left: string, right: string) =>
  matchSequences(left.split(' ').filter(Boolean), right.split(' ').filter(Boolean), MATCHING)
    .map(({ left: a, right: b }) =>
      a === b ? a : a === undefined ? `+${b}` : b === undefined ? `-${a}` : `${a}>${b}`,
    )
    .join(' ');

test.each([
  ['', '', ''],
  ['a b c', 'a b c', 'a b c'],
  ['a b c', 'a x b c', 'a +x b c'],
  ['a b c', 'a c', 'a c -b'],
  ['a b c d e f', 'x b c y e f', '+x b c +y e f -a -d'],
  ['', 'a b', '+a +b'],
  ['a b', '', '-a -b'],
  // edited, not new: by what they say, and only between the same neighbours
  ['a return(0) c', 'a return(1) c', 'a return(0)>return(1) c'],
  ['a return(0) c', 'a c return(1)', 'a c +return(1) -return(0)'],
  // moved
  ['a b c d', 'b c d a', 'b c d a'],
  ['a b c d', 'c d a b', 'c d a b'],
  ['a return(1) b return(0)', 'return(0) a b', 'return(0) a b -return(1)'],
  // the same text twice: neighbours decide, then what else is known
  ['a a b', 'a b', 'a b -a'],
  ['x a y', 'n a m x a y', '+n +a +m x a y'],
  ['x a y', 'x a y n a m', 'x a y +n +a +m'],
  ['a.1 a.2 a.3', 'a.2 a.3', 'a.2 a.3 -a.1'],
  ['a.1 a.2', 'a.1 a.9 a.2', 'a.1 +a.9 a.2'],
  ['a.1 a.2', 'a.7 a.1 a.2', '+a.7 a.1 a.2'],
])('%j and %j are matched as %j', (left, right, expected) => {
  expect(match(left, right)).toBe(expected);
});

test('sequences too long to compare each with each are matched at their ends, and where they were moved', () => {
  const long = Array.from({ length: 3000 }, (_, i) => `l${i}`);
  const steps = matchSequences(
    ['a', ...long, 'moved', 'z'],
    ['a', 'moved', ...long.map((_, i) => `r${i}`), 'z'],
    MATCHING,
  );
  expect(steps.filter(({ left, right }) => left !== undefined && right !== undefined)).toEqual(
    ['a', 'moved', 'z'].map((each) => ({ left: each, right: each })),
  );
  expect(steps).toHaveLength(6003);
});
