// The check's report for a terminal: the verdict, what fails and why, what changed, and the rest as a count.

import type { BudgetChange, Report, Verdict } from '../model/report.ts';
import { visible, visibleLines } from './escape.ts';
import { failureLogs } from './logs.ts';
import type { RenderOptions } from './renderer.ts';
import {
  acceptedBy,
  count,
  figureText,
  headline,
  labelsOf,
  loosenedBudgets,
  NOT_TIME,
  provenance,
  rowChangeText,
  sections,
  tally,
  targetFacts,
} from './rows.ts';
import { alignTable, type Column } from './table.ts';

/** Ends with a line break. Colour is only in the verdicts and the headline, never in what comes from outside. */
export function renderTerminal(report: Report, options: RenderOptions = {}): string {
  const { failures, accepted, changed, unchecked, rest } = sections(report);
  const lines = [paint(visible(headline(report)), report.verdict, options)];
  const loosened = loosenedBudgets(report);
  const otherBudgets = (report.budgetChanges ?? []).filter(({ change }) => change !== 'loosened');
  lines.push(...budgetLines('Budgets loosened by this change', loosened, options));
  lines.push(...[tally(report), visible(provenance(report))].filter((text) => text !== ''));
  lines.push(...report.notes.map((note) => `note: ${visible(note)}`));
  lines.push(...section('', failures, report, options, whyLine));
  lines.push(...failureDetails(report));
  lines.push(...section('Accepted on purpose', accepted, report, options, acceptedLine));
  lines.push(...section('Changed', changed, report, options, options.verbose ? whyLine : undefined));
  if (options.verbose) lines.push(...budgetLines('Budgets tightened or changed', otherBudgets, options));
  lines.push(...section('Not checked', unchecked, report, options, whyLine));
  if (options.verbose) lines.push(...section('Within budget', rest, report, options));
  if (report.targets.length > 0) {
    lines.push('', ...report.targets.map((target) => visible(`${target.id}: ${targetFacts(target)}`)));
    if (report.targets.some(({ mode }) => mode === 'exact')) lines.push(NOT_TIME);
  }
  return `${lines.join('\n')}\n`;
}

const COLUMNS: readonly Column[] = [
  { header: 'Verdict', align: 'left' },
  { header: 'Kernel', align: 'left', shrinks: true },
  { header: 'Program', align: 'left', shrinks: true },
  { header: 'Input', align: 'left', shrinks: true },
  { header: 'Metric', align: 'left' },
  { header: 'Base', align: 'right' },
  { header: 'Head', align: 'right' },
  { header: 'Change', align: 'right' },
  { header: 'Budget', align: 'left' },
];

function section(
  title: string,
  rows: readonly Verdict[],
  report: Report,
  options: RenderOptions,
  detail?: (row: Verdict) => string,
): string[] {
  if (rows.length === 0) return [];
  const labels = labelsOf(report);
  const most = options.verbose ? rows.length : (options.maxRows ?? 50);
  const shown = rows.slice(0, most);
  const cells = shown.map((row) => [
    row.verdict,
    visible(labels.target(row.target)),
    visible(labels.program(row)),
    visible(row.input ?? ''),
    visible(row.metric),
    figureText(row.base, row.unit, row.intervals?.base),
    figureText(row.head, row.unit, row.intervals?.head),
    rowChangeText(row),
    visible(row.budget?.text ?? ''),
  ]);
  // A column that no row fills only takes width.
  const kept = COLUMNS.flatMap((_, i) => (cells.some((row) => row[i] !== '') ? [i] : []));
  const [header, ...lines] = alignTable(
    kept.map((i) => COLUMNS[i]!),
    cells.map((row) => kept.map((i) => row[i]!)),
    options.width,
  );
  const body = lines.flatMap((line, i) => {
    const row = shown[i]!;
    const painted =
      paint(line.slice(0, row.verdict.length), row.verdict, options) + line.slice(row.verdict.length);
    return detail ? [painted, `  ${visible(detail(row))}`] : [painted];
  });
  const more = rows.length - shown.length;
  return [
    '',
    ...(title === '' ? [] : [`${title}:`]),
    header!,
    ...body,
    ...(more > 0 ? [`and ${count(more, 'more row')} (--verbose shows all)`] : []),
  ];
}

function whyLine(row: Verdict): string {
  return `${row.why}${place(row)}`;
}

function acceptedLine({ accepted }: Verdict): string {
  return accepted === undefined ? '' : `accepted by ${acceptedBy(accepted)}: ${accepted.reason}`;
}

/** Each change of a budget: '  run_insns of xdp_lb on debian:6.1: max 420 -> max 430'. */
function budgetLines(
  title: string,
  changes: readonly BudgetChange[],
  { verbose, maxRows = 50 }: RenderOptions,
): string[] {
  if (changes.length === 0) return [];
  const shown = verbose ? changes : changes.slice(0, maxRows);
  const more = changes.length - shown.length;
  return [
    '',
    `${title}:`,
    ...shown.map(({ subject, kernels, base = 'none', head = 'none' }) => {
      const on = kernels === undefined ? '' : ` on ${kernels.join(', ')}`;
      return `  ${visible(`${subject}${on}: ${base} -> ${head}`)}`;
    }),
    ...(more > 0 ? [`  and ${count(more, 'more change')} (--verbose shows all)`] : []),
    '',
  ];
}

function place({ where, budget }: Verdict): string {
  const source = where ? `${where.file}:${where.line}` : undefined;
  const held = budget?.file === undefined ? undefined : `budget at ${budget.file}:${budget.line}`;
  const places = [source, held].filter((each) => each !== undefined);
  return places.length === 0 ? '' : ` (${places.join(', ')})`;
}

/** The console of each target that failed, the log of each program that no longer loads. */
function failureDetails(report: Report): string[] {
  const logs = failureLogs(report).map(({ title, log }) => [
    '',
    `${visible(title)}:`,
    ...visibleLines(log).map((line) => `  | ${line}`),
  ]);
  return logs.flat();
}

const COLOURS: Readonly<Record<string, number>> = {
  over: 31,
  failed: 31,
  inconclusive: 33,
  unmeasured: 33,
  'no-baseline': 33,
  improved: 32,
  pass: 32,
  new: 36,
  gone: 36,
};

function paint(text: string, verdict: string, { colour }: RenderOptions): string {
  return colour ? `\u001b[${COLOURS[verdict] ?? 0}m${text}\u001b[0m` : text;
}
