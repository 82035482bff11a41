import { expect, test } from 'vitest';
import { frequencyWords, stealOf, stealWords } from './host-check.ts';

const stat = (steal: number, idle: number) =>
  `cpu  10 0 5 ${idle} 0 0 1 ${steal} 0 0\ncpu0 1 1 1 1 1 1 1 1\n`;

test('steal is a share of all time between two looks', () => {
  const [before, after] = [stealOf(stat(10, 100)), stealOf(stat(15, 195))];
  expect([before, after]).toEqual([
    [10, 126],
    [15, 226],
  ]);
  expect(stealWords(before, after)).toBe('5.0% stolen by a hypervisor');
  expect(stealWords(after, after)).toBe('steal not known');
});

test('a frequency that is not shown is said not to be', () => {
  expect([frequencyWords(undefined), frequencyWords('performance')]).toEqual([
    'frequency not visible',
    'frequency governor performance',
  ]);
});
