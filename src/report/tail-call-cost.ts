// What tail calls cost, as a table for the terminal, in markdown and as JSON.

import { markdownTable } from 'markdown-table';
import type { ChainCost, TailCallCost, TailCallCosts } from '../model/tail-call-cost.ts';
import { markdownText, visible } from './escape.ts';
import type { RenderOptions } from './renderer.ts';
import { NOT_TIME, targetFacts } from './rows.ts';
import { alignTable, type Column } from './table.ts';

export interface TailCallCostRenderer {
  readonly name: 'terminal' | 'markdown' | 'json';
  readonly render: (costs: TailCallCosts, options?: RenderOptions) => string;
}

export const TAIL_CALL_COST_RENDERERS: readonly TailCallCostRenderer[] = [
  { name: 'terminal', render: renderTerminal },
  { name: 'markdown', render: renderMarkdown },
  { name: 'json', render: (costs) => `${JSON.stringify(costs, null, 2)}\n` },
];

const left = (header: string): Column => ({ header, align: 'left' });
const right = (header: string): Column => ({ header, align: 'right' });
const COLUMNS: readonly Column[] = [
  left('kernel'),
  left('set-up'),
  left('hook'),
  left('slot'),
  left('function called before'),
  left('jit'),
  right('tail_call_insns'),
  right('residual'),
  right('call itself'),
];

function rowsOf({ costs }: TailCallCosts): string[][] {
  return costs.flatMap((cost) => cost.chains.map((chain) => rowOf(cost, chain)));
}

function rowOf({ target, setup }: TailCallCost, chain: ChainCost): string[] {
  const number = (value: number | undefined) => (value === undefined ? '-' : String(value));
  return [
    target.kernel,
    setup,
    chain.hook,
    chain.slot,
    chain.afterCall ? 'yes' : 'no',
    chain.jit ?? '-',
    number(chain.tail_call_insns),
    number(chain.residual),
    number(chain.call_insns),
  ];
}

/** What the rows were measured on, and why some have no figures. */
function factsOf({ costs }: TailCallCosts): string[] {
  return costs.flatMap(({ target, setup, says, spectreV2, chains }) => [
    `${target.id}, ${setup} (${says}): ${targetFacts(target)}; spectre_v2: ${spectreV2 ?? 'not told'}`,
    ...(target.error ? [`failed: ${target.error.reason}: ${target.error.message}`] : []),
    ...chains.flatMap(({ hook, slot, absent }) => (absent ? [`${hook}, ${slot}: ${absent.reason}`] : [])),
  ]);
}

const WORDS =
  'tail_call_insns: instructions that each call more adds to a chain of 0 to 33, by least squares; residual: the chain farthest from that line; call itself: those of the call, without arguments and the next program.';

function renderTerminal(costs: TailCallCosts, { width }: RenderOptions = {}): string {
  const rows = rowsOf(costs).map((row) => row.map(visible));
  return `${[...alignTable(COLUMNS, rows, width), '', WORDS, ...factsOf(costs).map(visible), '', NOT_TIME].join('\n')}\n`;
}

function renderMarkdown(costs: TailCallCosts): string {
  const align = COLUMNS.map((column) => (column.align === 'right' ? 'r' : 'l'));
  const header = COLUMNS.map((column) => column.header);
  const cells = rowsOf(costs).map((row) => row.map(markdownText));
  return `${[
    markdownTable([header, ...cells], { align, alignDelimiters: false }),
    '',
    WORDS,
    '',
    ...factsOf(costs).map((fact) => `- ${markdownText(fact)}`),
    '',
    NOT_TIME,
  ].join('\n')}\n`;
}
