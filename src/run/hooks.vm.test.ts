// Measuring in place on real kernels: the same digits in every run, one instruction more is one more, nothing at all is
// nothing, whatever was measured before; and a hook that a kernel does not have is absent with the reason.

import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { HOOKS, hookLabel } from '../model/hooks/index.ts';
import type { Measurement } from '../model/report.ts';
import { isOlder } from '../model/since.ts';
import { parseStimulus, stimulusByName, stimulusLabel } from '../model/stimuli.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { execute } from './execute.ts';
import { attachmentOf, type HookPlan, type HookSides, planAllHooks, planHooks } from './hooks.ts';
import { readObject, type SideObject } from './objects.ts';
import {
  configOf,
  DIST,
  differences,
  expectedAs,
  KERNELS,
  keyOf,
  LB,
  labOptions,
  OUTER_KERNELS,
  ROOT,
  TRICKY,
} from './testing/lab.ts';

const planOf = (program: string, attach: object, sides: HookSides): HookPlan =>
  planHooks(sides, { config: configOf({ [program]: { attach } }), directory: ROOT, distDir: DIST });

const tricky = (file: string): SideObject => readObject(join(TRICKY, file), 'an object');

/** Of a hook without a user's program: its cost, two rates of packets, two round trips. */
const figuresOf = (stimulus: string): number => {
  const { unit, roundTrip } = stimulusByName(parseStimulus(stimulus)!.name)!;
  return 1 + (unit === 'packet' ? 2 : 0) + (roundTrip === undefined ? 0 : 2);
};

/** Hooks that a packet reaches when it has been sent, and where dropping it saves what is left of its way. */
const RECEIVER =
  /^(xdp|tcx? ingress|cgroup_skb ingress|socket_filter|sk_skb|netfilter (pre_routing|local_in)|lwt_in)/;

/** What a kernel is new enough for and does not have all the same: Debian builds and starts it so. */
const LACKING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'debian:5.10': {
    lsm: "this kernel starts without 'bpf' among its security modules (lockdown,capability,yama,apparmor,tomoyo)",
  },
  'debian:6.1': { 'kprobe.multi': 'this kernel is built without CONFIG_FPROBE' },
};

/**
 * Hooks whose paths through the kernel have little in common. Head has one instruction more than base, and its object takes
 * much more of the kernel's memory.
 */
const COUNTED = [
  { program: 'count_0', file: 'count.bpf.o', attach: { hook: 'xdp', mode: 'native' } },
  { program: 'count_0', file: 'count.bpf.o', attach: { hook: 'xdp', mode: 'generic' } },
  { program: 'count_tc_0', file: 'count_tc.bpf.o', attach: { hook: 'tc', direction: 'ingress' } },
];

