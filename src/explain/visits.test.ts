import { expect, test } from 'vitest';
import type { VerifierCost } from '../model/explanation.ts';
import type { GuestRecord } from '../model/records.ts';
import { diffVisits, dominantOf, visitsByLine } from './visits.ts';

const SPEC = {
  programs: [],
  functions: [],
  lineInfo: (_: string, insn: number) =>
    insn < 4 ? { file: 'src/lb.c', line: 10 + (insn >> 1), column: 1, text: `line ${insn >> 1}` } : undefined,
};

test('visits of instructions are summed up by line, the most visited first', () => {
  const records: GuestRecord[] = [
    { type: 'visits', program: 'lb', processed: 28, visits: [0, 1, 1, 2, 2, 10, 3, 10, 9, 5] },
  ];
  expect(visitsByLine(records, 'lb', SPEC)).toEqual({
    processed: 28,
    lines: [
      { file: 'src/lb.c', line: 11, text: 'line 1', visits: 20, instructions: 2 },
      { visits: 5, instructions: 1 },
      { file: 'src/lb.c', line: 10, text: 'line 0', visits: 3, instructions: 2 },
    ],
    loops: [],
  });
});

test.each<[string, GuestRecord[], string]>([
  [
    'the guest could not count all',
    [{ type: 'visits', program: 'lb', processed: 9, visits: [], absent: 'the log is cut off' }],
    'the log is cut off',
  ],
  ['libbpf refuses the object', [{ type: 'object-rejected', reason: 'no BTF\nat all' }], 'no BTF'],
  ['nothing was said', [], 'the guest did not count'],
])('where %s there are none, and a reason', (_, records, reason) => {
  expect(visitsByLine(records, 'lb', SPEC)).toMatchObject({ lines: [], absent: { reason } });
});

const cost = (
  lines: readonly (readonly [text: string, visits: number, instructions?: number])[],
): VerifierCost => ({
  loops: [],
  processed: lines.reduce((sum, [, visits]) => sum + visits, 0),
  lines: lines.map(([text, visits, instructions = 2], i) => ({
    file: 'lb.c',
    line: 20 + i,
    text,
    visits,
    instructions,
  })),
});

test('lines that are visited more often, are new or gone are told, the greatest change first', () => {
  const base = cost([
    ['for (;;) {', 60],
    ['check(a);', 5, 1],
    ['return 0;', 4],
  ]);
  const head = cost([
    ['for (;;) {', 90],
    ['if (b > c)', 10],
    ['return 0;', 8, 3],
  ]);
  expect(diffVisits(base, head, 'lb').map(({ line, change, what }) => `${line} ${change} ${what}`)).toEqual([
    '20 30 visited 90 times, 60 before',
    '21 10 new: 2 instructions, visited 10 times',
    '21 -5 gone: 1 instruction, visited 5 times before',
    '22 4 3 instructions instead of 2, visited 8 times, 4 before',
  ]);
});

test('of a program that the verifier gave up on the loop and the lines that took most are named', () => {
  const given = cost([
    ['for (;;) {', 60],
    ['check(a);', 30],
    ['return 0;', 10],
  ]);
  const loop = { ...given.lines[0]!, lastLine: 21, visits: 90, instructions: 4, rounds: 30 };
  expect(dominantOf({ ...given, loops: [loop] })).toEqual({
    why: 'Of 100 instructions that the verifier looked at: 90% in the loop at lb.c:20 (30 rounds of for (;;) {); 60% at lb.c:20 (visited 60 times); 30% at lb.c:21 (visited 30 times); 10% at lb.c:22 (visited 10 times)',
    where: { file: 'lb.c', line: 20, text: 'for (;;) {' },
  });
  expect(dominantOf(given)?.where?.line).toBe(20);
  expect(dominantOf({ processed: 0, lines: [], loops: [] })).toBeUndefined();
});
