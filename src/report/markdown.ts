// The check's report for a pull request: the verdict, failures with why, what changed, the rest folded away.

import { markdownTable } from 'markdown-table';
import type { Report, Verdict } from '../model/report.ts';
import { markdownBlock, markdownCode, markdownText } from './escape.ts';
import { failureLogs } from './logs.ts';
import type { RenderOptions } from './renderer.ts';
import {
  changeText,
  count,
  figureText,
  headline,
  NOT_TIME,
  programLabel,
  sections,
  tally,
  targetFacts,
  targetLabel,
} from './rows.ts';

/** GitHub-flavoured markdown that ends with a line break. `maxRows` bounds each section (200). */
export function renderMarkdown(report: Report, options: RenderOptions = {}): string {
  const { failures, changed, unchecked, rest } = sections(report);
  const table = (rows: readonly Verdict[], withWhy: boolean) => verdictTable(rows, report, options, withWhy);
  const blocks = [`## ${SIGNS[report.verdict]} Tollgate: ${markdownText(headline(report))}`];
  const counts = tally(report);
  if (counts !== '') blocks.push(`${counts}.`);
  blocks.push(...report.notes.map((note) => `> ${markdownText(note)}`));
  if (failures.length > 0) blocks.push('### Failures', table(failures, true));
  blocks.push(
    ...failureLogs(report).map(({ title, log }) => folded(markdownText(title), markdownBlock(log))),
  );
  if (changed.length > 0) blocks.push('### Changed', table(changed, false));
  if (unchecked.length > 0) {
    blocks.push(folded(`Not checked: ${count(unchecked.length, 'row')}`, table(unchecked, true)));
  }
  if (rest.length > 0) blocks.push(folded(`Within budget: ${count(rest.length, 'row')}`, table(rest, false)));
  blocks.push(...footer(report));
  return `${blocks.join('\n\n')}\n`;
}

/** Target facts and the sentence that instructions are not time. */
export function footer(report: Report): string[] {
  const facts = report.targets.map(
    (target) => `- ${markdownCode(target.id)}: ${markdownText(targetFacts(target))}`,
  );
  return [
    ...(facts.length === 0 ? [] : [facts.join('\n')]),
    ...(report.targets.some(({ mode }) => mode === 'exact') ? [NOT_TIME] : []),
    `<sub>${markdownText(`Tollgate ${report.tool.version}`)}</sub>`,
  ];
}

export function folded(summary: string, body: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

const SIGNS = { pass: '✅', over: '❌', failed: '⚠️' } as const;

const MAX_ROWS = 200;

function verdictTable(
  rows: readonly Verdict[],
  report: Report,
  { maxRows = MAX_ROWS }: RenderOptions,
  withWhy: boolean,
): string {
  const header = [
    'Verdict',
    'Kernel',
    'Program',
    'Input',
    'Metric',
    'Base',
    'Head',
    'Change',
    'Budget',
    'Why',
  ];
  const align = ['l', 'l', 'l', 'l', 'l', 'r', 'r', 'r', 'l', 'l'];
  const shown = rows.slice(0, maxRows);
  const cells = shown.map((row) => [
    row.verdict,
    markdownCode(targetLabel(report.targets, row.target)),
    markdownCode(programLabel(row, report)),
    markdownCode(row.input ?? ''),
    markdownCode(row.metric),
    figureText(row.base, row.unit),
    figureText(row.head, row.unit),
    changeText(row.base, row.head, row.unit),
    markdownText(row.budget?.text ?? ''),
    withWhy ? why(row) : '',
  ]);
  const kept = header.flatMap((_, i) => (cells.some((row) => row[i] !== '') ? [i] : []));
  const table = markdownTable(
    [header, ...cells].map((row) => kept.map((i) => row[i])),
    { align: kept.map((i) => align[i]!), alignDelimiters: false, padding: true },
  );
  const more = rows.length - shown.length;
  return more > 0 ? `${table}\n\nand ${count(more, 'more row')}` : table;
}

function why({ why, where }: Verdict): string {
  return where ? `${markdownText(why)} (${markdownCode(`${where.file}:${where.line}`)})` : markdownText(why);
}
