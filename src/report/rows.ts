// What every rendering of verdicts shares: which rows come first, and how figures and budgets read.

import { subtract } from '../model/decimal.ts';
import type { Accepted, BudgetChange, Report, Target, Verdict, VerdictName } from '../model/report.ts';
import { clip } from './escape.ts';
import { groupBy } from './group.ts';
import { worstFirst } from './worst.ts';

export interface Sections {
  /** What fails the check, the worst first. */
  readonly failures: readonly Verdict[];
  /** Over budget, and taken on purpose. */
  readonly accepted: readonly Verdict[];
  /** What changed and does not fail. */
  readonly changed: readonly Verdict[];
  /** What could not be checked, which is not the same as passing. */
  readonly unchecked: readonly Verdict[];
  /** What is as it was, within its budget. */
  readonly rest: readonly Verdict[];
}

/** The rows of a report, each in one section, in the report's order but for failures. */
export function sections({ verdicts }: Report): Sections {
  const of = (wanted: Section) => verdicts.filter((row) => sectionOf(row) === wanted);
  return {
    failures: worstFirst(of('failures')),
    accepted: of('accepted'),
    changed: of('changed'),
    unchecked: of('unchecked'),
    rest: of('rest'),
  };
}

/** The verdict in one line: 'Over budget: 2 findings, 120 budgeted figures on 4 kernels; 1 budget loosened'. */
export function headline(report: Report): string {
  const accepted = report.verdicts.filter(isAccepted).length;
  const loosened = loosenedBudgets(report).length;
  return [
    verdictWords(report),
    ...(accepted > 0 ? [`${count(accepted, 'finding')} accepted on purpose`] : []),
    ...(loosened > 0 ? [`${count(loosened, 'budget')} loosened`] : []),
  ].join('; ');
}

/** '2 over, 1 over and accepted, 113 pass': how many rows have which verdict, the grave ones first. */
export function tally({ verdicts }: Report): string {
  const order: readonly VerdictName[] = [
    'over',
    'failed',
    'inconclusive',
    'unmeasured',
    'no-baseline',
    'improved',
    'new',
    'gone',
    'pass',
  ];
  const accepted = verdicts.filter(isAccepted).length;
  const counts = order.map((name) => ({
    name: name as string,
    rows: verdicts.filter((row) => row.verdict === name && !isAccepted(row)).length,
  }));
  counts.splice(1, 0, { name: 'over and accepted', rows: accepted });
  return counts
    .filter(({ rows }) => rows > 0)
    .map(({ name, rows }) => `${rows} ${name}`)
    .join(', ');
}

/** Whether the row is over and somebody took that cost on purpose. */
export function isAccepted({ verdict, accepted }: Verdict): boolean {
  return verdict === 'over' && accepted !== undefined;
}

/** Who took the cost: 'commit 0123abc', 'label'. */
export function acceptedBy({ by, commit }: Accepted): string {
  return commit === undefined ? by : `${by} ${shortCommit(commit)}`;
}

export function loosenedBudgets({ budgetChanges = [] }: Report): BudgetChange[] {
  return budgetChanges.filter(({ change }) => change === 'loosened');
}

/** What the figures are of: 'Head 0123abc against base 4567def. Shard 2 of 4.' Empty where nothing is known. */
export function provenance({ commits = {}, shard }: Report): string {
  const { base, head } = commits;
  const against = base === undefined ? '' : `against base ${shortCommit(base)}`;
  const compared = [head === undefined ? '' : `head ${shortCommit(head)}`, against].filter(Boolean).join(' ');
  return [
    ...(compared === '' ? [] : [`${compared[0]!.toUpperCase()}${compared.slice(1)}.`]),
    ...(shard === undefined ? [] : [`Shard ${shard.index} of ${shard.count}.`]),
  ].join(' ');
}

/** Seven digits of a commit's id, as git and GitHub show it; what is no id is cut, not trusted. */
export function shortCommit(id: string): string {
  return clip(id, /^[0-9a-f]{8,}$/.test(id) ? 7 : 40, '');
}

export interface Labels {
  /** The kernel's reference, or the target's id where one kernel has several targets. */
  readonly target: (id: string) => string;
  /** The object is said only where two of them hold a program of that name. */
  readonly program: (row: Pick<Verdict, 'object' | 'program'>) => string;
}

export function labelsOf({ targets, verdicts }: Pick<Report, 'targets' | 'verdicts'>): Labels {
  const kernels = new Map(targets.map(({ id, kernel }) => [id, kernel]));
  const targetsOf = groupBy(targets, ({ kernel }) => kernel);
  const objectsOf = new Map<string, Set<string>>();
  for (const { program, object } of verdicts)
    objectsOf.set(program, (objectsOf.get(program) ?? new Set()).add(object));
  return {
    target: (id) => {
      const kernel = kernels.get(id);
      return kernel === undefined || targetsOf.get(kernel)!.length > 1 ? id : kernel;
    },
    program: ({ object, program }) =>
      (objectsOf.get(program)?.size ?? 0) > 1 ? `${object}/${program}` : program,
  };
}

