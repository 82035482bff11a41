// What `tollgate noise` found, as a table for the terminal, markdown or JSON.

import { markdownTable } from 'markdown-table';
import { NOISE_SECONDS, type Noise, type NoiseReport } from '../model/noise.ts';
import { markdownText, visible } from './escape.ts';
import type { RenderOptions } from './renderer.ts';
import { figureText, targetFacts } from './rows.ts';
import { alignTable, type Column } from './table.ts';

export interface NoiseRenderer {
  readonly name: 'terminal' | 'markdown' | 'json';
  readonly render: (report: NoiseReport, options?: RenderOptions) => string;
}

export const NOISE_RENDERERS: readonly NoiseRenderer[] = [
  { name: 'terminal', render: renderTerminal },
  { name: 'markdown', render: renderMarkdown },
  { name: 'json', render: (report) => `${JSON.stringify(report, null, 2)}\n` },
];

const left = (header: string): Column => ({ header, align: 'left' });
const right = (header: string): Column => ({ header, align: 'right' });

const COLUMNS: readonly Column[] = [
  left('Kernel'),
  left('Program'),
  left('Input'),
  right('run_ns'),
  right('Floor'),
  right('Rounds'),
  right('Discarded'),
  ...NOISE_SECONDS.map((seconds) => right(`${seconds} s`)),
];

const WORDS =
  "Each program against itself. Below seconds: the smallest change, in ns and of run_ns, that is found out half of the time when the program is measured that long; a budget's `increase` should allow more than twice that. Floor: a smaller budget in ns is refused. Discarded rounds were disturbed from outside.";

function rowsOf({ targets, noise }: NoiseReport): string[][] {
  return noise.map((each) => [
    targets.find(({ id }) => id === each.target)?.kernel ?? each.target,
    each.program,
    each.input,
    figureText(each.run_ns, 'ns', each.interval),
    String(each.floor),
    String(each.rounds),
    String(Object.values(each.discarded).reduce((sum, count) => sum + count, 0)),
    ...each.provable.map((ns) => changeCell(each, ns)),
  ]);
}

function changeCell({ run_ns, floor }: Noise, ns: number | null): string {
  if (ns === null) return 'none';
  const least = Math.max(ns, floor);
  const percent = run_ns > 0 ? ` (${((100 * least) / run_ns).toPrecision(2)}%)` : '';
  return `${Number(least.toPrecision(2))}${percent}`;
}

function factsOf({ targets }: NoiseReport): string[] {
  return targets.flatMap((target) => [
    `${target.id}: ${targetFacts(target)}`,
    ...(target.error ? [`failed: ${target.error.reason}: ${target.error.message}`] : []),
  ]);
}

function renderTerminal(report: NoiseReport, { width }: RenderOptions = {}): string {
  const rows = rowsOf(report).map((row) => row.map(visible));
  return `${[...alignTable(COLUMNS, rows, width), '', WORDS, '', ...factsOf(report).map(visible)].join('\n')}\n`;
}

function renderMarkdown(report: NoiseReport): string {
  const cells = [COLUMNS.map(({ header }) => header), ...rowsOf(report)].map((row) => row.map(markdownText));
  const align = COLUMNS.map((column) => (column.align === 'right' ? 'r' : 'l'));
  const facts = factsOf(report).map((fact) => `- ${markdownText(fact)}`);
  return `${[markdownTable(cells, { align, alignDelimiters: false }), WORDS, facts.join('\n')].join('\n\n')}\n`;
}
