// What hooks add by kind of operation, as a table for the terminal, in markdown and as JSON.

import { OPERATIONS } from '../model/explanation.ts';
import type { HookOperation, HookOperations } from '../model/hook-operations.ts';
import { markdownText, visible } from './escape.ts';
import { markdownColumns, targetLines } from './figures-table.ts';
import { groupBy } from './group.ts';
import type { DocumentRenderer, RenderOptions } from './renderer.ts';
import { NOT_TIME } from './rows.ts';
import { alignTable, type Column, left, right } from './table.ts';

export const HOOK_OPERATIONS_RENDERERS: readonly DocumentRenderer<HookOperations>[] = [
  { name: 'terminal', render: renderTerminal },
  { name: 'markdown', render: renderMarkdown },
  { name: 'json', render: (operations) => `${JSON.stringify(operations, null, 2)}\n` },
];

const COLUMNS: readonly Column[] = [left('attached'), right('hook_insns'), ...OPERATIONS.map(right)];

const rowsOf = (hooks: readonly HookOperation[]): string[][] =>
  hooks.flatMap(({ hook, insns }) => (insns ? [[hook, ...differences(insns).map(String)]] : []));

function differences({ nothing, empty, operations }: NonNullable<HookOperation['insns']>): number[] {
  return [empty - nothing, ...operations.map((each) => each.empty - each.nothing)];
}

/** 'this kernel has no hook 'tcx' (since 6.6): tcx ingress, tcx egress'. */
function absences(hooks: readonly HookOperation[]): string[] {
  const missing = hooks.flatMap(({ hook, absent }) => (absent ? [{ hook, ...absent }] : []));
  const byReason = groupBy(missing, ({ reason, since }) =>
    since === undefined ? reason : `${reason} (since ${since})`,
  );
  return [...byReason].map(([reason, all]) => `${reason}: ${all.map(({ hook }) => hook).join(', ')}`);
}

function renderTerminal({ kernels }: HookOperations, { width }: RenderOptions = {}): string {
  const lines = kernels.flatMap(({ target, hooks }) => [
    ...targetLines(target).map(visible),
    ...(hooks.length > 0 ? alignTable(COLUMNS, rowsOf(hooks), width) : []),
    ...absences(hooks).map((text) => visible(`- ${text}`)),
    '',
  ]);
  return `${[...lines, WORDS, '', NOT_TIME].join('\n')}\n`;
}

function renderMarkdown({ kernels }: HookOperations): string {
  const blocks = kernels.flatMap(({ target, hooks }) => [
    ...targetLines(target).map(markdownText),
    ...(hooks.length > 0 ? [markdownColumns({ columns: COLUMNS, rows: rowsOf(hooks) })] : []),
    ...(absences(hooks).length > 0
      ? [
          absences(hooks)
            .map((text) => `- ${markdownText(text)}`)
            .join('\n'),
        ]
      : []),
  ]);
  return `${[...blocks, WORDS, NOT_TIME].join('\n\n')}\n`;
}

const WORDS =
  'What a hook adds to a packet or event with an empty program, in instructions, and by what the functions of the kernel they are in do; program is the empty program itself.';
