// A document that is one table of figures: its words below it, then what it was measured on. For the terminal, in markdown,
// and as JSON.

import { markdownTable } from 'markdown-table';
import type { Target } from '../model/report.ts';
import { markdownText, visible } from './escape.ts';
import type { DocumentRenderer } from './renderer.ts';
import { targetFacts } from './rows.ts';
import { alignTable, type Column } from './table.ts';

export interface FiguresTable {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** What the figures are. */
  readonly words: string;
  /** A line each. */
  readonly facts: readonly string[];
}

/** All forms of a document that `tableOf` makes a table of. */
export function figuresRenderers<T>(tableOf: (document: T) => FiguresTable): readonly DocumentRenderer<T>[] {
  return [
    { name: 'terminal', render: (document, options) => terminalText(tableOf(document), options?.width) },
    { name: 'markdown', render: (document) => markdownDocument(tableOf(document)) },
    { name: 'json', render: (document) => `${JSON.stringify(document, null, 2)}\n` },
  ];
}

/** What a target is, and why it failed where it did. */
export function targetLines(target: Target): string[] {
  return [
    `${target.id}: ${targetFacts(target)}`,
    ...(target.error ? [`failed: ${target.error.reason}: ${target.error.message}`] : []),
  ];
}

function terminalText({ columns, rows, words, facts }: FiguresTable, width: number | undefined): string {
  const shown = rows.map((row) => row.map(visible));
  return `${[...alignTable(columns, shown, width), '', words, '', ...facts.map(visible)].join('\n')}\n`;
}

function markdownDocument({ columns, rows, words, facts }: FiguresTable): string {
  const cells = [columns.map(({ header }) => header), ...rows].map((row) => row.map(markdownText));
  const align = columns.map((column) => (column.align === 'right' ? 'r' : 'l'));
  const list = facts.map((fact) => `- ${markdownText(fact)}`).join('\n');
  return `${[markdownTable(cells, { align, alignDelimiters: false }), words, list].join('\n\n')}\n`;
}
