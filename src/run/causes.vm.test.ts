// Why figures grew, on real kernels: each known regression has its line and its cause, the verifier's visits add up to
// total_insns, and what it gives up on is named. Every kernel is made ready once and does all of it.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { differenceOf, sourceLinesOf } from '../explain/diff.ts';
import { parseConfig } from '../model/config.ts';
import { messageOf } from '../model/errors.ts';
import type { Difference, Explanation, VerifierCost } from '../model/explanation.ts';
import { inputName } from '../model/input.ts';
import type { Target } from '../model/report.ts';
import { findQemu } from '../vm/qemu.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { onKernel } from './execute.ts';
import { planObjectProfiles, profileAll, takeVisits } from './explain.ts';
import { readObject, type SideObject } from './objects.ts';
import { planJobs } from './plan.ts';
import { createPool, pooled } from './pool.ts';
import { expectedAs, LB, labOptions, OUTER_KERNELS, objectsIn, ROOT } from './testing/lab.ts';

const BASE = join(LB, 'built/base');
const CONFIG = parseConfig(readFileSync(join(BASE, 'tollgate.yml'), 'utf8'), 'tollgate.yml');
const INPUTS = Object.values(CONFIG.programs).flatMap((program) => program.inputs ?? []);
const VERIFIER = join(ROOT, 'fixtures/verifier/built');

interface Expected {
  readonly head: string;
  readonly object: string;
  readonly program: string;
  readonly input: string;
  readonly kernels?: readonly string[];
  readonly line: number;
  readonly text: string;
  readonly kind: string;
  readonly what: string;
}

const EXPECTED: readonly Expected[] = JSON.parse(readFileSync(join(LB, 'causes.json'), 'utf8'));

/** Heads that make no run dearer: bigger-map takes memory, unchanged nothing. */
const NO_CAUSE = ['bigger-map', 'unchanged'];

interface Found {
  /** By head; a message where a side could not be explained. */
  readonly differences: ReadonlyMap<string, Difference | string>;
  /** By 'object program': total_insns, and the sum of visits. */
  readonly visits: readonly (readonly [string, number, number])[];
  readonly gaveUp: VerifierCost;
}

const objectOf = (side: string, object: string) =>
  readObject(join(LB, 'built', side, `build/${object}.bpf.o`), `build/${object}.bpf.o`);

/** One kernel, everything that is asked of it. */
async function findOn(kernel: string): Promise<Found> {
  const options = labOptions();
  const qemu = await findQemu(options);
  const pool = createPool(2);
  const { result, target } = await onKernel(kernel, qemu, pool, options, async (session) => {
    const held = pooled(session, pool);
    const explainOne = async (side: 'base' | 'head', object: SideObject, { program, input }: Expected) => {
      const inputs = INPUTS.filter((each) => inputName(each) === input).slice(0, 1);
      const plans = planObjectProfiles(side, [program], { config: CONFIG, directory: BASE }, object, inputs);
      try {
        const profiles = await profileAll(held, plans, { ...options, qemu }, () => undefined);
        return profiles.find((each) => each.input === input)!;
      } catch (cause) {
        return messageOf(cause);
      }
    };
    const [bases, visits, gaveUp] = await Promise.all([
      explainBases(explainOne),
      addUpVisits(),
      takeVisits(held, 'head', readObject(join(VERIFIER, 'walk_long.bpf.o'), 'walk.bpf.o'), {
        program: 'walk',
        config: { programs: {} },
        directory: ROOT,
      }),
    ]);
    const heads = [...EXPECTED, { ...EXPECTED[0]!, head: 'unchanged' }];
    const differences = await Promise.all(
      heads.map(async (row) => {
        const object = objectOf(row.head, row.object);
        const [before, now] = [bases.get(subjectOf(row))!, await explainOne('head', object, row)];
        return [row.head, differenceBetween(before, now, { object, of: row })] as const;
      }),
    );
    return { differences: new Map(differences), visits, gaveUp };

    async function addUpVisits() {
      const objects = objectsIn(join(BASE, 'build'), 'build/');
      const jobs = planJobs({ side: 'head', objects, config: { programs: {} }, directory: BASE });
      const measured = await Promise.all(
        jobs.map(async (job) => {
          const { records } = await held.run(job.bytes);
          return records.flatMap((record) =>
            record.type === 'measurement' && record.metric === 'total_insns'
              ? [{ object: job.object, program: record.program, total: Number(record.value) }]
              : [],
          );
        }),
      );
      return await Promise.all(
        measured.flat().map(async ({ object, program, total }) => {
          const cost = await takeVisits(held, 'head', object, { program, config: CONFIG, directory: BASE });
          const sum = cost.lines.reduce((all, { visits: own }) => all + own, 0);
          return [`${object.name} ${program}`, total, sum] as const;
        }),
      );
    }
  });
  if (!result) throw new Error(`${kernel}: ${target.error?.message}\n${target.error?.tail ?? ''}`);
  return result;
}

const subjectOf = ({ object, program, input }: Expected) => [object, program, input].join(' ');

type Explain = (
  side: 'base' | 'head',
  object: SideObject,
  row: Expected,
) => Promise<Omit<Explanation, 'target'> | string>;

/** Each once, whichever heads are compared with it. */
async function explainBases(explainOne: Explain): Promise<ReadonlyMap<string, Awaited<ReturnType<Explain>>>> {
  const rows = new Map(EXPECTED.map((row) => [subjectOf(row), row]));
  return new Map(
    await Promise.all(
      [...rows].map(
        async ([key, row]) => [key, await explainOne('base', objectOf('base', row.object), row)] as const,
      ),
    ),
  );
}

