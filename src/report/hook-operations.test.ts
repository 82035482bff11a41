import { expect, test } from 'vitest';
import type { HookOperations } from '../model/hook-operations.ts';
import { HOOK_OPERATIONS_RENDERERS } from './hook-operations.ts';

const absent = { reason: "this kernel has no hook 'tcx'", since: '6.6' };
const OPERATIONS: HookOperations = {
  schema: 1,
  tool: { name: 'tollgate', version: '0' },
  kernels: [
    {
      target: {
        ...{ id: 'debian:6.1/exact', kernel: 'debian:6.1', arch: 'x86_64', mode: 'exact' },
        ...{ accelerator: 'tcg', status: 'ok', seconds: { boot: 0, load: 0, measure: 0 } },
      },
      hooks: [
        {
          hook: 'xdp generic',
          stimulus: 'udp:64',
          insns: {
            ...{ nothing: 100, empty: 140 },
            operations: [
              { operation: 'program', nothing: 0, empty: 7 },
              { operation: 'dispatch', nothing: 0, empty: 30 },
              { operation: 'copying', nothing: 20, empty: 21 },
              { operation: 'allocation', nothing: 30, empty: 40 },
              { operation: 'locks', nothing: 10, empty: 6 },
              { operation: 'rest', nothing: 40, empty: 36 },
            ],
          },
        },
        { hook: 'tcx ingress', stimulus: 'udp:64', absent },
        { hook: 'tcx egress', stimulus: 'udp:64', absent },
      ],
    },
  ],
};
const rendered = (name: string) =>
  HOOK_OPERATIONS_RENDERERS.find((each) => each.name === name)!.render(OPERATIONS);

test('the table has a row for each hook, whose operations add up to what it adds, and says why others have none', () => {
  expect(rendered('terminal').split('\n').slice(0, 4)).toEqual([
    'debian:6.1/exact: tcg, exact mode',
    'attached     hook_insns  program  dispatch  copying  allocation  locks  rest',
    'xdp generic          40        7        30        1          10     -4    -4',
    "- this kernel has no hook 'tcx' (since 6.6): tcx ingress, tcx egress",
  ]);
});

test('markdown has the same, and JSON all of it', () => {
  expect(rendered('markdown')).toContain('\n| xdp generic | 40 | 7 | 30 | 1 | 10 | -4 | -4 |\n');
  expect(JSON.parse(rendered('json'))).toEqual(OPERATIONS);
});
