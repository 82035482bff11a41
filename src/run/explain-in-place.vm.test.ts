// Explaining in place on real kernels: what the hook and the program add is told by function to the instruction, the same
// figures that measuring gives, whoever looks on.

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Explanation } from '../model/explanation.ts';
import { parseHook } from '../model/hooks/index.ts';
import { execute } from './execute.ts';
import { explain } from './explain.ts';
import { planHooks } from './hooks.ts';
import { readObject } from './objects.ts';
import { configOf, DIST, KERNELS, LB, labOptions, OUTER_KERNELS, ROOT, TRICKY } from './testing/lab.ts';

interface Hooked {
  readonly file: string;
  readonly program: string;
  readonly hook: string;
}

const XDP = { file: join(LB, 'built/base/build/lb.bpf.o'), program: 'xdp_lb' };
const TC = { file: join(TRICKY, 'count_tc.bpf.o'), program: 'count_tc_1' };
const NATIVE: Hooked = { ...XDP, hook: 'xdp native' };
const OTHERS: readonly Hooked[] = [
  { ...XDP, hook: 'xdp generic' },
  { ...TC, hook: 'tc ingress' },
  { ...TC, hook: 'tc egress' },
];

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  // Half a minute each: native XDP on every kernel, of the others one on each.
  const hooked = [NATIVE, OTHERS[KERNELS.indexOf(kernel) % OTHERS.length]!];
  test.each(hooked)('$program at $hook adds up', async ({ file, program, hook }) => {
    const attach = parseHook(hook)!;
    const object = readObject(file, 'an object');
    const config = configOf({ [program]: { attach } });
    const { measurements } = await execute(
      [kernel],
      [],
      labOptions(),
      planHooks({ head: [object] }, { config, directory: ROOT, distDir: DIST }),
    );
    const { explanations } = await explain(
      { version: 'test', object, program, attach, kernels: [kernel], config, directory: ROOT },
      labOptions(),
    );
    const [explained] = explanations;
    expect(explained?.absent).toBeUndefined();
    const figure = (metric: string) => measurements.find((each) => each.metric === metric)?.value;
    for (const sums of everySum(explained!))
      expect(sums).toEqual([figure('hook_insns'), figure('hook_program_insns'), figure('hook_total_insns')]);
    expect(explained!.insns.warm).toBe(programInsns(explained!));
  });
});

/** hook_insns, hook_program_insns and hook_total_insns, as each way of telling has them. */
function everySum({ inPlace }: Explanation): number[][] {
  const { operations, functions, stacks } = inPlace!;
  return [[inPlace!], operations, functions, stacks].map((rows) => {
    const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + of(row), 0);
    const [nothing, empty, own] = [
      sum((row) => row.nothing),
      sum((row) => row.empty),
      sum((row) => row.own!),
    ];
    return [empty! - nothing!, own! - empty!, own! - nothing!];
  });
}

/** The sum over its instructions and calls, which no function of the stack around it is in. */
function programInsns({ instructions, calls }: Explanation): number {
  const own = instructions.reduce((sum, each) => sum + each.own.warm, 0);
  return calls.reduce((sum, each) => sum + each.insns.warm, own);
}