async function run(kernel: string, plan: HookPlan): Promise<readonly Measurement[]> {
  const { targets, measurements } = await execute([kernel], [], labOptions(), plan);
  expect(targets.map(({ error }) => error)).toEqual([undefined]);
  return measurements;
}

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  let ours: readonly Measurement[];

  beforeAll(async () => {
    ours = await run(kernel, planAllHooks(DIST));
  });

  test('every hook that the kernel is new enough for has its figures, and of the others it is said why not', () => {
    const release = expectedAs(kernel).replace('debian:', '');
    const rows = HOOKS.flatMap((hook) => hook.variants.map((variant) => ({ hook, variant })));
    const said = rows.flatMap(({ hook, variant }) => {
      const program = hookLabel(hook, variant);
      const { stimulus } = attachmentOf({ hook: hook.name, ...variant });
      const input = stimulusLabel(stimulus);
      const figures = ours.filter((figure) => figure.program === program && figure.input === input);
      const [first] = figures;
      expect([program, figures.length]).toEqual([program, figuresOf(first!.input!)]);
      const lacking = LACKING[expectedAs(kernel)]?.[hook.name];
      return figures.filter(({ metric, value, absent }) => {
        if (isOlder(release, hook.since)) return absent?.since !== hook.since;
        if (lacking !== undefined) return absent?.reason !== lacking;
        return value === undefined && (metric !== 'drop_pps' || hook.drop !== undefined);
      });
    });
    expect(said.map(({ program, metric, absent }) => [program, metric, absent?.reason])).toEqual([]);
  });

  test('a second run of some in another order has the same digits', async () => {
    const { hooks, loaders, jobs } = planAllHooks(DIST);
    const some = hooks.filter((_, i) => i % 5 === KERNELS.indexOf(kernel));
    const arms = new Set(some.flatMap((hook) => Object.values(hook.arms)));
    const again = new Map([...jobs].filter(([key]) => arms.has(key)).reverse());
    const figures = await run(kernel, { hooks: some, loaders, jobs: again });
    const rows = new Set(figures.map(keyOf));
    expect(
      differences(
        ours.filter((figure) => rows.has(keyOf(figure))),
        figures,
      ),
    ).toEqual([]);
  });

  test('a hook costs something, and nothing costs nothing', () => {
    const insns = ours.filter(({ metric, value }) => metric === 'hook_insns' && value !== undefined);
    expect(insns.filter(({ program, value }) => (value === 0) !== (program === '(nothing)'))).toEqual([]);
  });

  test('what the receiver drops has been received: that is most of what a packet costs, and left to no other thread', () => {
    const rate = (metric: string, program: string, input: string) =>
      ours.find((each) => each.metric === metric && each.program === program && each.input === input)?.value;
    const ratios = ours.flatMap(({ program, input, metric, value }) => {
      if (metric !== 'drop_pps' || value === undefined || !RECEIVER.test(program)) return [];
      return [{ program, ratio: value / rate('pass_pps', '(nothing)', input!)! }];
    });
    expect(ratios.length).toBeGreaterThan(6);
    expect(ratios.filter(({ ratio }) => ratio > 1.6)).toEqual([]);
  });

  test.each(COUNTED)('one instruction more is one more in place: %o', async ({ program, file, attach }) => {
    const sides = { base: [tricky(file)], head: [tricky('count_more.bpf.o')] };
    const figures = await run(kernel, planOf(program, attach, sides));
    const of = (metric: string) =>
      ['base', 'head'].map(
        (side) => figures.find((figure) => figure.side === side && figure.metric === metric)!.value!,
      );
    const [hook, total, own] = [of('hook_insns'), of('hook_total_insns'), of('hook_program_insns')];
    expect([hook, total, own].map(([base, head]) => head! - base!)).toEqual([0, 1, 1]);
    expect(own.map((value, i) => value + hook[i]!)).toEqual(total);
    // Beside the empty program it has one, which makes the sum: nothing is left over.
    expect(own).toEqual([1, 2]);
  });
});

/** Hooks whose programs are reached by another way than an event's packet or call. */
const REACHED = [
  {
    attach: { hook: 'perf_event' },
    base: ['count_fault.bpf.o', 'count_fault_0'],
    head: ['count_fault.bpf.o', 'count_fault_1'],
  },
  {
    attach: { hook: 'struct_ops' },
    base: ['count_ack.bpf.o', 'on_ack'],
    head: ['count_ack_more.bpf.o', 'on_ack'],
  },
] as const;

const WALKED = 7;
const ENTRIES = Object.fromEntries(Array.from({ length: WALKED }, (_, i) => [`${i + 1}`, i]));

