// What every rendering of verdicts shares: which rows come first, and how figures and budgets read.

import { subtract } from '../model/decimal.ts';
import type { Report, Target, Verdict, VerdictName } from '../model/report.ts';

export interface Sections {
  /** What fails the check. */
  readonly failures: readonly Verdict[];
  /** What changed and does not. */
  readonly changed: readonly Verdict[];
  /** What could not be checked, which is not the same as passing. */
  readonly unchecked: readonly Verdict[];
  /** What is as it was, within its budget. */
  readonly rest: readonly Verdict[];
}

/** The rows of a report, each in one section, in the report's order. */
export function sections({ verdicts }: Report): Sections {
  const of = (wanted: Section) => verdicts.filter((row) => sectionOf(row) === wanted);
  return { failures: of('failures'), changed: of('changed'), unchecked: of('unchecked'), rest: of('rest') };
}

/** The verdict in one line: 'Over budget: 2 of 120 budgeted figures on 4 kernels'. */
export function headline(report: Report): string {
  const { targets, verdicts, verdict } = report;
  const kernels = count(new Set(targets.map(({ kernel }) => kernel)).size, 'kernel');
  const budgeted = verdicts.filter(({ budget }) => budget !== undefined).length;
  const of = count(budgeted, 'budgeted figure');
  const failed = targets.filter(({ status }) => status === 'failed').map(({ kernel }) => kernel);
  if (verdict === 'over') {
    const over = verdicts.filter((row) => row.verdict === 'over').length;
    const also = failed.length > 0 ? `; no figures from ${failed.join(', ')}` : '';
    return `Over budget: ${count(over, 'finding')}, ${of} on ${kernels}${also}`;
  }
  if (verdict === 'failed') {
    if (targets.length === 0) return 'No verdict: nothing was measured';
    return failed.length > 0
      ? `No verdict: ${failed.join(', ')} gave no figures`
      : 'No verdict: figures are missing';
  }
  return `Within budget: ${of} on ${kernels}`;
}

/** '2 over, 1 improved, 113 pass': how many rows have which verdict, the grave ones first. */
export function tally(report: Report): string {
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
  return order
    .map((name) => ({ name, rows: report.verdicts.filter((row) => row.verdict === name).length }))
    .filter(({ rows }) => rows > 0)
    .map(({ name, rows }) => `${rows} ${name}`)
    .join(', ');
}

/** The kernel's reference, or the target's id where one kernel has several targets. */
export function targetLabel(targets: readonly Target[], id: string): string {
  const target = targets.find((each) => each.id === id);
  if (target === undefined) return id;
  return targets.filter(({ kernel }) => kernel === target.kernel).length > 1 ? id : target.kernel;
}

/** The object is said only where two of them hold a program of that name. */
export function programLabel(row: Verdict, { verdicts }: Report): string {
  const objects = new Set(
    verdicts.filter(({ program }) => program === row.program).map(({ object }) => object),
  );
  return objects.size > 1 ? `${row.object}/${row.program}` : row.program;
}

/** '421', 'yes' or 'no', or nothing where there is no figure: missing is never 0. */
export function figureText(value: number | undefined, unit: string): string {
  if (value === undefined) return '';
  return unit === 'bool' ? (value === 0 ? 'no' : 'yes') : String(value);
}

/** '+9 (+2.14%)', as veristat writes it; no percentage of a base of 0. */
export function changeText(base: number | undefined, head: number | undefined, unit: string): string {
  if (base === undefined || head === undefined || unit === 'bool') return '';
  const change = subtract(head, base);
  const sign = change > 0 ? '+' : '';
  if (change === 0) return '0';
  if (base === 0) return `${sign}${change}`;
  return `${sign}${change} (${sign}${((100 * change) / Math.abs(base)).toFixed(2)}%)`;
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
  ];
  return facts.filter((fact) => fact !== undefined).join(', ');
}

/** What an exact figure does not say. */
export const NOT_TIME =
  'Exact figures count instructions, which are not time: cache misses, mispredicted branches and instructions that are slow by themselves do not show.';

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

type Section = keyof Sections;

function sectionOf({ verdict, change }: Verdict): Section {
  switch (verdict) {
    case 'over':
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
