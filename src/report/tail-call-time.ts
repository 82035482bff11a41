// What tail calls take, as a table for the terminal, markdown or JSON.

import { markdownTable } from 'markdown-table';
import type { TailCallTimes } from '../model/tail-call-time.ts';
import { markdownText, visible } from './escape.ts';
import type { RenderOptions } from './renderer.ts';
import { figureText, targetFacts } from './rows.ts';
import { alignTable, type Column } from './table.ts';

export const TAIL_CALL_TIME_RENDERERS: readonly {
  readonly name: 'terminal' | 'markdown' | 'json';
  readonly render: (times: TailCallTimes, options?: RenderOptions) => string;
}[] = [
  { name: 'terminal', render: renderTerminal },
  { name: 'markdown', render: renderMarkdown },
  { name: 'json', render: (times) => `${JSON.stringify(times, null, 2)}\n` },
];

const COLUMNS: readonly Column[] = [
  { header: 'Kernel', align: 'left' },
  { header: 'Hook', align: 'left' },
  { header: 'Slot', align: 'left' },
  { header: 'tail_call_ns', align: 'right' },
  { header: 'No call', align: 'right' },
  { header: '33 calls', align: 'right' },
  { header: 'Rounds', align: 'right' },
];

const WORDS =
  'tail_call_ns: the slope of a line through chains of 0 to 33 tail calls, ns a call; the median over rounds, each of loads of its own, with its 99% interval. Beside it what a run of the shortest and of the longest chain takes.';

function rowsOf({ targets, chains }: TailCallTimes): string[][] {
  return chains.map(({ target, hook, slot, afterCall, tail_call_ns, interval, run_ns, rounds }) => [
    targets.find(({ id }) => id === target)?.kernel ?? target,
    hook,
    afterCall ? `${slot}, after a call` : slot,
    tail_call_ns === undefined ? '-' : figureText(tail_call_ns, 'ns', interval),
    String(run_ns[0] ?? '-'),
    String(run_ns.at(-1) ?? '-'),
    String(rounds),
  ]);
}

function factsOf({ targets, chains }: TailCallTimes): string[] {
  return [
    ...targets.flatMap((target) => [
      `${target.id}: ${targetFacts(target)}`,
      ...(target.error ? [`failed: ${target.error.reason}: ${target.error.message}`] : []),
    ]),
    ...chains.flatMap(({ hook, slot, absent }) => (absent ? [`${hook}, ${slot}: ${absent.reason}`] : [])),
  ];
}

function renderTerminal(times: TailCallTimes, { width }: RenderOptions = {}): string {
  const rows = rowsOf(times).map((row) => row.map(visible));
  return `${[...alignTable(COLUMNS, rows, width), '', WORDS, '', ...factsOf(times).map(visible)].join('\n')}\n`;
}

function renderMarkdown(times: TailCallTimes): string {
  const cells = [COLUMNS.map(({ header }) => header), ...rowsOf(times)].map((row) => row.map(markdownText));
  const align = COLUMNS.map((column) => (column.align === 'right' ? 'r' : 'l'));
  const facts = factsOf(times).map((fact) => `- ${markdownText(fact)}`);
  return `${[markdownTable(cells, { align, alignDelimiters: false }), WORDS, facts.join('\n')].join('\n\n')}\n`;
}
