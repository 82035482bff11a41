// The check's report for a pull request: loosened budgets and the verdict, failures with why, what changed, the rest
// folded away. Within a limit of bytes, the rest gives way first and the failures last.

import type { BudgetChange, Report, Verdict } from '../model/report.ts';
import { clip, folded, markdownCode, markdownText } from './escape.ts';
import type { Part } from './fit.ts';
import { failureLogs } from './logs.ts';
import {
  assemble,
  fixed,
  GIVES_WAY,
  linesPart,
  logsPart,
  signature,
  tableLines,
  tablePart,
} from './parts.ts';
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

/**
 * GitHub-flavoured markdown that ends with a line break. `maxRows` bounds each section; without it the failures are
 * all there, and 200 rows of each other section.
 */
export function renderMarkdown(report: Report, options: RenderOptions = {}): string {
  return assemble([...bodyParts(report, options), ...footer(report, options).map(fixed)], options);
}

/** Everything but the footer. */
export function bodyParts(report: Report, options: RenderOptions = {}): Part[] {
  const { failures, accepted, changed, unchecked, rest } = sections(report);
  const { maxRows, name } = options;
  const of = name === undefined ? '' : ` of ${markdownCode(clip(name, NAME_LENGTH))}`;
  const counts = tally(report);
  const facts = [counts === '' ? '' : `${counts}.`, markdownText(provenance(report))];
  const loosened = loosenedBudgets(report);
  const otherBudgets = (report.budgetChanges ?? []).filter(({ change }) => change !== 'loosened');
  const cells = rowCells(report);
  const why = (row: Verdict) => [...cells(row), whyText(row)];
  const most = maxRows ?? MAX_ROWS;
  return [
    fixed(`## ${SIGNS[report.verdict]} Tollgate${of}: ${markdownText(headline(report))}`),
    tablePart({
      givesWay: GIVES_WAY.loosened,
      noun: 'loosened budgets',
      table: budgetTable(loosened, most),
      total: loosened.length,
      wrap: (table) => `### ⚠️ Budgets loosened by this change\n\n${table}`,
    }),
    fixed(facts.filter((text) => text !== '').join(' ')),
    notesPart(report.notes),
    tablePart({
      givesWay: GIVES_WAY.failures,
      noun: 'failures',
      table: verdictTable(['Why'], failures.slice(0, maxRows).map(why)),
      total: failures.length,
      wrap: (table) => `### Failures\n\n${table}`,
    }),
    logsPart(failureLogs(report)),
    tablePart({
      givesWay: GIVES_WAY.accepted,
      noun: 'accepted rows',
      table: verdictTable(
        ['Accepted by', 'Reason'],
        accepted.slice(0, most).map((row) => [...cells(row), ...acceptedCells(row)]),
      ),
      total: accepted.length,
      wrap: (table) => `### Accepted on purpose\n\n${table}`,
    }),
    tablePart({
      givesWay: GIVES_WAY.otherBudgets,
      noun: 'other changes of budgets',
      table: budgetTable(otherBudgets, most),
      total: otherBudgets.length,
      wrap: (table) => folded(`Budgets tightened or changed: ${otherBudgets.length}`, table),
    }),
    tablePart({
      givesWay: GIVES_WAY.changed,
      noun: 'changed rows',
      table: verdictTable([], changed.slice(0, most).map(cells)),
      total: changed.length,
      wrap: (table) => `### Changed\n\n${table}`,
    }),
    tablePart({
      givesWay: GIVES_WAY.unchecked,
      noun: 'rows not checked',
      table: verdictTable(['Why'], unchecked.slice(0, most).map(why)),
      total: unchecked.length,
      wrap: (table) => folded(`Not checked: ${count(unchecked.length, 'row')}`, table),
    }),
    tablePart({
      givesWay: GIVES_WAY.rest,
      noun: 'rows within budget',
      table: verdictTable([], rest.slice(0, most).map(cells)),
      total: rest.length,
      wrap: (table) => folded(`Within budget: ${count(rest.length, 'row')}`, table),
    }),
    targetsPart(report),
  ];
}

/** The sentence that instructions are not time; who says all this, and where the rest of it is. */
export function footer({ targets, tool }: Report, options: RenderOptions = {}): string[] {
  return [
    ...(targets.some(({ mode }) => mode === 'exact') ? [NOT_TIME] : []),
    signature(options, tool.version),
  ];
}

/** What makes the targets' figures what they are, a line for each. */
export function targetsPart({ targets }: Report): Part {
  const lines = targets.map(
    (target) =>
      `- ${markdownCode(clip(target.id, NAME_LENGTH))}: ${markdownText(clip(targetFacts(target), TEXT_LENGTH))}`,
  );
  return linesPart(GIVES_WAY.targets, lines, 'kernels with their facts');
}

const SIGNS = { pass: '✅', over: '❌', failed: '⚠️' } as const;

const MAX_ROWS = 200;
const NAME_LENGTH = 120;
const TEXT_LENGTH = 1000;

const HEADER = ['Verdict', 'Kernel', 'Program', 'Input', 'Metric', 'Base', 'Head', 'Change', 'Budget'];
const ALIGN = ['l', 'l', 'l', 'l', 'l', 'r', 'r', 'r', 'l'];

/** A row's cells in the order of HEADER. */
function rowCells(report: Report): (row: Verdict) => string[] {
  const labels = labelsOf(report);
  const code = (text: string) => markdownCode(clip(text, NAME_LENGTH));
  return (row) => [
    row.verdict,
    code(labels.target(row.target)),
    code(labels.program(row)),
    code(row.input ?? ''),
    code(row.metric),
    figureText(row.base, row.unit, row.intervals?.base),
    figureText(row.head, row.unit, row.intervals?.head),
    rowChangeText(row),
    markdownText(clip(row.budget?.text ?? '', NAME_LENGTH)),
  ];
}

function whyText({ why, where }: Verdict): string {
  const text = markdownText(clip(why, TEXT_LENGTH));
  return where ? `${text} (${markdownCode(clip(`${where.file}:${where.line}`, NAME_LENGTH))})` : text;
}

function acceptedCells({ accepted }: Verdict): string[] {
  if (accepted === undefined) return [];
  return [markdownText(acceptedBy(accepted)), markdownText(clip(accepted.reason, TEXT_LENGTH))];
}

function verdictTable(more: readonly string[], cells: readonly (readonly string[])[]): string[] {
  return tableLines([...HEADER, ...more], [...ALIGN, ...more.map(() => 'l')], cells);
}

function budgetTable(changes: readonly BudgetChange[], most: number): string[] {
  const cells = changes
    .slice(0, most)
    .map(({ change, subject, kernels = [], base, head }) => [
      change === 'loosened' ? '' : change,
      markdownText(clip(subject, NAME_LENGTH)),
      markdownText(clip(kernels.join(', '), NAME_LENGTH)),
      markdownText(base === undefined ? 'none' : clip(base, NAME_LENGTH)),
      markdownText(head === undefined ? 'none' : clip(head, NAME_LENGTH)),
    ]);
  return tableLines(['Change', 'Budget', 'Kernels', 'Base', 'Head'], ['l', 'l', 'l', 'l', 'l'], cells);
}

function notesPart(notes: readonly string[]): Part {
  const lines = notes.map((note) => `> ${markdownText(clip(note, TEXT_LENGTH))}`);
  return linesPart(GIVES_WAY.notes, lines, 'notes', '\n\n');
}
