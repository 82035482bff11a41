// Reports of the shards of one check as the one report that an unsharded check would have given. What should be there
// and is not becomes a row that fails: a gate that did not run must not pass.

import { overall } from '../budget/compare.ts';
import { TollgateError } from '../model/errors.ts';
import type { Measurement, Report, Target, Verdict } from '../model/report.ts';
import { buildReport } from './build.ts';
import { clip, visible } from './escape.ts';
import { groupBy } from './group.ts';

export interface NamedReport {
  /** What errors call it: its file. */
  readonly name: string;
  readonly report: Report;
}

/**
 * Throws TollgateError ('usage') on reports that are not of one check: another version of Tollgate, other commits,
 * another budget file, another number of shards, or two different results of one target.
 */
export function mergeReports(reports: readonly NamedReport[]): Report {
  const [first] = reports;
  if (first === undefined) throw new TollgateError('usage', 'Cannot merge reports: none was given');
  for (const agreement of MUST_AGREE) requireAgreement(reports, agreement);
  const { config, tool } = first.report;
  const commits = reports.find(({ report }) => report.commits?.base)?.report.commits ?? first.report.commits;
  const results = inOrderOf(config?.kernels ?? [], uniqueResults(reports.flatMap(resultsOf)));
  const targets = results.map(({ target }) => target);
  const lost = missing(reports, targets);
  const verdicts = [
    ...results.flatMap((result) => result.verdicts),
    ...unique(reports.flatMap(rowsWithoutTarget)),
    ...lost.map(failedRow),
  ];
  const budgetChanges = unique(reports.flatMap(({ report }) => report.budgetChanges ?? []));
  return {
    ...buildReport({
      version: tool.version,
      targets,
      measurements: results.flatMap(({ measurements }) => measurements),
      tailCalls: unique(reports.flatMap(({ report }) => report.tailCalls ?? [])),
      loads: unique(reports.flatMap(({ report }) => report.loads ?? [])),
      outcome: {
        verdicts,
        verdict: worst(reports, targets, verdicts),
        notes: [
          ...(lost.length > 0 ? [`This is not the whole check: ${lost.join('; ')}.`] : []),
          ...notesOf(reports),
        ],
      },
    }),
    ...(config === undefined ? {} : { config }),
    ...(commits === undefined ? {} : { commits }),
    ...(budgetChanges.length === 0 ? {} : { budgetChanges }),
  };
}

/** Whether budgets were held against it; else it is a measurement, and renders as one. */
export function isCheck({ config, verdicts }: Report): boolean {
  return config !== undefined || verdicts.length > 0;
}

interface Agreement {
  readonly says: string;
  readonly of: (report: Report) => unknown;
  /** A shard that could not find its base is of this check all the same: its rows and notes say what it lacks. */
  readonly mayLack?: boolean;
}

const MUST_AGREE: readonly Agreement[] = [
  { says: 'the version of Tollgate', of: ({ tool }) => tool.version },
  { says: 'the budget file', of: ({ config }) => config },
  { says: 'the commit', of: ({ commits }) => commits?.head },
  { says: 'the commit of the base', of: ({ commits }) => commits?.base, mayLack: true },
  { says: 'the number of shards', of: ({ shard }) => shard?.count },
];

function requireAgreement(reports: readonly NamedReport[], { says, of, mayLack }: Agreement): void {
  const [first, ...others] = mayLack ? reports.filter(({ report }) => of(report) !== undefined) : reports;
  const text = ({ report }: NamedReport) => JSON.stringify(of(report)) ?? 'none';
  const other = others.find((each) => text(each) !== text(first!));
  if (other === undefined) return;
  throw new TollgateError(
    'usage',
    `Cannot merge '${first!.name}' and '${other.name}': they differ in ${says} (${shown(text(first!))} and ${shown(text(other))})`,
    { hint: 'only reports of one check can be merged: one commit, one budget file, one version' },
  );
}

const shown = (text: string) => visible(clip(text, SHOWN_LENGTH));
const SHOWN_LENGTH = 200;

