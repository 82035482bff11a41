// The figures of a measurement as tables: a row for each program and input, a column for each metric, and against a
// base the figures that differ. Rows and cells here; terminal and markdown only set them.

import { METRICS, type MetricName } from '../model/metrics.ts';
import type { Measurement, Report, Target } from '../model/report.ts';
import { EARLY_EXIT_COLUMNS, EARLY_EXIT_WORDS, earlyExitRows } from './early-exit.ts';
import { folded, markdownCode, markdownText, visible } from './escape.ts';
import { markdownColumns } from './figures-table.ts';
import { groupBy } from './group.ts';
import { footer, targetsPart } from './markdown.ts';
import { assemble, fixed } from './parts.ts';
import type { RenderOptions } from './renderer.ts';
import { changeText, count, figureText, labelsOf, NOT_TIME, targetFacts } from './rows.ts';
import { alignTable, type Column, tableWidth } from './table.ts';
import { tailCallLines } from './tail-calls.ts';

/** A table per target; one wider than the terminal is split by columns. `verbose` also lists figures that are equal. */
export function renderMeasure(report: Report, options: RenderOptions = {}): string {
  const lines = report.notes.map((note) => `note: ${visible(note)}`);
  for (const target of report.targets) {
    lines.push(...(lines.length > 0 ? [''] : []), visible(`${target.id}: ${targetFacts(target)}`));
    if (target.error) lines.push(`failed: ${visible(`${target.error.reason}: ${target.error.message}`)}`);
    const grid = gridOf(report, target);
    if (grid.rows.length > 0) lines.push(...setGrid(grid, options.width));
    lines.push(...absences(report, target).map((text) => `- ${visible(text)}`));
    const exits = earlyExitRows(report, target);
    if (exits.length > 0) lines.push('', EARLY_EXIT_WORDS, ...alignTable(EARLY_EXIT_COLUMNS, exits));
    lines.push(...tailCallLines(report, target.id, options.verbose === true).map(visible));
  }
  const differences = differencesOf(report, options.verbose === true);
  if (hasBase(report)) {
    lines.push('', differences.length === 0 ? 'No figure differs from the base.' : 'Against the base:');
    if (differences.length > 0) {
      lines.push(
        ...alignTable(
          DIFFERENCE_COLUMNS,
          differences.map((row) => row.map(visible)),
          options.width,
        ),
      );
    }
  }
  if (report.targets.some(({ mode }) => mode === 'exact')) lines.push('', NOT_TIME);
  return lines.length === 0 ? 'Nothing was measured.\n' : `${lines.join('\n')}\n`;
}

/** The same for markdown: tables are never split, and reasons for absent figures are folded away. */
export function renderMeasureMarkdown(report: Report, options: RenderOptions = {}): string {
  const blocks = ['## Tollgate: measured', ...report.notes.map((note) => `> ${markdownText(note)}`)];
  for (const target of report.targets) {
    blocks.push(`### ${markdownCode(target.id)}`);
    if (target.error)
      blocks.push(`Failed: ${markdownText(`${target.error.reason}: ${target.error.message}`)}`);
    const { names, metrics, rows } = gridOf(report, target);
    const cells = rows.map((row) => [...row.names.map(markdownCode), ...row.figures]);
    if (rows.length > 0) blocks.push(markdownColumns({ columns: [...names, ...metrics], rows: cells }));
    const missing = absences(report, target);
    if (missing.length > 0) {
      blocks.push(
        folded(
          `Absent: ${count(missing.length, 'reason')}`,
          missing.map((text) => `- ${markdownText(text)}`).join('\n'),
        ),
      );
    }
    const exits = earlyExitRows(report, target);
    if (exits.length > 0)
      blocks.push(EARLY_EXIT_WORDS, markdownColumns({ columns: EARLY_EXIT_COLUMNS, rows: exits }));
    const tailCalls = tailCallLines(report, target.id, true);
    if (tailCalls.length > 0)
      blocks.push(
        folded(
          `Tail calls: ${count(tailCalls.length, 'site')}`,
          tailCalls.map((text) => `- ${markdownText(text)}`).join('\n'),
        ),
      );
  }
  if (hasBase(report)) {
    const rows = differencesOf(report, options.verbose === true);
    const cells = rows.map((row) => row.map((cell, i) => (i < 4 ? markdownCode(cell) : cell)));
    blocks.push('### Against the base');
    blocks.push(
      rows.length === 0
        ? 'No figure differs.'
        : markdownColumns({ columns: DIFFERENCE_COLUMNS, rows: cells }),
    );
  }
  return assemble([...blocks.map(fixed), targetsPart(report), ...footer(report, options).map(fixed)], {
    ...options,
    limitBytes: Infinity,
  });
}

interface Grid {
  readonly names: readonly Column[];
  readonly metrics: readonly (Column & { readonly perInput: boolean })[];
  readonly rows: readonly { readonly names: readonly string[]; readonly figures: readonly string[] }[];
}

/** Values that fill no column: programs without tail calls have none. */
const NOT_SHOWN: Partial<Record<MetricName, number>> = { tail_calls: 0, tail_call_share: 0 };

