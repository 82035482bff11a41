// explain on real kernels: every instruction that run_insns counts is in one line or under one call, on the sample and
// on objects that others wrote; and looking on changes nothing.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { type Explanation, sumPairs } from '../model/explanation.ts';
import { mean } from '../model/percentile.ts';
import type { GuestRecord } from '../model/records.ts';
import { SUBJECT_AT } from '../model/window.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import type { Session } from '../vm/session.ts';
import { onKernel } from './execute.ts';
import { planObjectProfiles, profileAll } from './explain.ts';
import { createPool, pooled } from './pool.ts';
import { type Arm, debianObjects, LB, labOptions, OUTER_KERNELS, objectsIn, TRICKY } from './testing/lab.ts';

const BASE = join(LB, 'built/base');
const CONFIG = parseConfig(readFileSync(join(BASE, 'tollgate.yml'), 'utf8'), 'tollgate.yml');

/** An interrupt within a run, subprograms and callbacks, a 64-bit constant, a rewritten packet, no type information. */
const OTHERS = ['events.bpf.o', 'globals.bpf.o', 'rewrite.bpf.o', 'stack.bpf.o', 'test_run.bpf.o'];

let arms: readonly Required<Arm>[];

beforeAll(async () => {
  const xdpTools = (await debianObjects()).filter(({ name }) => /^trixie\/(libxdp1|xdp-tests)\//.test(name));
  // xdp-filter's maps, of 65,536 and 10,000 per-CPU entries, cost seconds to make.
  const map_sizes = { filter_ports: 64, filter_ipv4: 64, filter_ipv6: 64, filter_ethernet: 64 };
  const plain = { config: { programs: {}, map_sizes }, directory: BASE };
  arms = [
    { name: 'lb', objects: objectsIn(join(BASE, 'build'), 'build/'), config: CONFIG, directory: BASE },
    { name: 'xdp-tools', objects: xdpTools, ...plain },
    { name: 'tricky', objects: objectsIn(TRICKY).filter(({ name }) => OTHERS.includes(name)), ...plain },
  ];
});

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  test('every instruction of a run is explained exactly once, cold and warm', async () => {
    const profiles = await onOne(kernel, (session, told) =>
      profileAll(session, plansOf(arms), withQemu(), told),
    );
    const explained = profiles.filter(({ absent }) => !absent);
    expect(explained.flatMap(sums)).toEqual(explained.flatMap(measured));
    // Which machine code is of which instruction is known of all of it.
    expect(explained.flatMap(({ notes }) => notes)).toEqual([]);
    expect(explained.length).toBeGreaterThan(30);
    const reasons = profiles.flatMap(({ program, absent }) => (absent ? [[program, absent.reason]] : []));
    const noTestRun = ['route_seg6', 'this kernel has no test run for the type (ENOTSUPP)'];
    expect(reasons).toEqual(kernel === 'debian:5.10' ? [] : [noTestRun]);
  });

  test('the guest says the same to the byte whether anyone looks on or not', async () => {
    const [alone, watched] = await onOne(kernel, async (session) => {
      const { bytes } = plansOf(arms.filter(({ name }) => name === 'lb')).find(
        ({ object }) => object.name === 'build/lb.bpf.o',
      )!;
      const plugin = await findPlugin('callpaths', qemu, labOptions());
      if ('reason' in plugin) throw new Error(plugin.reason);
      const settings = { at: String(SUBJECT_AT), out: '/dev/null' };
      const runs = [
        session.run(bytes),
        session.run(bytes, ({ windowPath }) =>
          pluginArguments(plugin.path, { ...settings, window: windowPath }),
        ),
      ];
      return await Promise.all(runs.map(async (run) => (await run).records.map(figuresAlone)));
    });
    expect(watched).toEqual(alone);
    expect(alone!.length).toBeGreaterThan(50);
  });
});

let qemu: Qemu;
beforeAll(async () => {
  qemu = await findQemu(labOptions());
});
const withQemu = () => ({ ...labOptions(), qemu });

async function onOne<T>(
  kernel: string,
  work: (session: Session, told: Parameters<Parameters<typeof onKernel>[4]>[1]) => Promise<T>,
): Promise<T> {
  const pool = createPool(2);
  const { result, target } = await onKernel(kernel, qemu, pool, labOptions(), (session, told) =>
    work(pooled(session, pool), told),
  );
  if (result === undefined) throw new Error(target.error?.message);
  return result;
}

const plansOf = (of: readonly Required<Arm>[]) =>
  of.flatMap(({ objects, ...arm }) =>
    objects.flatMap((object) => {
      const runnable = object.spec.programs.map(({ name }) => name);
      return planObjectProfiles('head', runnable, arm, object);
    }),
  );

/** Without the seconds of this machine, and the addresses, which 5.10 draws by chance. */
function figuresAlone(record: GuestRecord): unknown {
  if (record.type === 'seconds') return { type: 'seconds' };
  if (record.type !== 'runs') return record;
  return { ...record, images: record.images.map(({ address, ...image }) => image) };
}

type Untargeted = Omit<Explanation, 'target'>;

const measured = ({ object, program, input, ...profile }: Untargeted) => [
  [object, program, input, 'run_insns', profile.run_insns],
  [object, program, input, 'run_insns_cold', profile.run_insns_cold],
];

/** run_insns and run_insns_cold as the lines have them; as instructions and calls have them, they must be the same. */
function sums({ object, program, input, packets, lines, calls, instructions, ...said }: Untargeted) {
  const inLines = sumPairs(lines.flatMap(({ own, called }) => [own, called]));
  const inRows = sumPairs([...instructions.map(({ own }) => own), ...calls.map(({ insns }) => insns)]);
  const inStacks = sumPairs(said.stacks.map(({ insns }) => insns));
  expect([inRows, inStacks, said.insns]).toEqual([inLines, inLines, inLines]);
  // A program that redirects returns by another way than an empty one: 6.1 takes an instruction more for it.
  if (!/redirect|xsk_def_prog/.test(program)) expect(said.outside).toEqual({ cold: 0, warm: 0 });
  return [
    [object, program, input, 'run_insns', mean([(inLines.warm + said.outside.warm) / packets])],
    [object, program, input, 'run_insns_cold', inLines.cold + said.outside.cold],
  ];
}
