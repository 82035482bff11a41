import { expect, test } from 'vitest';
import { operationTables, put, tablesOf } from './hook-tables.mjs';

const target = {
  ...{
    id: 't',
    kernel: 'debian:6.1',
    release: '6.1.0-x',
    version: '6.1.9-1',
    qemu: '7.2.22',
    cpu: 'qemu64-v1',
  },
};
const figure = (program: string, input: string, metric: string, rest: object) => ({
  ...{ target: 't', object: 'hooks', program, input, metric, ...rest },
});

test('tables have a column for each kernel, and say what is absent', () => {
  const tables = tablesOf({
    targets: [target],
    measurements: [
      figure('(nothing)', 'udp:64', 'pass_pps', { value: 120_000 }),
      figure('(nothing)', 'tcp', 'pass_pps', { value: 50_000 }),
      figure('xdp native', 'udp:64', 'hook_insns', { value: 2849 }),
      figure('xdp native', 'tcp', 'hook_insns', { value: 5000 }),
      figure('xdp native', 'tcp', 'pass_pps', { value: 40_000 }),
      figure('tcx ingress', 'udp:64', 'hook_insns', { absent: { reason: "no hook 'tcx'", since: '6.6' } }),
    ],
  });
  expect(tables.hook_insns.split('\n').slice(2)).toEqual([
    '| xdp native, udp:64 | 2,849 |',
    '| xdp native, tcp    | 5,000 |',
  ]);
  expect(tables['what is absent']).toBe("- 6.1: tcx ingress: no hook 'tcx' (since 6.6)");
  expect(tables['dropping early'].split('\n').slice(2)).toEqual(['| socket     | 120,000 |']);
  expect(tables['what passes'].split('\n').slice(2)).toEqual([
    '| socket     |   50,000 (0.0%) |',
    '| xdp native | 40,000 (-20.0%) |',
  ]);
  expect(tables['what was measured']).toBe('- `debian:6.1`: Linux 6.1.0-x, 6.1.9-1; QEMU 7.2.22, qemu64-v1');
});

test('a row of operations is the figure and its parts', () => {
  const operations = [
    { operation: 'program', nothing: 0, empty: 9 },
    { operation: 'rest', nothing: 1000, empty: 1100 },
  ];
  const hooks = [{ hook: 'tc ingress', insns: { nothing: 1000, empty: 1109, operations } }];
  expect(
    operationTables({ kernels: [{ target, hooks }] })
      .split('\n')
      .at(-1),
  ).toBe('| tc ingress |        109 |       9 |  100 |');
});

test('what is between the marks is replaced, and nothing else', () => {
  const [begin, end] = ['<!-- a: made by scripts/hook-tables.mjs -->', '<!-- end of a -->'];
  expect(put(`before\n${begin}\nold\n${end}\nbehind`, 'a', 'new')).toBe(
    `before\n${begin}\n\nnew\n\n${end}\nbehind`,
  );
  expect(() => put('', 'a', 'new')).toThrow("docs/hooks.md has no place for 'a'");
});