/** '421', '8.31 ±0.2', 'yes' or 'no', or nothing where there is no figure: missing is never 0. */
export function figureText(value: number | undefined, unit: string, interval?: Interval): string {
  if (value === undefined) return '';
  if (unit === 'bool') return value === 0 ? 'no' : 'yes';
  return interval === undefined ? String(value) : `${value} ${spread(value, interval)}`;
}

/** '+9 (+2.14%)', as veristat writes it; no percentage of a base of 0. */
export function changeText(base: number | undefined, head: number | undefined, unit: string): string {
  if (base === undefined || head === undefined || unit === 'bool') return '';
  return withPercent(subtract(head, base), base, '');
}

/** The same of a row; of timed figures the change is what the rounds say, '+0.31 ±0.1 (+2.14%)'. */
export function rowChangeText({ base, head, unit, change, intervals }: Verdict): string {
  if (base === undefined || change === undefined || intervals?.change === undefined)
    return changeText(base, head, unit);
  return withPercent(change, base, ` ${spread(change, intervals.change)}`);
}

function withPercent(change: number, base: number, beside: string): string {
  const sign = change > 0 ? '+' : '';
  if (change === 0) return `0${beside}`;
  if (base === 0) return `${sign}${change}${beside}`;
  return `${sign}${change}${beside} (${sign}${((100 * change) / Math.abs(base)).toFixed(2)}%)`;
}

type Interval = readonly [low: number, high: number];

/** The interval's farther end, to two digits. */
function spread(value: number, [low, high]: Interval): string {
  return `±${Number(Math.max(high - value, value - low, 0).toPrecision(2))}`;
}

/** What makes the targets' figures what they are: 'debian:6.1: Linux 6.1.0, QEMU 7.2.13 (tcg), CPU qemu64-v1, exact'. */
export function targetFacts(target: Target): string {
  const facts = [
    target.release === undefined ? undefined : `Linux ${target.release}`,
    target.version,
    target.qemu === undefined ? target.accelerator : `QEMU ${target.qemu} (${target.accelerator})`,
    target.cpu === undefined ? undefined : `CPU model ${target.cpu}`,
    target.libbpf === undefined ? undefined : `libbpf ${target.libbpf}`,
    `${target.mode} mode`,
    target.note,
  ];
  return facts.filter((fact) => fact !== undefined).join(', ');
}

/** What an exact figure does not say. */
export const NOT_TIME =
  'Exact figures count instructions, which are not time: cache misses, mispredicted branches and instructions that are slow by themselves do not show.';

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function verdictWords(report: Report): string {
  const { targets, verdicts, verdict } = report;
  const kernels = count(new Set(targets.map(({ kernel }) => kernel)).size, 'kernel');
  const of = count(verdicts.filter(({ budget }) => budget !== undefined).length, 'budgeted figure');
  const lacks = lackingWords(report);
  if (verdict === 'over') {
    const over = verdicts.filter((row) => row.verdict === 'over' && !isAccepted(row)).length;
    return [`Over budget: ${count(over, 'finding')}, ${of} on ${kernels}`, ...lacks].join('; ');
  }
  if (verdict === 'failed') {
    if (targets.length === 0 && lacks.length === 0) return 'No verdict: nothing was measured';
    return `No verdict: ${lacks.length === 0 ? 'figures are missing' : lacks.join('; ')}`;
  }
  const lacksBase = verdicts.some((row) => row.verdict === 'no-baseline');
  return lacksBase
    ? `Within absolute budgets, compared with nothing: ${of} on ${kernels}`
    : `Within budget: ${of} on ${kernels}`;
}

/** What there is no verdict on: kernels that failed, then whatever else gave no figures. */
function lackingWords({ targets, verdicts }: Report): string[] {
  const failed = targets.filter(({ status }) => status === 'failed');
  const ids = new Set(failed.map(({ id }) => id));
  const others = verdicts.filter(({ verdict, target }) => verdict === 'failed' && !ids.has(target));
  const more = others.length > 1 ? ` (and ${others.length - 1} more)` : '';
  return [
    ...(failed.length > 0 ? [`no figures from ${listed(failed.map(({ kernel }) => kernel))}`] : []),
    ...(others.length > 0 ? [`${clip(others[0]!.why, 120)}${more}`] : []),
  ];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_IN_HEADLINE).map((name) => clip(name, 60));
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const NAMES_IN_HEADLINE = 3;

type Section = keyof Sections;

function sectionOf(row: Verdict): Section {
  const { verdict, change } = row;
  switch (verdict) {
    case 'over':
      return isAccepted(row) ? 'accepted' : 'failures';
    case 'failed':
      return 'failures';
    case 'unmeasured':
    case 'no-baseline':
    case 'inconclusive':
      return 'unchecked';
    case 'pass':
      return change !== undefined && change !== 0 ? 'changed' : 'rest';
    default:
      return 'changed';
  }
}