/** What one report says of one target. */
interface Result {
  readonly name: string;
  readonly target: Target;
  readonly measurements: readonly Measurement[];
  readonly verdicts: readonly Verdict[];
}

function resultsOf({ name, report }: NamedReport): Result[] {
  const measurements = groupBy(report.measurements, ({ target }) => target);
  const verdicts = groupBy(report.verdicts, ({ target }) => target);
  return report.targets.map((target) => ({
    name,
    target,
    measurements: measurements.get(target.id) ?? [],
    verdicts: verdicts.get(target.id) ?? [],
  }));
}

/** A job that ran twice gives exact figures twice; anything else that is there twice is a mix of two checks. */
function uniqueResults(results: readonly Result[]): Result[] {
  const facts = ({ target: { seconds: _, ...target }, measurements, verdicts }: Result) =>
    JSON.stringify([target, measurements, verdicts]);
  return [...groupBy(results, ({ target }) => target.id).values()].map(([first, ...others]) => {
    const other = others.find((each) => facts(each) !== facts(first!));
    if (other === undefined) return first!;
    throw new TollgateError(
      'usage',
      `Cannot merge '${first!.name}' and '${other.name}': both have results of ${shown(other.target.id)}, and not the same`,
      { hint: 'give one report of each job: that of its last attempt' },
    );
  });
}

/** In the budget file's order, as an unsharded check has them. */
function inOrderOf(kernels: readonly string[], results: readonly Result[]): Result[] {
  const rank = new Map([...new Set(kernels)].map((kernel, i) => [kernel, i]));
  const of = ({ target }: Result) => rank.get(target.kernel) ?? rank.size;
  return [...results].sort((a, b) => of(a) - of(b));
}

/** Rows that are about no target there is, as those that say what a merged report lacks. */
function rowsWithoutTarget({ report: { targets, verdicts } }: NamedReport): Verdict[] {
  const ids = new Set(targets.map(({ id }) => id));
  return verdicts.filter(({ target }) => !ids.has(target));
}

/** What the reports together should hold and do not, each in a sentence. */
function missing(reports: readonly NamedReport[], targets: readonly Target[]): string[] {
  const { shard, config } = reports[0]!.report;
  const given = new Set(reports.map(({ report }) => report.shard?.index));
  const shards = Array.from({ length: Math.min(shard?.count ?? 0, MOST_SHARDS) }, (_, i) => i + 1);
  const measured = new Set(targets.map(({ kernel }) => kernel));
  return [
    ...shards
      .filter((index) => !given.has(index))
      .map((index) => `shard ${index} of ${shard!.count} is missing: no report of it was given`),
    ...new Set(
      (config?.kernels ?? [])
        .filter((kernel) => !measured.has(kernel))
        .map((kernel) => `${kernel} was not measured: no report has it`),
    ),
  ];
}

/** More than GitHub's matrix can have; a count from outside makes no endless list. */
const MOST_SHARDS = 1000;

function failedRow(why: string): Verdict {
  return { target: '*', object: '*', program: '*', metric: '*', unit: '', verdict: 'failed', why };
}

/** An acceptance that finds nothing in one shard may be for another: it is idle if it is in all. */
function notesOf(reports: readonly NamedReport[]): string[] {
  const all = new Set(reports.flatMap(({ report }) => report.notes));
  return [...all].filter(
    (note) =>
      !note.startsWith('Nothing to accept ') || reports.every(({ report }) => report.notes.includes(note)),
  );
}

/** As rows and targets say, and no better than any of the reports. */
function worst(
  reports: readonly NamedReport[],
  targets: readonly Target[],
  verdicts: readonly Verdict[],
): Report['verdict'] {
  const isFailed = targets.length === 0 || targets.some(({ status }) => status === 'failed');
  const all = [
    overall(verdicts),
    isFailed ? 'failed' : 'pass',
    ...reports.map(({ report }) => report.verdict),
  ];
  return (['over', 'failed'] as const).find((each) => all.includes(each)) ?? 'pass';
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
