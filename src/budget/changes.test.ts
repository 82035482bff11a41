import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { BudgetChange } from '../model/report.ts';
import { budgetChanges } from './changes.ts';

const PROGRAMS = ['xdp_lb', 'xdp_fw'].map((program) => ({ object: 'build/lb.bpf.o', program }));
const HEAD = 'version: 1\nkernels: ["debian:5.10", "debian:6.1"]\nobjects: ["build/*.o"]\n';
const config = (rest: string, head = HEAD) => parseConfig(`${head}${rest}\n`, 'tollgate.yml');
const changes = (base: string, head: string) => budgetChanges(config(base), config(head), PROGRAMS);
const budgets = (text: string) => `budgets: { ${text} }`;

test.each<[string, string, string, BudgetChange[]]>([
  [
    'a maximum raised',
    'xdp_lb: { run_insns: { max: 420 } }',
    'xdp_lb: { run_insns: { max: 421 } }',
    [{ change: 'loosened', subject: 'run_insns of xdp_lb', base: 'max 420', head: 'max 421' }],
  ],
  [
    'a maximum lowered',
    'xdp_lb: { run_insns: { max: 420 } }',
    'xdp_lb: { run_insns: { max: 419 } }',
    [{ change: 'tightened', subject: 'run_insns of xdp_lb', base: 'max 420', head: 'max 419' }],
  ],
  [
    'a budget removed',
    'xdp_lb: { run_insns: { max: 420, increase: 2% } }',
    'xdp_fw: { total_insns: 9 }',
    [
      { change: 'loosened', subject: 'run_insns of xdp_lb', base: 'max 420, increase 2%' },
      { change: 'tightened', subject: 'total_insns of xdp_fw', head: 'max 9' },
    ],
  ],
  [
    'a maximum lowered and an increase allowed',
    'xdp_lb: { run_insns: { max: 420, increase: 0 } }',
    'xdp_lb: { run_insns: { max: 400, increase: 1 } }',
    [
      {
        change: 'loosened',
        subject: 'run_insns of xdp_lb',
        base: 'max 420, increase 0',
        head: 'max 400, increase 1',
      },
    ],
  ],
  [
    'a count in the place of a percentage, which may be either',
    'xdp_lb: { run_insns: { increase: 2% } }',
    'xdp_lb: { run_insns: { increase: 5 } }',
    [{ change: 'loosened', subject: 'run_insns of xdp_lb', base: 'increase 2%', head: 'increase 5' }],
  ],
  [
    'a minimum lowered',
    'xdp_lb: { pass_pps: { min: 420 } }',
    'xdp_lb: { pass_pps: { min: 419 } }',
    [{ change: 'loosened', subject: 'pass_pps of xdp_lb', base: 'min 420', head: 'min 419' }],
  ],
  [
    'a minimum raised, and a decrease allowed less of',
    'xdp_lb: { pass_pps: { min: 420, decrease: 2% } }',
    'xdp_lb: { pass_pps: { min: 421, decrease: 1% } }',
    [
      {
        change: 'tightened',
        subject: 'pass_pps of xdp_lb',
        base: 'min 420, decrease 2%',
        head: 'min 421, decrease 1%',
      },
    ],
  ],
  [
    'a decrease allowed more of',
    'xdp_lb: { pass_pps: { decrease: 0 } }',
    'xdp_lb: { pass_pps: { decrease: 1 } }',
    [{ change: 'loosened', subject: 'pass_pps of xdp_lb', base: 'decrease 0', head: 'decrease 1' }],
  ],
  [
    'a program that need not load any more, on one kernel',
    'xdp_lb: { run_insns: 9 }',
    'xdp_lb: { run_insns: 9, load_ok: { required: false, kernels: "debian:5.10" } }',
    [
      {
        change: 'loosened',
        subject: 'load_ok of xdp_lb',
        kernels: ['debian:5.10'],
        head: 'not required',
      },
    ],
  ],
  [
    "a rule for all that replaces each program's own",
    'xdp_lb: { run_insns: 9 }, xdp_fw: { run_insns: 9 }',
    '"*": { run_insns: 9 }',
    [],
  ],
  [
    'one change of many programs, in one line',
    '"*": { run_insns: 9 }',
    '"*": { run_insns: 10 }',
    [{ change: 'loosened', subject: 'run_insns of xdp_lb, xdp_fw', base: 'max 9', head: 'max 10' }],
  ],
])('%s', (_, base, head, expected) => {
  expect(changes(budgets(base), budgets(head))).toEqual(expected);
});

test('a kernel or an object that is no longer measured is looser, one more is not', () => {
  const head = HEAD.replace('"debian:5.10", ', '').replace('build/*.o', 'out/*.o');
  expect(budgetChanges(config(''), config('', head), PROGRAMS)).toEqual([
    { change: 'loosened', subject: 'kernels', base: 'debian:5.10, debian:6.1', head: 'debian:6.1' },
    { change: 'loosened', subject: 'objects', base: 'build/*.o', head: 'out/*.o' },
  ]);
  expect(
    budgetChanges(
      config('', head),
      config('', head.replace('["debian', '["debian:5.10", "debian')),
      PROGRAMS,
    ),
  ).toEqual([{ change: 'changed', subject: 'kernels', base: 'debian:6.1', head: 'debian:5.10, debian:6.1' }]);
});

test('what a program runs on is shown where it changes', () => {
  const base =
    'machine: { cpu: EPYC }\nprograms: { xdp_lb: { inputs: [{ udp: 64 }, { tcp: 64 }], maps: { a: { 0: 1 } } } }';
  const head = 'programs: { xdp_lb: { inputs: [{ udp: 64 }], maps: { a: { 0: 2 } } } }';
  expect(changes(base, head)).toEqual([
    { change: 'changed', subject: 'machine.cpu', base: 'EPYC' },
    { change: 'loosened', subject: 'inputs of xdp_lb', base: 'udp:64, tcp:64', head: 'udp:64' },
    { change: 'changed', subject: 'maps of xdp_lb', base: '{"a":{"0":"1"}}', head: '{"a":{"0":"2"}}' },
  ]);
});

test('the same file has no changes', () => {
  const text = `machine: { cpu: EPYC }\nmap_sizes: { a: 5 }\n${budgets('xdp_lb: { run_insns: { max: 420 } }')}`;
  expect(changes(text, text)).toEqual([]);
});
