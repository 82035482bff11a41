// explain on real kernels: every instruction that run_insns counts is in one line or under one call, on the sample and
// on objects that others wrote; and looking on changes nothing.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { Explanation } from '../model/explanation.ts';
import { type Explanations, sumPairs } from '../model/explanation.ts';
import { mean } from '../model/percentile.ts';
import type { GuestRecord } from '../model/records.ts';
import { SUBJECT_AT } from '../model/window.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import type { Session } from '../vm/session.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { onKernel } from './execute.ts';
import { explain, planObjectProfiles, pooled, profileAll } from './explain.ts';
import { readObject, type SideObject } from './objects.ts';
import { createPool } from './pool.ts';
import {
  type Arm,
  debianObjects,
  expectedAs,
  KERNELS,
  LB,
  labOptions,
  measureArms,
  objectsIn,
  TRICKY,
} from './testing/lab.ts';

const BASE = join(LB, 'built/base');
const CONFIG = parseConfig(readFileSync(join(BASE, 'tollgate.yml'), 'utf8'), 'tollgate.yml');

/** Subprograms and callbacks, a 64-bit constant, a packet that is rewritten, no type information. */
const OTHERS = ['globals.bpf.o', 'rewrite.bpf.o', 'stack.bpf.o', 'test_run.bpf.o'];

let arms: readonly Required<Arm>[];

