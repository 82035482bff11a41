import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { resolveBudgets } from './resolve.ts';

const LB = { object: 'build/lb.bpf.o', program: 'xdp_lb' };
const HEAD = 'version: 1\nkernels: ["debian:5.10", "debian:6.1"]\nobjects: [a.o]\nbudgets:\n';

/** Budget entries as lines of YAML, and what max and increase come to for xdp_lb on debian:6.1. */
test.each<[lines: string[], max: number | undefined, increase: unknown]>([
  [['"*": { run_insns: 1 }'], 1, undefined],
  [['tc: { run_insns: 1 }'], undefined, undefined],
  // The program's name beats a glob, a glob beats '*', whatever the order.
  [['xdp_lb: { run_insns: 1 }', '"*": { run_insns: 2 }', '"xdp_*": { run_insns: 3 }'], 1, undefined],
  [['"xdp_*": { run_insns: 1 }', '"*": { run_insns: 2 }'], 1, undefined],
  // The longer literal part wins between globs; of equally long ones the later.
  [['"xdp_l*": { run_insns: 1 }', '"xdp_*": { run_insns: 2 }'], 1, undefined],
  [['"xdp_*": { run_insns: 1 }', '"*p_lb": { run_insns: 2 }'], 2, undefined],
  // An object makes an entry closer, but not closer than the program's name.
  [['lb.bpf.o/xdp_lb: { run_insns: 1 }', 'xdp_lb: { run_insns: 2 }'], 1, undefined],
  [['"lb.bpf.o/*": { run_insns: 1 }', 'xdp_lb: { run_insns: 2 }'], 2, undefined],
  [['"lb.bpf.o/*": { run_insns: 1 }', '"*": { run_insns: 2 }'], 1, undefined],
  // Each field by itself.
  [['"*": { run_insns: { max: 9, increase: 2% } }', 'xdp_lb: { run_insns: 1 }'], 1, { percent: '2' }],
  [['xdp_lb: { run_insns: { increase: 0 } }', '"*": { run_insns: { max: 9, increase: 2% } }'], 9, 0],
  // 'none' lifts a limit.
  [
    ['"*": { run_insns: { max: 9, increase: 2% } }', 'xdp_lb: { run_insns: { increase: none } }'],
    9,
    undefined,
  ],
  // Kernels: an entry for this kernel beats one for all, in whatever order; another kernel's does not count.
  [['xdp_lb: { run_insns: [{ max: 1, kernels: "debian:6.1" }, 2] }'], 1, undefined],
  [
    ['xdp_lb: { run_insns: [{ max: 1, kernels: "debian:6.1" }, { max: 2, kernels: "debian:*" }] }'],
    1,
    undefined,
  ],
  [['xdp_lb: { run_insns: [1, { max: 2, kernels: "debian:5.10" }] }'], 1, undefined],
  // The program's part counts before the kernel's.
  [['xdp_lb: { run_insns: 1 }', '"*": { run_insns: { max: 2, kernels: "debian:6.1" } }'], 1, undefined],
  // Of equals the later one.
  [['xdp_lb: { run_insns: [1, 2] }'], 2, undefined],
])('of %j, max %s and increase %j hold', (lines, max, increase) => {
  const { budgets } = parseConfig(HEAD + lines.map((line) => `  ${line}\n`).join(''), 't.yml');
  const budget = resolveBudgets(budgets, LB, 'debian:6.1').get('run_insns');
  expect([budget?.max?.value, budget?.increase?.value]).toEqual([max, increase]);
});

test('of a rate the least and the fall are resolved apart, and lifted apart', () => {
  const lines =
    '  "*": { pass_pps: { min: 5, decrease: 2% } }\n  "xdp_*": { pass_pps: { min: 7 } }\n  xdp_lb: { pass_pps: { decrease: none, kernels: "debian:5.10" } }\n';
  const { budgets } = parseConfig(HEAD + lines, 't.yml');
  const held = (kernel: string) => {
    const budget = resolveBudgets(budgets, LB, kernel).get('pass_pps');
    return [budget?.min?.value, budget?.decrease?.value];
  };
  expect(held('debian:6.1')).toEqual([7, { percent: '2' }]);
  expect(held('debian:5.10')).toEqual([7, undefined]);
});

test('metrics do not mix', () => {
  const { budgets } = parseConfig(`${HEAD}  "*": { run_insns: 1, total_insns: 2, load_ok: true }\n`, 't.yml');
  const resolved = resolveBudgets(budgets, LB, 'debian:6.1');
  expect([...resolved].map(([metric, { max, required }]) => [metric, max?.value ?? required?.value])).toEqual(
    [
      ['run_insns', 1],
      ['total_insns', 2],
      ['load_ok', true],
    ],
  );
});

test('budgets of tail calls hold for their kind, or for both, and for no program of that name', () => {
  const { budgets } = parseConfig(
    `${HEAD}  tail_calls: { tail_call_ns: 30 }\n  tail_calls/direct: { tail_call_ns: 10 }\n  direct: { run_insns: 1 }\n`,
    't.yml',
  );
  const maxOf = (object: string, program: string) =>
    [...resolveBudgets(budgets, { object, program }, 'debian:6.1')].map(
      ([metric, { max }]) => `${metric} ${max?.value}`,
    );
  expect(maxOf('(tail calls)', 'direct')).toEqual(['tail_call_ns 10']);
  expect(maxOf('(tail calls)', 'indirect')).toEqual(['tail_call_ns 30']);
  expect(maxOf('a.o', 'direct')).toEqual(['run_insns 1']);
});
