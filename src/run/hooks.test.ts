import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { HOOKS } from '../model/hooks/index.ts';
import type { HookJob } from '../model/job.ts';
import { decodeJob, decodeSequel } from '../model/window.ts';
import { collectHook, type HookPlan, planAllHooks, planHook, planHooks } from './hooks.ts';
import { readObject } from './objects.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');
const TRICKY = join(ROOT, 'fixtures/tricky/built');

function plan(file: string, programs: object, base?: string) {
  const text = JSON.stringify({ version: 1, kernels: ['debian:6.1'], objects: ['*'], programs });
  const sides = {
    head: [readObject(join(TRICKY, file), 'an object')],
    ...(base === undefined ? {} : { base: [readObject(join(TRICKY, base), 'an object')] }),
  };
  return planHooks(sides, { config: parseConfig(text, 't.yml'), directory: ROOT, distDir: DIST });
}

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (cause) {
    return cause;
  }
  throw new Error('it goes well');
}

const native = { attach: { hook: 'xdp' } };
const generic = { attach: { hook: 'xdp', mode: 'generic' } };

test('every program has arms of its own, which load what it loads', () => {
  const { jobs, hooks } = plan('count.bpf.o', { count_0: native, count_1: native, count_2: generic });
  expect(new Set(hooks.flatMap(({ arms }) => Object.values(arms))).size).toBe(9);
  const { nothing, empty, own } = hooks[0]!.arms;
  const [none, ours, users] = [nothing, empty!, own!].map((arm) => decodeJob(jobs.get(arm)!) as HookJob);
  expect([none!.objects, none!.attach, none!.chosen]).toEqual([users!.objects, undefined, 0]);
  expect({ ...ours, chosen: 2, stimuli: users!.stimuli }).toEqual(users);
  expect(users!.objects.map(({ object, program }) => [object, program])).toEqual([
    ['nop_xdp.bpf.o', 'nop'],
    ['an object', 'count_0'],
    ['an object', 'count_0'],
  ]);
  expect(hooks.map(({ input }) => input)).toEqual([
    'xdp native, udp:64',
    'xdp native, udp:64',
    'xdp generic, udp:64',
  ]);
});

test('a program that is the same at base and head is run once', () => {
  const { jobs, hooks } = plan('count.bpf.o', { count_0: native }, 'count.bpf.o');
  expect([jobs.size, hooks.map(({ side }) => side)]).toEqual([3, ['head', 'base']]);
});

test('the arms of base and head have both objects in them, base first, and differ by which of them is attached', () => {
  const { jobs, hooks } = plan('count.bpf.o', { count_0: native }, 'count_more.bpf.o');
  const [head, base] = hooks.map(({ arms }) => decodeJob(jobs.get(arms.own!)!) as HookJob);
  expect([base!.chosen, head!.chosen]).toEqual([1, 2]);
  expect({ ...base, chosen: 2 }).toEqual(head);
  expect(head!.objects.slice(1).map(({ elf, program }) => [elf.size, program])).toEqual(
    ['count_more.bpf.o', 'count.bpf.o'].map((file) => [statSync(join(TRICKY, file)).size, 'count_0']),
  );
});

test('objects whose maps would not leave room for each other are loaded alone', () => {
  const { jobs, hooks } = plan('enormous_map.bpf.o', { use_enormous: native }, 'count.bpf.o');
  const job = decodeJob(jobs.get(hooks[0]!.arms.own!)!) as HookJob;
  expect([job.objects.map(({ program }) => program), job.chosen]).toEqual([['nop', 'use_enormous'], 1]);
});

test('a program that the hook does not take is an error in head, and left out in base', () => {
  const wrong = { count_0: { attach: { hook: 'tc' } } };
  expect(() => plan('count.bpf.o', wrong)).toThrow(
    "Cannot attach 'count_0' to hook 'tc': it is a xdp program",
  );
  const other = plan('no_test_run.bpf.o', { count_0: { attach: { hook: 'tc' } } }, 'count.bpf.o');
  expect(other.hooks).toEqual([]);
});

test('an iterator over a map takes one of its object, in whichever object of the job that is', () => {
  const walk = { attach: { hook: 'iter', map: 'table' } };
  const { jobs, hooks } = plan('iter_map.bpf.o', { walk_0: walk }, 'iter_map.bpf.o');
  const arms = hooks.map(({ arms: { nothing, empty, own } }) =>
    [nothing, empty!, own!].map((arm) => decodeJob(jobs.get(arm)!) as HookJob),
  );
  expect(arms[0]!.map(({ chosen, attach, mapOf }) => [chosen, attach?.options, mapOf])).toEqual([
    [0, undefined, undefined],
    [0, { over: 'bpf_map_elem', map: 'table' }, 2],
    [2, { over: 'bpf_map_elem', map: 'table' }, 2],
  ]);
  expect(hooks.map(({ side, input }) => [side, input])).toEqual([
    ['head', 'iter bpf_map_elem table, iterate'],
    ['base', 'iter bpf_map_elem table, iterate'],
  ]);
});

