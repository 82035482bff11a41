// What tail calls take, as a table for the terminal, markdown or JSON.

import type { TailCallTimes } from '../model/tail-call-time.ts';
import { figuresRenderers, targetLines } from './figures-table.ts';
import { figureText } from './rows.ts';
import { type Column, left, right } from './table.ts';

export const TAIL_CALL_TIME_RENDERERS = figuresRenderers((times: TailCallTimes) => ({
  tables: [{ columns: COLUMNS, rows: rowsOf(times) }],
  words: WORDS,
  facts: factsOf(times),
}));

const COLUMNS: readonly Column[] = [
  left('Kernel'),
  left('Hook'),
  left('Slot'),
  right('tail_call_ns'),
  right('No call'),
  right('33 calls'),
  right('Rounds'),
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
    ...targets.flatMap(targetLines),
    ...chains.flatMap(({ hook, slot, absent }) => (absent ? [`${hook}, ${slot}: ${absent.reason}`] : [])),
  ];
}