beforeAll(async () => {
  const xdpTools = (await debianObjects()).filter(({ name }) => /^trixie\/(libxdp1|xdp-tests)\//.test(name));
  const plain = { config: { programs: {} }, directory: BASE };
  arms = [
    { name: 'lb', objects: objectsIn(join(BASE, 'build'), 'build/'), config: CONFIG, directory: BASE },
    { name: 'xdp-tools', objects: xdpTools, ...plain },
    { name: 'tricky', objects: objectsIn(TRICKY).filter(({ name }) => OTHERS.includes(name)), ...plain },
  ];
});

describe.each(KERNELS)('on %s', (kernel) => {
  test('every instruction of a run is explained exactly once, cold and warm', async () => {
    const profiles = await onOne(kernel, (session, told) =>
      profileAll(session, plansOf(arms), withQemu(), told),
    );
    expect(profiles.flatMap(sums)).toEqual(profiles.flatMap(measured));
    expect(profiles.filter(({ absent }) => absent).map(({ program, absent }) => [program, absent])).toEqual(
      [],
    );
    // Which machine code is of which instruction is known of all of it.
    expect(profiles.flatMap(({ notes }) => notes)).toEqual([]);
    expect(profiles.length).toBeGreaterThan(30);
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

describe('the verifier', () => {
  test.each(['debian:6.12'])('on %s its visits by line add up to total_insns', async (kernel) => {
    const measured = (await measureArms([arms[0]!], [kernel])).figures
      .get('lb')!
      .filter(({ metric }) => metric === 'total_insns')
      .map(({ object, program, value }) => [object, program, value]);
    const pool = createPool(2);
    const found = await Promise.all(
      measured.map(([object, program]) =>
        pool.run(async () => {
          const arm = arms[0]!;
          const side = arm.objects.find(({ name }) => name === object)!;
          const { explanations } = await explainOn(kernel, arm, side, String(program), { verifier: true });
          const { verifier } = explanations[0]!;
          return [object, program, verifier!.lines.reduce((sum, { visits }) => sum + visits, 0)];
        }),
      ),
    );
    expect(found).toEqual(measured);
  });
});

const explainOn = (
  kernel: string,
  arm: Required<Arm>,
  object: SideObject,
  program: string,
  more: { readonly verifier?: boolean } = {},
): Promise<Explanations> =>
  explain(
    {
      ...more,
      version: 'test',
      object,
      program,
      kernels: [kernel],
      config: arm.config,
      directory: arm.directory,
    },
    { ...labOptions(), parallel: 1 },
  );

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

interface ExpectedCause {
  readonly head: string;
  readonly object: string;
  readonly program: string;
  readonly input: string;
  readonly kernels?: readonly string[];
  readonly change?: number;
  readonly line: number;
  readonly text: string;
  readonly what: string;
}

const EXPECTED: readonly ExpectedCause[] = JSON.parse(readFileSync(join(LB, 'causes.json'), 'utf8'));

/** Heads that make no run dearer: nothing is explained, or nothing is found. */
const NO_CAUSE = ['bigger-map', 'unchanged'];

describe('the known regressions', () => {
  const KERNEL = ['debian:6.12'];

  test('each head of the sample has its expectation', () => {
    expect([...EXPECTED.map(({ head }) => head), ...NO_CAUSE].sort()).toEqual(
      readdirSync(join(LB, 'heads'))
        .map((name) => name.replace(/\.patch$/, ''))
        .sort(),
    );
  });

  test.each(EXPECTED)('$head: the dearest change is the line that was changed, on 6.12', async (row) => {
    const { head, object, program, input, change, line, text, what } = row;
    const kernels = KERNEL.filter((kernel) => row.kernels?.includes(expectedAs(kernel)) ?? true);
    const { differences } = await explainHead(head, object, program, input, kernels);
    expect(differences.map(({ target }) => target)).toEqual(kernels.map((kernel) => `${kernel}/exact`));
    for (const { warm, base, head: now } of differences) {
      expect(warm.reduce((sum, cause) => sum + cause.change, 0)).toBe(now.warm - base.warm);
      expect(warm[0]).toMatchObject({ line, text, ...(change === undefined ? {} : { change }) });
      expect(warm[0]!.what.startsWith(what), warm[0]!.what).toBe(true);
    }
  });

  test('a head that changes nothing has no cause', async () => {
    const { differences } = await explainHead('unchanged', 'lb', 'xdp_lb', 'udp:64', KERNEL);
    expect(differences.map(({ warm, cold, absent }) => ({ warm, cold, absent }))).toEqual(
      KERNEL.map(() => ({ warm: [], cold: [], absent: undefined })),
    );
  });

  test('check says of a row that is over which line made it so', async () => {
    const configPath = join(LB, 'built/extra-lookup/tollgate.yml');
    const report = await check(
      {
        version: 'test',
        config: { ...CONFIG, kernels: [KERNEL[0]!] },
        configPath,
        configName: 'tollgate.yml',
        base: baseFromDirectory(BASE),
        explain: true,
      },
      labOptions(),
    );
    const verifier = report.verdicts.filter(
      ({ verdict, metric }) => verdict === 'over' && metric === 'total_insns',
    );
    expect(verifier.map(({ program, where }) => [program, where?.line])).toEqual([['lb_encap', 372]]);
    expect(verifier[0]!.why).toContain('. Dearer: +9 at lb.bpf.c:372 (new: 9 instructions, visited 9 times)');
    const over = report.verdicts.filter(
      ({ verdict, metric }) => verdict === 'over' && metric === 'run_insns',
    );
    // What could not be explained is a note, and never a cause.
    const explained = over.filter(({ why }) => why.includes('. Dearer: '));
    expect(explained.length).toBeGreaterThan(0);
    for (const { where, why } of explained) {
      expect(where?.text).toBe('if (!bpf_map_lookup_elem(&connections, &packet->flow))');
      expect(why).toMatch(
        /Dearer: \+\d+(\.\d+)? at lb\.bpf\.c:372 \(new, with a call of bpf_map_lookup_elem /,
      );
    }
    expect(report.notes.join('\n')).toContain('more that are over are not explained.');
  });
});

const explainHead = (
  head: string,
  object: string,
  program: string,
  input: string,
  kernels: readonly string[],
) => {
  const directory = join(LB, 'built', head);
  const read = (side: string) =>
    readObject(join(LB, 'built', side, `build/${object}.bpf.o`), `build/${object}.bpf.o`);
  return explain(
    {
      version: 'test',
      object: read(head),
      base: read('base'),
      program,
      input,
      kernels,
      config: CONFIG,
      directory,
    },
    labOptions(),
  );
};
