// Where a hook's cost goes, on real kernels: the parts are all of the figure, to the instruction.

import { describe, expect, test } from 'vitest';
import { execute } from './execute.ts';
import { hookOperations } from './hook-operations.ts';
import { planAllHooks } from './hooks.ts';
import { DIST, labOptions, OUTER_KERNELS } from './testing/lab.ts';

const HOOKS = ['xdp native', 'xdp generic', 'tc ingress'];

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  test('what native and generic XDP and tc add is the sum of its operations, and the figure', async () => {
    const plan = planAllHooks(DIST);
    const hooks = plan.hooks
      .filter(({ program, input }) => HOOKS.includes(program) && input === 'udp:64')
      .map(({ arms: { nothing, empty }, ...rest }) => ({ ...rest, arms: { nothing, empty: empty! } }));
    const keys = new Set(hooks.flatMap(({ arms }) => Object.values(arms)));
    const jobs = new Map([...plan.jobs].filter(([key]) => keys.has(key)));
    const { measurements } = await execute([kernel], [], labOptions(), { hooks, loaders: [], jobs });
    const figures = measurements.filter(({ metric }) => metric === 'hook_insns');

    const request = { version: 'test', kernels: [kernel], hooks: HOOKS };
    const { kernels } = await hookOperations(request, labOptions());
    const told = kernels[0]!.hooks;
    expect(kernels.map(({ target }) => target.error)).toEqual([undefined]);
    expect(told.map(({ hook, absent }) => [hook, absent])).toEqual(HOOKS.map((hook) => [hook, undefined]));
    expect(told.map(({ hook, insns }) => [hook, insns!.empty - insns!.nothing])).toEqual(
      figures.map(({ program, value }) => [program, value]),
    );
    for (const { insns } of told)
      for (const arm of ['nothing', 'empty'] as const)
        expect(insns!.operations.reduce((sum, each) => sum + each[arm], 0)).toBe(insns![arm]);
    // The empty program's own, which runs in one arm alone.
    const programs = told.map(({ insns }) =>
      insns!.operations.find(({ operation }) => operation === 'program'),
    );
    expect(programs.map((each) => [each!.nothing, each!.empty > 0])).toEqual(HOOKS.map(() => [0, true]));
  });
});