function differenceBetween(
  before: Awaited<ReturnType<Explain>>,
  now: Awaited<ReturnType<Explain>>,
  { object, of }: { readonly object: SideObject; readonly of: Expected },
): Difference | string {
  if (typeof before === 'string' || typeof now === 'string')
    return [before, now].filter((side) => typeof side === 'string').join('; ');
  const target = { id: 'one' } as Target;
  return differenceOf(
    { target, ...before },
    { target, ...now },
    { base: sourceLinesOf(objectOf('base', of.object).spec), head: sourceLinesOf(object.spec) },
  );
}

test('each head of the sample has its expectation', () => {
  expect([...EXPECTED.map(({ head }) => head), ...NO_CAUSE].sort()).toEqual(
    readdirSync(join(LB, 'heads'))
      .map((name) => name.replace(/\.patch$/, ''))
      .sort(),
  );
});

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  let found: Found;

  beforeAll(async () => {
    found = await findOn(kernel);
  });

  const rows = EXPECTED.filter(({ kernels }) => kernels?.includes(expectedAs(kernel)) ?? true);
  test.each(rows)(
    '$head: the dearest change is the line that was changed',
    ({ head, line, text, kind, what }) => {
      const difference = found.differences.get(head)!;
      if (typeof difference === 'string') expect.fail(difference);
      const { warm, base, head: now } = difference;
      expect(warm.reduce((sum, cause) => sum + cause.change, 0)).toBe(now.warm - base.warm);
      expect(warm[0]).toMatchObject({ line, text, kind, what: expect.stringContaining(what) });
    },
  );

  test('a head that changes nothing has no cause', () => {
    expect(found.differences.get('unchanged')).toMatchObject({ warm: [], cold: [] });
    expect(found.differences.get('unchanged')).not.toHaveProperty('absent');
  });

  test("the verifier's visits by line add up to total_insns", () => {
    expect(found.visits.map(([program, total]) => [program, total])).toEqual(
      found.visits.map(([program, , sum]) => [program, sum]),
    );
    expect(found.visits).toHaveLength(7);
  });

  test('of a program that the verifier gives up on, the loop is named, and its visits are all but a few', () => {
    const { processed, lines, loops } = found.gaveUp;
    const sum = lines.reduce((all, { visits }) => all + visits, 0);
    // The instruction that was one too many is counted, and not told of.
    expect([processed, processed - 1]).toContain(sum);
    expect(processed).toBeGreaterThan(50_000);
    expect(loops[0]).toMatchObject({ line: 15, lastLine: 18, text: 'for (__u32 i = 0; i < ROUNDS; i++) {' });
    expect(sum - loops[0]!.visits).toBeLessThan(10);
  });
});

test('check says of a run and of total_insns that are over which line made them so, and what adds up to it', async () => {
  const report = await check(
    {
      version: 'test',
      config: { ...CONFIG, kernels: ['debian:6.12'] },
      configPath: join(LB, 'built/extra-lookup/tollgate.yml'),
      configName: 'tollgate.yml',
      base: baseFromDirectory(BASE),
      explain: true,
    },
    labOptions(),
  );
  const explained = report.verdicts.filter(
    ({ verdict, metric, why }) =>
      verdict === 'over' && /^(run|total)_insns$/.test(metric) && /dearer: /i.test(why),
  );
  expect(new Set(explained.map(({ metric }) => metric))).toEqual(new Set(['run_insns', 'total_insns']));
  for (const { where, why, metric, change } of explained) {
    expect(where).toMatchObject({
      line: 372,
      text: 'if (!bpf_map_lookup_elem(&connections, &packet->flow))',
    });
    const said = why.slice(why.indexOf('Dearer: ') + 'Dearer: '.length);
    if (metric === 'run_insns')
      expect(said).toMatch(
        /^\+\d+(\.\d+)? at lb\.bpf\.c:372 \(new: (one|[\d.]+) more bpf_map_lookup_elem on connections/,
      );
    const figures = said
      .split('; ')
      .map((part) => Number(/^[+-][\d.]+(?= (at|elsewhere|around))/.exec(part)?.[0] ?? 0));
    expect(figures.reduce((sum, figure) => sum + figure, 0)).toBeCloseTo(change!, 3);
  }
});

test('check says of a program that the verifier gives up on where it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-causes-'));
  try {
    for (const [side, name] of [
      ['base', 'walk_short'],
      ['head', 'walk_long'],
    ] as const) {
      mkdirSync(join(folder, side));
      cpSync(join(VERIFIER, `${name}.bpf.o`), join(folder, side, 'walk.bpf.o'));
    }
    const text =
      'version: 1\nkernels: ["debian:6.12"]\nobjects: ["*.bpf.o"]\nbudgets: { "*": { run_insns: { increase: 0 } } }\n';
    const report = await check(
      {
        version: 'test',
        config: parseConfig(text, 'tollgate.yml'),
        configPath: join(folder, 'head/tollgate.yml'),
        configName: 'tollgate.yml',
        base: baseFromDirectory(join(folder, 'base')),
        explain: true,
      },
      labOptions(),
    );
    const load = report.verdicts.find(({ metric }) => metric === 'load_ok')!;
    expect(load).toMatchObject({
      verdict: 'over',
      where: { line: 15, text: 'for (__u32 i = 0; i < ROUNDS; i++) {' },
    });
    expect(load.why).toMatch(
      /^walk does not load on debian:6\.12, where the base does: The sequence of 8193 jumps is too complex\. Of \d+ instructions that the verifier looked at: 100% in the loop at walk_short\.bpf\.c:15 \(\d+ rounds of for /,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
