import { expect, test } from 'vitest';
import { accept } from '../budget/accept.ts';
import { compare } from '../budget/compare.ts';
import type { Acceptance } from '../model/accept.ts';
import { parseConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Measurement, Report, Target } from '../model/report.ts';
import { buildReport } from './build.ts';
import { mergeReports, type NamedReport } from './merge.ts';
import { headline } from './rows.ts';

const KERNELS = ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:7.2'];
const { budgets } = parseConfig(
  'version: 1\nkernels: ["debian:5.10"]\nobjects: [a.o]\nbudgets: { "*": { run_insns: { increase: 0 } } }\n',
  'tollgate.yml',
);

/** A check of some kernels, on some of which head is dearer than base. */
function checked(
  kernels: readonly string[],
  dearerOn: readonly string[] = [],
  acceptances: readonly Acceptance[] = [],
): Report {
  const targets = kernels.map(
    (kernel): Target => ({
      ...{ id: `${kernel}/exact`, kernel, arch: 'x86_64', mode: 'exact', accelerator: 'tcg', status: 'ok' },
      seconds: { boot: 1, load: 1, measure: 1 },
    }),
  );
  const figure = (target: string, side: 'base' | 'head', program: string, value: number): Measurement => ({
    ...{ target, side, object: 'a.o', program, metric: 'run_insns', unit: 'insns', value },
  });
  const measurements = targets.flatMap(({ id, kernel }) =>
    ['xdp_lb', 'tc'].flatMap((program) => [
      figure(id, 'base', program, 400),
      figure(id, 'head', program, dearerOn.includes(kernel) ? 410 : 400),
    ]),
  );
  const compared = compare({ targets, measurements, rules: budgets, base: { exists: true } });
  return {
    ...buildReport({
      version: '0.1.0',
      targets,
      measurements,
      outcome: accept(compared, acceptances),
      notes: ['a note'],
    }),
    config: { file: 'tollgate.yml', kernels: KERNELS },
    commits: { base: 'b'.repeat(40), head: 'a'.repeat(40) },
    budgetChanges: [{ change: 'loosened', subject: 'run_insns of *' }],
  };
}

const named = (reports: readonly Report[]): NamedReport[] =>
  reports.map((report, i) => ({ name: `${String.fromCharCode(97 + i)}.json`, report }));

function sharded(count: number, dearerOn: readonly string[] = []): Report[] {
  return Array.from({ length: count }, (_, i) => ({
    ...checked(
      KERNELS.filter((_, kernel) => kernel % count === i),
      dearerOn,
    ),
    shard: { index: i + 1, count },
  }));
}

test.each([
  [1, []],
  [2, []],
  [3, ['debian:6.1']],
  [4, ['debian:5.10', 'debian:7.2']],
])('%d shards, in whatever order they come, merge into the report of the whole', (count, dearerOn) => {
  const whole = checked(KERNELS, dearerOn);
  expect(mergeReports(named(sharded(count, dearerOn)))).toEqual(whole);
  expect(mergeReports(named(sharded(count, dearerOn).reverse()))).toEqual(whole);
});

test('a kernel per job, without shards, merges as well', () => {
  const reports = KERNELS.map((kernel) => checked([kernel], ['debian:6.1']));
  expect(mergeReports(named(reports))).toEqual(checked(KERNELS, ['debian:6.1']));
});

test('a merged report merges again into itself', () => {
  const whole = checked(KERNELS);
  expect(mergeReports(named([mergeReports(named([whole]))]))).toEqual(whole);
});

test('a missing shard and its kernels are named, and there is no verdict', () => {
  const merged = mergeReports(named(sharded(4).filter((_, i) => i !== 2)));
  expect(merged.verdict).toBe('failed');
  expect(merged.verdicts.filter(({ verdict }) => verdict === 'failed')).toEqual([
    {
      ...{ target: '*', object: '*', program: '*', metric: '*', unit: '', verdict: 'failed' },
      why: 'shard 3 of 4 is missing: no report of it was given',
    },
    {
      ...{ target: '*', object: '*', program: '*', metric: '*', unit: '', verdict: 'failed' },
      why: 'debian:6.12 was not measured: no report has it',
    },
  ]);
  expect(merged.notes).toEqual([
    'This is not the whole check: shard 3 of 4 is missing: no report of it was given; debian:6.12 was not measured: no report has it.',
    'a note',
  ]);
  expect(headline(merged)).toBe(
    'No verdict: shard 3 of 4 is missing: no report of it was given (and 1 more); 1 budget loosened',
  );
});

