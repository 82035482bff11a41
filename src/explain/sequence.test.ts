import { expect, test } from 'vitest';
import { matchSequences } from './sequence.ts';

const same = (a: string, b: string) => a === b;
const likeness = (a: string, b: string) => (a.toLowerCase() === b.toLowerCase() ? 0.9 : 0);

/** 'a' in both, '-b' in the left alone, '+c' in the right alone, 'd>D' edited. */
const match = (left: string, right: string) =>
  matchSequences([...left], [...right], same, likeness)
    .map(({ left: a, right: b }) =>
      a === b ? a : a === undefined ? `+${b}` : b === undefined ? `-${a}` : `${a}>${b}`,
    )
    .join(' ');

test.each([
  ['', '', ''],
  ['abc', 'abc', 'a b c'],
  ['abc', 'axbc', 'a +x b c'],
  ['abc', 'ac', 'a -b c'],
  ['abc', 'aBc', 'a b>B c'],
  ['abcd', 'bcda', 'b c d a'],
  ['aab', 'ab', 'a -a b'],
  ['abcdef', 'xbcyef', '-a +x b c -d +y e f'],
  ['', 'ab', '+a +b'],
  ['ab', '', '-a -b'],
])('%j and %j are matched as %j', (left, right, expected) => {
  expect(match(left, right)).toBe(expected);
});

test('sequences too long to compare each with each are matched at their ends', () => {
  const long = Array.from({ length: 3000 }, (_, i) => `l${i}`);
  const steps = matchSequences(
    ['a', ...long, 'z'],
    ['a', ...long.map((each) => `${each}!`), 'z'],
    same,
    () => 0,
  );
  expect(steps).toHaveLength(6002);
  expect([steps[0], steps.at(-1)]).toEqual([
    { left: 'a', right: 'a' },
    { left: 'z', right: 'z' },
  ]);
});