test.each([
  [
    { hook: 'iter', map: 'tabel' },
    "Cannot attach 'walk_0' to hook 'iter bpf_map_elem': 'an object' has no map 'tabel'",
    "did you mean 'table'?",
    'map',
  ],
  [
    { hook: 'iter' },
    "Cannot attach 'walk_0' to hook 'iter bpf_map_elem': it takes a map",
    'attach: { hook: iter, map: NAME }; its maps: table, storage, sockets',
    'hook',
  ],
  [
    { hook: 'iter', over: 'task', map: 'table' },
    "Cannot attach 'walk_0' to hook 'iter task': it takes no map, got 'table'",
    undefined,
    'map',
  ],
])(
  'an iterator with another map than it takes is an error at its place: %o',
  (attach, message, hint, key) => {
    const programs = { walk_0: { attach } };
    const text = JSON.stringify({ version: 1, kernels: ['debian:6.1'], objects: ['*'], programs });
    const column = text.indexOf(`"${key}":`) + key.length + 4;
    expect(errorOf(() => plan('iter_map.bpf.o', programs))).toMatchObject({
      kind: 'config',
      message,
      details: { ...(hint === undefined ? {} : { hint }), place: { file: 't.yml', line: 1, column } },
    });
  },
);

test('a map that only head has leaves base without figures', () => {
  const walk = { walk_0: { attach: { hook: 'iter', map: 'table' } } };
  const head = readObject(join(TRICKY, 'iter_map.bpf.o'), 'an object');
  const base = { ...head, spec: { ...head.spec, maps: [] } };
  const text = JSON.stringify({ version: 1, kernels: ['debian:6.1'], objects: ['*'], programs: walk });
  const options = { config: parseConfig(text, 't.yml'), directory: ROOT, distDir: DIST };
  expect(planHooks({ head: [head], base: [base] }, options).hooks.map(({ side }) => side)).toEqual(['head']);
});

test("round trips are made with the user's program attached, and of ours alone with each of them", () => {
  const stimuliOf = (plan: Pick<HookPlan, 'jobs'>, arm: string) =>
    (decodeJob(plan.jobs.get(arm)!) as HookJob).stimuli.map(({ name }) => name);
  const users = plan('count.bpf.o', { count_0: native });
  const { nothing, empty, own } = users.hooks[0]!.arms;
  expect([nothing, empty!, own!].map((arm) => stimuliOf(users, arm))).toEqual([
    ['udp'],
    ['udp'],
    ['udp', 'udp_rtt'],
  ]);
  const ours = planAllHooks(DIST);
  const { arms } = ours.hooks.find(({ program }) => program === 'xdp native')!;
  expect([arms.nothing, arms.empty!, arms.drop!].map((arm) => stimuliOf(ours, arm))).toEqual([
    ['udp', 'udp_rtt'],
    ['udp', 'udp_rtt'],
    ['udp'],
  ]);
});

test('all hooks have a row for each variant, and each stimulus one for nothing attached', () => {
  const { hooks } = planAllHooks(DIST);
  const inputs = new Set(hooks.map(({ input }) => input));
  const passing = ['xdp native', 'xdp generic', 'tc ingress', 'tc egress', 'tcx ingress', 'tcx egress'];
  const overTcp = hooks.filter(
    ({ program, input, arms }) => input === 'tcp' && !arms.drop && program !== '(nothing)',
  );
  expect(overTcp.map(({ program }) => program).filter((name) => /^(xdp|tcx?) /.test(name))).toEqual(passing);
  const variants = HOOKS.flatMap((hook) => hook.variants);
  expect(hooks).toHaveLength(inputs.size + variants.length + passing.length);
  const bare = hooks.filter(({ arms }) => arms.nothing === arms.empty);
  expect(new Set(bare.map(({ input }) => input))).toEqual(inputs);
  expect(new Set(bare.map(({ program }) => program))).toEqual(new Set(['(nothing)']));
});

test('what a program is attached to is what the budget file says, else its section, else the hook', () => {
  const inputOf = (program: string, attach: object) =>
    plan('no_test_run.bpf.o', { [program]: { attach } }).hooks.map(({ input }) => input)[0];
  expect([
    inputOf('on_entry', { hook: 'fentry' }),
    inputOf('on_entry', { hook: 'fentry', function: 'tcp_sendmsg' }),
    inputOf('on_connect', { hook: 'cgroup_sock_addr' }),
  ]).toEqual([
    'fentry vfs_read, getpgid',
    'fentry tcp_sendmsg, getpgid',
    'cgroup_sock_addr connect4, socket',
  ]);
});

test('a guest that fails, or tells nothing of a stimulus, is no figure', () => {
  const [hook] = plan('count.bpf.o', { count_0: native }).hooks;
  expect(() => collectHook('t', hook!, () => [{ type: 'error', message: 'oh' }])).toThrow(
    't: the guest failed at a hook: oh',
  );
  expect(() => collectHook('t', hook!, () => [])).toThrow("t: the guest tells nothing of stimulus 'udp'");
});

test('a job that tells of its code is the job that measures, with something behind it', () => {
  const { jobs } = plan('count.bpf.o', { count_0: native });
  const object = readObject(join(TRICKY, 'count.bpf.o'), 'an object');
  const told = new Map<string, Uint8Array>();
  const options = { config: { programs: {} }, directory: ROOT, distDir: DIST };
  const probed = Uint8Array.of(1, 2, 3);
  const { arms } = planHook(options, { side: 'head', object }, 'count_0', native.attach, told, { probed })!;
  expect([arms.nothing, arms.empty!, arms.own!].map((arm) => decodeSequel(told.get(arm)!))).toEqual([
    { reportCode: [] },
    { reportCode: [] },
    { reportCode: ['count_0'], probed: { at: expect.any(Number), size: 3 } },
  ]);
  expect([...told.values()].map(decodeJob)).toEqual(
    [...jobs.values()].map(decodeJob), // in the same order: nothing, empty, its own
  );
});
