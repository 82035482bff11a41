// A document of tables of figures: its words below them, then what it was measured on. For the terminal, in markdown, and
// as JSON.

import { markdownTable } from 'markdown-table';
import type { Target } from '../model/report.ts';
import { markdownCell, markdownText, visible } from './escape.ts';
import type { DocumentRenderer } from './renderer.ts';
import { targetFacts } from './rows.ts';
import { alignTable, type Column } from './table.ts';

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

export interface FiguresDocument {
  /** Those without rows are left out. */
  readonly tables: readonly Table[];
  /** What the figures are. */
  readonly words: string;
  /** Tables below the words. */
  readonly details?: readonly Table[];
  /** A line each. */
  readonly facts: readonly string[];
  /** The last line. */
  readonly note?: string;
}

/** All forms of a document that `tablesOf` makes tables of. */
export function figuresRenderers<T>(
  tablesOf: (document: T) => FiguresDocument,
): readonly DocumentRenderer<T>[] {
  return [
    { name: 'terminal', render: (document, options) => terminalText(tablesOf(document), options?.width) },
    { name: 'markdown', render: (document) => markdownDocument(tablesOf(document)) },
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

/** In markdown; cells are markdown already. */
export function markdownColumns({ columns, rows }: Table): string {
  return markdownTable([columns.map(({ header }) => markdownText(header)), ...rows.map((row) => [...row])], {
    align: columns.map(({ align }) => (align === 'right' ? 'r' : 'l')),
    alignDelimiters: false,
  });
}

function terminalText(
  { tables, words, details = [], facts, note }: FiguresDocument,
  width: number | undefined,
): string {
  const block = ({ columns, rows }: Table) => [
    ...alignTable(
      columns,
      rows.map((row) => row.map(visible)),
      width,
    ),
    '',
  ];
  const lines = [
    ...tables.filter(hasRows).flatMap(block),
    ...[words, ''],
    ...details.filter(hasRows).flatMap(block),
    ...facts.map(visible),
    ...(note === undefined ? [] : ['', note]),
  ];
  return `${lines.join('\n')}\n`;
}

function markdownDocument({ tables, words, details = [], facts, note }: FiguresDocument): string {
  const block = ({ columns, rows }: Table) =>
    markdownColumns({ columns, rows: rows.map((row) => row.map(markdownCell)) });
  const blocks = [
    ...tables.filter(hasRows).map(block),
    words,
    ...details.filter(hasRows).map(block),
    facts.map((fact) => `- ${markdownText(fact)}`).join('\n'),
    ...(note === undefined ? [] : [note]),
  ];
  return `${blocks.join('\n\n')}\n`;
}

const hasRows = ({ rows }: Table) => rows.length > 0;