/** Head's figures on a target. Columns that no program fills are left out. */
function gridOf({ measurements }: Report, target: Target): Grid {
  const head = measurements.filter(({ side, target: id }) => side === 'head' && id === target.id);
  const programs = groupBy(head, ({ object, program }) => JSON.stringify([object, program]));
  const severalObjects = new Set(head.map(({ object }) => object)).size > 1;
  const entries = [...programs.values()].flatMap((figures) => {
    const { object, program } = figures[0]!;
    const inputs = [...new Set(figures.map(({ input }) => input).filter((input) => input !== undefined))];
    return (inputs.length > 0 ? inputs : [undefined]).map((input) => ({ object, program, input, figures }));
  });
  const severalInputs = entries.some(({ input }) => input !== undefined);
  const cell = (figures: readonly Measurement[], input: string | undefined, metric: string) =>
    figures.find((each) => each.metric === metric && each.input === input) ??
    figures.find((each) => each.metric === metric && each.input === undefined);
  const shown = METRICS.filter(({ name }) =>
    entries.some(
      ({ figures, input }) => (cell(figures, input, name)?.value ?? NOT_SHOWN[name]) !== NOT_SHOWN[name],
    ),
  );
  return {
    names: [
      ...(severalObjects ? [textColumn('Object')] : []),
      textColumn('Program'),
      ...(severalInputs ? [textColumn('Input')] : []),
    ],
    metrics: shown.map(({ name, perInput }) => ({ header: name, align: 'right', perInput })),
    rows: entries.map(({ object, program, input, figures }) => ({
      names: [...(severalObjects ? [object] : []), program, ...(severalInputs ? [input ?? ''] : [])],
      figures: shown.map(({ name, unit }) => {
        const { value, interval } = cell(figures, input, name) ?? {};
        return value === undefined ? '-' : figureText(value, unit, interval);
      }),
    })),
  };
}

/** One table where it fits, else the figures of programs and of runs apart, each split by columns until it fits. */
function setGrid(grid: Grid, width: number | undefined): string[] {
  const whole = select(grid, () => true, true);
  if (width === undefined || tableWidth(whole.columns, whole.rows) <= width)
    return alignTable(whole.columns, whole.rows);
  const hasInput = grid.names.at(-1)?.header === 'Input';
  const tables = [false, true].flatMap((perInput) => {
    const indexes = grid.metrics.flatMap((metric, i) => (metric.perInput === perInput ? [i] : []));
    return splitToFit(grid, indexes, perInput || !hasInput, width);
  });
  return tables.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function splitToFit(grid: Grid, indexes: readonly number[], withInput: boolean, width: number): string[][] {
  if (indexes.length === 0) return [];
  let take = indexes.length;
  const tableOf = (length: number) => select(grid, (i) => indexes.slice(0, length).includes(i), withInput);
  while (take > 1 && tableWidth(tableOf(take).columns, tableOf(take).rows) > width) take -= 1;
  const { columns, rows } = tableOf(take);
  return [alignTable(columns, rows, width), ...splitToFit(grid, indexes.slice(take), withInput, width)];
}

/** The grid with some of its metrics; without the inputs, a program's rows are one. */
function select(grid: Grid, wanted: (index: number) => boolean, withInput: boolean) {
  const names = withInput ? grid.names : grid.names.slice(0, -1);
  const rows = grid.rows.map((row) => [
    ...row.names.slice(0, names.length).map(visible),
    ...row.figures.filter((_, i) => wanted(i)),
  ]);
  return {
    columns: [...names, ...grid.metrics.filter((_, i) => wanted(i))],
    rows: withInput ? rows : [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()],
  };
}

/** 'run_insns: no test run for kprobe (3 programs)': each reason once, with how many programs it holds for. */
function absences({ measurements }: Report, target: Target): string[] {
  const absent = measurements.filter(
    (each) => each.side === 'head' && each.target === target.id && each.absent,
  );
  const byReason = groupBy(absent, ({ metric, absent }) => `${metric}: ${reasonText(absent!)}`);
  const rejected = measurements.filter(
    (each) =>
      each.side === 'head' && each.target === target.id && each.metric === 'load_ok' && each.value === 0,
  );
  return [
    ...rejected.map(
      ({ program, where }) => `${program} does not load${where ? ` (${where.file}:${where.line})` : ''}`,
    ),
    ...[...byReason].map(([reason, rows]) => {
      const programs = new Set(rows.map(({ object, program }) => `${object}/${program}`));
      return `${reason} (${programs.size === 1 ? rows[0]!.program : count(programs.size, 'program')})`;
    }),
  ];
}

function reasonText({ reason, since }: NonNullable<Measurement['absent']>): string {
  return since === undefined ? reason : `${reason} (since ${since})`;
}

const textColumn = (header: string): Column => ({ header, align: 'left', shrinks: true });

const DIFFERENCE_COLUMNS: readonly Column[] = [
  textColumn('Kernel'),
  textColumn('Program'),
  textColumn('Input'),
  { header: 'Metric', align: 'left' },
  { header: 'Base', align: 'right' },
  { header: 'Head', align: 'right' },
  { header: 'Diff', align: 'right' },
];

const hasBase = ({ measurements }: Report) => measurements.some(({ side }) => side === 'base');

/** Rows of figures that differ between base and head, or of all; '-' where a side has none. */
function differencesOf(report: Report, all: boolean): string[][] {
  const label = labelsOf(report).target;
  const key = ({ target, object, program, input, metric }: Measurement) =>
    JSON.stringify([target, object, program, input ?? null, metric]);
  return [...groupBy(report.measurements, key).values()].flatMap((pair) => {
    const base = pair.find(({ side }) => side === 'base')?.value;
    const head = pair.find(({ side }) => side === 'head')?.value;
    if (base === head && (!all || base === undefined)) return [];
    const { target, program, input, metric, unit } = pair[0]!;
    return [
      [
        label(target),
        program,
        input ?? '',
        metric,
        base === undefined ? '-' : figureText(base, unit),
        head === undefined ? '-' : figureText(head, unit),
        changeText(base, head, unit),
      ],
    ];
  });
}
