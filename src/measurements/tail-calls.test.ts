import { describe, expect, test } from 'vitest';
import { jitOf, NO_OUTCOME, outcomeOf } from './tail-calls.ts';

/** Instructions as the JIT of 6.12 writes them, in hexadecimal. */
const CHECK = ['488b85f0ffffff', '48833821', '731c'];
const DIRECT = [...CHECK, 'e912000000', '48830001', '58', '58', '0f1f440000'];
const LOOKED_UP = [
  '89d2',
  '395624',
  '762f',
  ...CHECK,
  '488b8cd610010000',
  '4885c9',
  '740b',
  '48830001',
  '58',
  '58',
];
const INDIRECT = [...LOOKED_UP, '488b4930', '4883c116', 'e900000000'];
/** Without guards, for CPUs that need none. */
const BARE = [...LOOKED_UP, '488b4930', '4883c116', 'ffe1', 'cc'];

/** The first `n` of `insns` executed `times` times, but for those of `without`. */
const counts = (
  insns: readonly string[],
  runs: readonly (readonly [n: number, times: number, without?: number])[],
) => {
  const found = new Map<number, number>();
  let offset = 0;
  for (const [i, insn] of insns.entries()) {
    const times = runs.reduce((sum, [n, times, without]) => sum + (i < n && i !== without ? times : 0), 0);
    if (times > 0) found.set(offset, times);
    offset += insn.length / 2;
  }
  return found;
};
const bytes = (insns: readonly string[]) => Buffer.from(insns.join(''), 'hex');

describe('what became of a tail call', () => {
  test.each([
    ['a jump to a program', DIRECT, [[8, 2]], { taken: 2, insns: 16 }],
    ['a jump, and an empty slot', DIRECT, [[4, 3]], { empty: 3, insns: 12 }],
    [
      'a jump, and 33 calls before',
      DIRECT,
      [
        [3, 1],
        [8, 33],
      ],
      { taken: 33, limit: 1, insns: 267 },
    ],
    ['a look-up through a thunk', INDIRECT, [[15, 5]], { taken: 5, insns: 75 }],
    ['a look-up without a thunk', BARE, [[15, 5]], { taken: 5, insns: 75 }],
    [
      'a look-up of what is beyond the end',
      INDIRECT,
      [
        [3, 4],
        [15, 1],
      ],
      { taken: 1, beyond: 4, insns: 27 },
    ],
    ['a look-up over the limit', INDIRECT, [[6, 2]], { limit: 2, insns: 12 }],
    ['a look-up of an empty slot', INDIRECT, [[9, 1]], { empty: 1, insns: 9 }],
    ['one that is never made', INDIRECT, [], {}],
  ] as const)('%s', (_, insns, runs, outcome) => {
    expect(outcomeOf(bytes(insns), counts(insns, runs))).toEqual({ ...NO_OUTCOME, ...outcome });
  });

  test('the machine code tells a jump from a look-up', () => {
    expect([DIRECT, INDIRECT, BARE].map((insns) => jitOf(bytes(insns)))).toEqual([
      'direct',
      'indirect',
      'indirect',
    ]);
  });
});