test('a missing kernel does not hide a budget that is exceeded', () => {
  const merged = mergeReports(named([checked(['debian:6.1'], ['debian:6.1'])]));
  expect(merged.verdict).toBe('over');
  expect(merged.verdicts.filter(({ verdict }) => verdict === 'failed')).toHaveLength(3);
});

test('a merged report that lacks a shard keeps lacking it', () => {
  const merged = mergeReports(named(sharded(4).slice(1)));
  expect(mergeReports(named([merged])).verdict).toBe('failed');
});

test('a job that ran twice with the same figures counts once, whatever time it took', () => {
  const [first, ...others] = sharded(4);
  const seconds = { boot: 9, load: 9, measure: 9 };
  const again = { ...first!, targets: first!.targets.map((target) => ({ ...target, seconds })) };
  expect(mergeReports(named([first!, again, ...others]))).toEqual(checked(KERNELS));
});

test.each<[string, Partial<Report>, string]>([
  [
    'another version',
    { tool: { name: 'tollgate', version: '0.2.0' } },
    'they differ in the version of Tollgate ("0.1.0" and "0.2.0")',
  ],
  [
    'another commit',
    { commits: { head: 'ccccccc' } },
    `they differ in the commit ("${'a'.repeat(40)}" and "ccccccc")`,
  ],
  [
    'another base',
    { commits: { head: 'a'.repeat(40), base: 'ccccccc' } },
    `they differ in the commit of the base ("${'b'.repeat(40)}" and "ccccccc")`,
  ],
  [
    'another budget file',
    { config: { file: 'other.yml', kernels: [] } },
    `they differ in the budget file ({"file":"tollgate.yml","kernels":${JSON.stringify(KERNELS)}} and {"file":"other.yml","kernels":[]})`,
  ],
  [
    'another number of shards',
    { shard: { index: 2, count: 3 } },
    'they differ in the number of shards (2 and 3)',
  ],
  [
    'other figures of a kernel',
    { targets: checked(['debian:5.10']).targets },
    'both have results of debian:5.10/exact, and not the same',
  ],
])('a report of %s is not merged', (_, part, says) => {
  const [first, second] = sharded(2);
  expect(() => mergeReports(named([first!, { ...second!, ...part }]))).toThrow(
    expect.objectContaining({ kind: 'usage', message: `Cannot merge 'a.json' and 'b.json': ${says}` }),
  );
});

test('a shard that found no base is merged, and the base of the others is named', () => {
  const [first, second] = sharded(2);
  const { head } = first!.commits!;
  const merged = mergeReports(named([{ ...first!, commits: { head: head! } }, second!]));
  expect(merged.commits).toEqual(second!.commits);
});

test('a shard and a report that is none are not merged', () => {
  expect(() => mergeReports(named([sharded(2)[0]!, checked(KERNELS)]))).toThrow(
    "Cannot merge 'a.json' and 'b.json': they differ in the number of shards (2 and none)",
  );
});

test('no report at all is an error', () => {
  expect(() => mergeReports([])).toThrow(new TollgateError('usage', 'Cannot merge reports: none was given'));
});

const ACCEPTANCE = { metric: 'run_insns', program: 'xdp_lb', reason: 'worth it', by: 'commit' } as const;

test('a cost that is accepted in one shard is not said to be idle in the others', () => {
  const reports = KERNELS.map((kernel) => checked([kernel], ['debian:6.1'], [ACCEPTANCE]));
  expect(reports[0]!.notes[0]).toMatch(/^Nothing to accept /);
  const whole = checked(KERNELS, ['debian:6.1'], [ACCEPTANCE]);
  expect(mergeReports(named(reports))).toEqual(whole);
  expect(whole.notes).toEqual(['a note']);
});

test('a cost that is accepted and over in no shard is said to be idle, once', () => {
  const reports = KERNELS.map((kernel) => checked([kernel], [], [ACCEPTANCE]));
  expect(mergeReports(named(reports))).toEqual(checked(KERNELS, [], [ACCEPTANCE]));
});

test.each<[Partial<Report>, Report['verdict']]>([
  [{ verdict: 'over' }, 'over'],
  [{ verdict: 'failed' }, 'failed'],
  [{ targets: [], config: { file: 'tollgate.yml', kernels: [] } }, 'failed'],
])('a report that says %j is not made better by merging', (part, verdict) => {
  expect(mergeReports(named([{ ...checked(KERNELS), ...part }])).verdict).toBe(verdict);
});
