import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { unmatchedBudgets, unmatchedPrograms } from './unmatched.ts';

const PROGRAMS = [
  { object: 'build/lb.bpf.o', program: 'xdp_lb' },
  { object: 'build/lb.bpf.o', program: 'tc_egress' },
];
const OLD = [{ object: 'build/lb.bpf.o', program: 'old_prog' }];

function config(text: string) {
  return parseConfig(`version: 1\nkernels: ["debian:6.1"]\nobjects: [a.o]\n${text}`, 't.yml');
}

test.each<[string, string[]]>([
  ['"*"', []],
  ['xdp_lb', []],
  ['"tc_*"', []],
  ['lb.bpf.o/xdp_lb', []],
  ['xdp_bl', ["Cannot use budget 'xdp_bl': it matches no program (t.yml:5:3)", "  did you mean 'xdp_lb'?"]],
  ['"zz*"', ["Cannot use budget 'zz*': it matches no program (t.yml:5:3)", '  programs: tc_egress, xdp_lb']],
  [
    'lb.o/xdp_lb',
    [
      "Cannot use budget 'lb.o/xdp_lb': it matches no program (t.yml:5:3)",
      '  programs: lb.bpf.o/tc_egress, lb.bpf.o/xdp_lb',
    ],
  ],
  [
    'old_prog',
    [
      "Cannot use budget 'old_prog': it matches no program (t.yml:5:3)",
      '  it matches a program of the base that head no longer has: remove the entry with the program',
    ],
  ],
])('the budget %s gives %j', (pattern, expected) => {
  const { budgets } = config(`budgets:\n  ${pattern}: { run_insns: 1, total_insns: 2 }\n`);
  expect(unmatchedBudgets(budgets, PROGRAMS, OLD)?.message.split('\n') ?? []).toEqual(expected);
});

test('all budgets without a program are named at once', () => {
  const { budgets } = config('budgets:\n  a: { run_insns: 1 }\n  b: { run_insns: 1 }\n');
  expect(unmatchedBudgets(budgets, [])?.message.split('\n')).toEqual([
    "Cannot use budget 'a': it matches no program (t.yml:5:3)",
    '  the objects hold no programs',
    "Cannot use budget 'b': it matches no program (t.yml:6:3)",
    '  the objects hold no programs',
  ]);
});

test('entries of programs are held to the same', () => {
  const { programs } = config('programs:\n  xdp_bl: { type: xdp }\nbudgets: { "*": { run_insns: 1 } }\n');
  expect(unmatchedPrograms(programs, PROGRAMS)?.message.split('\n')).toEqual([
    "Cannot use program entry 'xdp_bl': it matches no program (t.yml:5:3)",
    "  did you mean 'xdp_lb'?",
  ]);
});
