// The parts that documents in markdown are made of: tables, lines and logs that can be cut and stay whole in form.

import { markdownTable } from 'markdown-table';
import { clip, folded, markdownBlock, markdownLink, markdownText } from './escape.ts';
import { fit, type Part } from './fit.ts';
import type { Log } from './logs.ts';
import type { Links, RenderOptions } from './renderer.ts';
import { count } from './rows.ts';

/** What gives way first has the highest number. */
export const GIVES_WAY = {
  rest: 9,
  otherBudgets: 8,
  help: 8,
  unchecked: 7,
  changed: 6,
  logs: 5,
  targets: 4,
  notes: 3,
  accepted: 2,
  loosened: 1,
  failures: 0,
} as const;

/** A document of the parts, within the options' limit of bytes. */
export function assemble(
  parts: readonly Part[],
  { limitBytes = Infinity, links = {} }: RenderOptions,
): string {
  return fit(parts, limitBytes, (missing) => leftOut(missing, links));
}

/** A part that is always there. */
export function fixed(text: string): Part {
  return { size: 0, render: () => text };
}

export interface TableSection {
  readonly givesWay: number;
  /** What its rows are called, in the plural. */
  readonly noun: string;
  /** The lines of the table: two above its rows. */
  readonly table: readonly string[];
  /** How many rows there are, in the table or not. */
  readonly total: number;
  readonly wrap: (table: string) => string;
}

/** A section that can be cut to its first rows, and then counts the rest; none of it where it has no row. */
export function tablePart({ givesWay, noun, table, total, wrap }: TableSection): Part {
  return {
    givesWay,
    size: total === 0 ? 0 : table.length - 2,
    render: (shown) => {
      if (shown === 0) return '';
      const more = total - shown;
      const rows = table.slice(0, shown + 2).join('\n');
      return wrap(more > 0 ? `${rows}\n\nand ${count(more, 'more row')}` : rows);
    },
    leftOut: (shown) => `${total - shown} of ${total} ${noun}`,
  };
}

/** Lines that can be cut to the first ones. `noun`: what they are called, in the plural. */
export function linesPart(givesWay: number, lines: readonly string[], noun: string, between = '\n'): Part {
  return {
    givesWay,
    size: lines.length,
    render: (shown) => lines.slice(0, shown).join(between),
    leftOut: (shown) => `${lines.length - shown} of ${lines.length} ${noun}`,
  };
}

/** Each log is shortened to its last lines before any is left out. */
export function logsPart(all: readonly Log[]): Part {
  const logs = all.map(({ title, log }) => ({
    title: markdownText(clip(title, TITLE_LENGTH)),
    lines: log.split('\n').map((line) => clip(line, LINE_LENGTH)),
  }));
  const longest = logs.reduce((most, { lines }) => Math.max(most, lines.length), FEWEST_LINES);
  return {
    givesWay: GIVES_WAY.logs,
    size: logs.length === 0 ? 0 : logs.length + longest - FEWEST_LINES,
    render: (shown) => {
      const lineCount = FEWEST_LINES + Math.max(0, shown - logs.length);
      return logs
        .slice(0, shown)
        .map(({ title, lines }) => folded(title, markdownBlock(lines.slice(-lineCount).join('\n'))))
        .join('\n\n');
    },
    leftOut: (shown) =>
      shown >= logs.length
        ? `the first lines of ${count(logs.length, 'log')}`
        : `${logs.length - shown} of ${logs.length} logs`,
  };
}

const FEWEST_LINES = 3;
const TITLE_LENGTH = 200;
const LINE_LENGTH = 1000;

/** The last line: Tollgate's version, and links to the run and the whole report. */
export function signature({ links = {} }: RenderOptions, version?: string): string {
  const said = [
    markdownText(version === undefined ? 'Tollgate' : `Tollgate ${clip(version, VERSION_LENGTH)}`),
    ...(links.run === undefined ? [] : [markdownLink('run', links.run)]),
    ...(links.report === undefined ? [] : [markdownLink('whole report', links.report)]),
  ];
  return `<sub>${said.join(' · ')}</sub>`;
}

const VERSION_LENGTH = 40;

/** Header, delimiters and a line for each row; columns that no row fills are left out. */
export function tableLines(
  header: readonly string[],
  align: readonly string[],
  cells: readonly (readonly string[])[],
): string[] {
  const kept = header.flatMap((_, i) => (cells.some((row) => (row[i] ?? '') !== '') ? [i] : []));
  return markdownTable(
    [header, ...cells].map((row) => kept.map((i) => row[i])),
    { align: kept.map((i) => align[i]!), alignDelimiters: false, padding: true },
  ).split('\n');
}

function leftOut(missing: readonly string[], { report }: Links): string {
  const text = markdownText(`Left out to keep this short: ${missing.join(', ')}.`);
  return report === undefined ? text : `${text} ${markdownLink('The whole report', report)} has them.`;
}
