import { expect, test } from 'vitest';
import { allowedCpusOf, cpuTimesOf, quietestOf } from './processors.ts';

const stat = (...busy: readonly number[]) =>
  [
    'cpu  9 9 9 9 9 9 9 9 0 0',
    ...busy.map((user, i) => `cpu${i} ${user} 1 1 500 50 1 1 2 0 0`),
    'intr 1',
  ].join('\n');

test('what a processor did is all but idle and waiting, steal among it', () => {
  expect([...cpuTimesOf(stat(10, 20))]).toEqual([
    [0, { busy: 16, steal: 2 }],
    [1, { busy: 26, steal: 2 }],
  ]);
});

test.each([
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['1,4-5,8', [1, 4, 5, 8]],
])('a process that may run on %s', (list, cpus) => {
  expect([...allowedCpusOf(`Name:\tnode\nCpus_allowed_list:\t${list}\n`)]).toEqual(cpus);
});

test.each([
  { before: [10, 20, 30], after: [15, 22, 40], allowed: [0, 1, 2], quietest: 1 },
  { before: [10, 20, 30], after: [15, 22, 40], allowed: [0, 2], quietest: 0 },
  { before: [10, 20, 30], after: [11, 21, 31], allowed: [0, 1, 2], quietest: 2 },
])(
  'of $before and then $after the quietest among $allowed is $quietest',
  ({ before, after, allowed, quietest }) => {
    expect(quietestOf(cpuTimesOf(stat(...before)), cpuTimesOf(stat(...after)), new Set(allowed))).toBe(
      quietest,
    );
  },
);
