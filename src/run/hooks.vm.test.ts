// Measuring in place on real kernels: the same digits in every run, one instruction more is one more, nothing at all is
// nothing, whatever was measured before; and a hook that a kernel does not have is absent with the reason.

import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../model/config.ts';
import type { Measurement } from '../model/report.ts';
import { execute } from './execute.ts';
import { type HookPlan, planHooks } from './hooks.ts';
import { readObject, type SideObject } from './objects.ts';
import { configOf, DIST, KERNELS, labOptions, ROOT, TRICKY } from './testing/lab.ts';

const object = (folder: string, name: string) => readObject(join(folder, name), name);
const xdp = object(TRICKY, 'count.bpf.o');
const tc = object(TRICKY, 'count_tc.bpf.o');
const drops = object(join(DIST, 'bpf'), 'drop_xdp.bpf.o');

const HOOKS = [
  { name: 'xdp native', object: xdp, prefix: 'count_', attach: { hook: 'xdp', mode: 'native' } },
  { name: 'xdp generic', object: xdp, prefix: 'count_', attach: { hook: 'xdp', mode: 'generic' } },
  { name: 'tc ingress', object: tc, prefix: 'count_tc_', attach: { hook: 'tc', direction: 'ingress' } },
] as const;

const plan = (side: 'base' | 'head', side_object: SideObject, config: Pick<Config, 'programs'>) =>
  planHooks({ side, objects: [side_object], config, directory: ROOT, distDir: DIST });

const run = async (kernel: string, hooks: HookPlan): Promise<readonly Measurement[]> => {
  const { targets, measurements } = await execute([kernel], [], labOptions(), hooks);
  expect(targets.map(({ error }) => error)).toEqual([undefined]);
  return measurements;
};

describe.each(KERNELS)('on %s', (kernel) => {
  describe.each(HOOKS)('at $name', ({ object, prefix, attach }) => {
    let first: readonly Measurement[];
    const programs = Object.fromEntries([0, 1, 10].map((n) => [`${prefix}${n}`, { attach }]));
    const planned = plan('head', object, configOf(programs));
    const value = (measured: readonly Measurement[], metric: string, n = 0) =>
      measured.find((each) => each.metric === metric && each.program === `${prefix}${n}`)!.value!;

    beforeAll(async () => {
      first = await run(kernel, planned);
    });

    test('N instructions more in a program are N more in each figure of it', () => {
      expect(
        ['hook_total_insns', 'hook_program_insns'].flatMap((metric) =>
          [1, 10].map((n) => value(first, metric, n) - value(first, metric)),
        ),
      ).toEqual([1, 10, 1, 10]);
      expect([0, 1, 10].map((n) => value(first, 'hook_insns', n))).toEqual(
        Array(3).fill(value(first, 'hook_insns')),
      );
    });

    test('a second run in another order has the same digits', async () => {
      const jobs = new Map([...planned.jobs].reverse());
      expect(await run(kernel, { ...planned, jobs })).toEqual(first);
    });
  });
});

test('a program that drops everything has a rate of drops, and no cost of packets that get through', async () => {
  const config = configOf({ drop: { attach: { hook: 'xdp', mode: 'generic' } } });
  const figures = await run('debian:6.1', plan('head', drops, config));
  expect(figures.filter(({ value }) => value !== undefined).map(({ metric }) => metric)).toEqual([
    'hook_insns',
    'drop_pps',
  ]);
  expect(figures.find(({ metric }) => metric === 'hook_total_insns')!.absent).toEqual({
    reason: 'other events get lost with it than without: 1024 of 1024 against 0 of 1024',
  });
});
