// What `tollgate noise` found, as a table for the terminal, markdown or JSON.

import { NOISE_SECONDS, type Noise, type NoiseReport } from '../model/noise.ts';
import { figuresRenderers, targetLines } from './figures-table.ts';
import { figureText } from './rows.ts';
import { type Column, left, right } from './table.ts';

export const NOISE_RENDERERS = figuresRenderers((report: NoiseReport) => ({
  tables: [{ columns: COLUMNS, rows: rowsOf(report) }],
  words: WORDS,
  facts: report.targets.flatMap(targetLines),
}));

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