describe.each(OUTER_KERNELS)("a project's own program on %s", (kernel) => {
  test.each(REACHED)('costs one more for one instruction: $attach.hook', async ({ attach, base, head }) => {
    const measured = async ([file, program]: readonly [string, string]) => {
      const figures = await run(kernel, planOf(program, attach, { head: [tricky(file)] }));
      return ['hook_insns', 'hook_total_insns', 'hook_program_insns'].map(
        (metric) => figures.find((figure) => figure.metric === metric)!.value!,
      );
    };
    const [zero, one] = [await measured(base), await measured(head)];
    expect(zero[1]! - zero[0]!).toBe(zero[2]);
    expect(one.map((value, i) => value - zero[i]!)).toEqual([0, 1, 1]);
  });

  test("an iterator is called for each entry of the object's own map, which the budget file fills", async () => {
    const attach = { hook: 'iter', map: 'table' };
    const head = tricky('iter_map.bpf.o');
    const base = { ...head, bytes: Buffer.concat([head.bytes, Buffer.alloc(5000)]) };
    const planned = (entries: object) =>
      planHooks(
        { head: [head], base: [base] },
        {
          config: configOf({ 'walk_[01]': { attach, maps: { table: entries } } }),
          ...{ directory: ROOT, distDir: DIST },
        },
      );
    const figures = await run(kernel, planned(ENTRIES));
    expect(differences(figures, await run(kernel, planned(ENTRIES)))).toEqual([]);
    const of = (all: readonly Measurement[], side: string, program: string) =>
      ['hook_insns', 'hook_total_insns', 'hook_program_insns'].map(
        (metric) =>
          all.find((each) => each.side === side && each.program === program && each.metric === metric)!
            .value!,
      );
    const [zero, one] = [of(figures, 'head', 'walk_0'), of(figures, 'head', 'walk_1')];
    expect(one.map((value, i) => value - zero[i]!)).toEqual([0, WALKED, WALKED]);
    expect(of(figures, 'base', 'walk_1')).toEqual(one);
    expect(figures[0]!.input).toBe('iter bpf_map_elem table, iterate');
    // With fewer entries less is walked over, by the empty program, too.
    const fewer = await run(kernel, planned({ 1: 1 }));
    expect(of(fewer, 'head', 'walk_0')[0]).toBeLessThan(zero[0]!);
    expect(of(fewer, 'head', 'walk_1')[2]! - of(fewer, 'head', 'walk_0')[2]!).toBe(1);
  });

  test.each([
    ['walk_storage', 'storage'],
    ['walk_sockets', 'sockets'],
  ])("an iterator over another kind of map has its cost, too: '%s'", async (program, map) => {
    const attach = { hook: 'iter', map };
    const figures = await run(kernel, planOf(program, attach, { head: [tricky('iter_map.bpf.o')] }));
    expect(
      figures.map(({ metric, value }) => [metric, value! > 0 || metric === 'hook_program_insns']),
    ).toEqual([
      ['hook_insns', true],
      ['hook_total_insns', true],
      ['hook_program_insns', true],
    ]);
  });
});

test('a program against itself differs in nothing, in an object with other bytes, too', async () => {
  const base = readObject(join(LB, 'built/base/build/lb.bpf.o'), 'an object');
  const head = { ...base, bytes: Buffer.concat([base.bytes, Buffer.alloc(5000)]) };
  const sides = { base: [base], head: [head] };
  const figures = await run('debian:6.1', planOf('xdp_lb', { hook: 'xdp', mode: 'generic' }, sides));
  const [ofHead, ofBase] = (['head', 'base'] as const).map((side) =>
    figures.filter((figure) => figure.side === side).map((figure) => ({ ...figure, side: 'head' as const })),
  );
  expect(ofBase).toHaveLength(7);
  expect(differences(ofBase!, ofHead!)).toEqual([]);
});

test('a program that drops everything has a rate of drops, and no cost of packets that get through', async () => {
  const object = readObject(join(DIST, 'bpf/drop_xdp.bpf.o'), 'an object');
  const drop = planOf('drop', { hook: 'xdp', mode: 'generic' }, { head: [object] });
  const figures = await run('debian:6.1', drop);
  expect(figures.filter(({ value }) => value !== undefined).map(({ metric }) => metric)).toEqual([
    'hook_insns',
    'drop_pps',
  ]);
  expect(figures.find(({ metric }) => metric === 'hook_total_insns')!.absent).toEqual({
    reason: 'other events get lost with it than without: 1024 of 1024 against 0 of 1024',
  });
});

test('check holds the cost in place to its budget: ten instructions more are over', async () => {
  const text = JSON.stringify({
    version: 1,
    kernels: ['debian:6.1'],
    objects: ['build/lb.bpf.o'],
    programs: { xdp_lb: { attach: { hook: 'xdp', mode: 'generic' } } },
    budgets: { xdp_lb: { hook_total_insns: { increase: 0 }, hook_insns: { increase: 0 } } },
  });
  const { verdict, verdicts } = await check(
    {
      version: 'test',
      config: parseConfig(text, 'tollgate.yml'),
      configPath: join(LB, 'built/plus-10-insns/tollgate.yml'),
      configName: 'tollgate.yml',
      base: baseFromDirectory(join(LB, 'built/base')),
    },
    labOptions(),
  );
  const rows = verdicts.filter(({ metric }) => /^hook_(total_)?insns$/.test(metric));
  expect(rows.map(({ metric, input, verdict }) => [metric, input, verdict])).toEqual([
    ['hook_insns', 'xdp generic, udp:64', 'pass'],
    ['hook_total_insns', 'xdp generic, udp:64', 'over'],
  ]);
  expect(rows[1]!.change).toBe(10);
  expect(verdict).toBe('over');
});
