// Why one line takes more or less than before, in words: its source, the compiler, the JIT, the way through it, or what
// it calls. One line of both sides, or one that a side lacks.

import type {
  CauseKind,
  ExplainedCall,
  ExplainedInstruction,
  ExplainedLine,
  ExplainedTailCall,
  Explanation,
  Pair,
} from '../model/explanation.ts';

/** A line with all that was found of it. */
export interface FullLine {
  readonly line: ExplainedLine;
  readonly cost: number;
  readonly calls: readonly ExplainedCall[];
  readonly tailCalls: readonly ExplainedTailCall[];
  readonly instructions: readonly ExplainedInstruction[];
}

/** What the words rest on beside the line itself. */
export interface View {
  readonly column: keyof Pair;
  /** Words name the mean. */
  readonly packets: number;
  /** The objects have the same eBPF for it, whichever parts of it ran. */
  readonly isSameObjectCode: (base: ExplainedLine, head: ExplainedLine) => boolean;
  /** No line says anything else than before. */
  readonly isSameSource: boolean;
  /** Into another function, not with the one it is in. */
  readonly hasMoved: (base: ExplainedLine, head: ExplainedLine) => boolean;
  /** What base's programs are called in head. */
  readonly programsNow: ReadonlyMap<string, string>;
  readonly calls: Readonly<Record<'base' | 'head', Totals>>;
}

/** How often each callee is called in all, by calleeOf. */
export type Totals = ReadonlyMap<string, number>;

export function totalsOf({ calls }: Explanation, column: keyof Pair): Totals {
  const totals = new Map<string, number>();
  for (const call of calls)
    totals.set(calleeOf(call), (totals.get(calleeOf(call)) ?? 0) + call.times[column]);
  return totals;
}

export interface WhatChanged {
  readonly kind: CauseKind;
  readonly what: string;
}

/** One of the two is there. */
export function whatChanged(base: FullLine | undefined, head: FullLine | undefined, view: View): WhatChanged {
  if (!base) return addedOrGone(head!, view, ['new', 'runs now, and did not before']);
  if (!head) return addedOrGone(base, view, ['gone', 'no longer runs'], -1);
  const isEdited = base.line.text !== head.line.text;
  const tailCalls = tailCallChanges(base, head, view);
  const calls = callChanges(base, head, view);
  const own = ownChange(base, head, view);
  const ownInsns = head.line.own[view.column] - base.line.own[view.column];
  const kind = isEdited ? 'source' : own.kind;
  const moved = view.hasMoved(base.line, head.line) ? `moved here from ${base.line.function}, ` : '';
  if (tailCalls.length > 0) {
    const why = {
      jit: ': the same eBPF, compiled otherwise by the JIT',
      compiler: ': the same source, other eBPF',
    };
    const told = kind === 'jit' || kind === 'compiler' ? why[kind] : '';
    return { kind, what: `${moved}${tailCalls.join(', ')}${told}` };
  }
  if (calls.length === 0) return { kind, what: `${moved}${isEdited ? 'changed: ' : ''}${own.what}` };
  const parts = [...calls, ...(ownInsns === 0 ? [] : [`${signed(ownInsns, view)} of its own: ${own.what}`])];
  return {
    kind: ownInsns === 0 && kind === 'jit' ? callKind(base, head, view) : kind,
    what: `${moved}${isEdited ? 'changed: ' : ''}${parts.join('; ')}`,
  };
}

/** A line that one side alone ran: written or deleted, or there all the time and not run. */
function addedOrGone(
  line: FullLine,
  view: View,
  [source, path]: readonly [string, string],
  sign: 1 | -1 = 1,
): WhatChanged {
  const isThere = view.isSameObjectCode(line.line, line.line);
  const calls = line.calls.filter(({ kind }) => kind !== 'kernel');
  const byCallee = [...new Set(calls.map(calleeOf))].map((callee) => {
    const own = calls.filter((call) => calleeOf(call) === callee);
    return callWords(callee, sign * sum(own, 'times', view), sign * sum(own, 'insns', view), view);
  });
  const tails = line.tailCalls.flatMap(({ to, direct }) =>
    to === undefined
      ? []
      : [
          `${sign > 0 ? 'one more' : 'one'} ${direct ? 'direct' : 'indirect'} tail call${sign > 0 ? '' : ' less'}, to ${to}`,
        ],
  );
  const words = [...byCallee, ...tails].join(', ');
  return {
    kind: isThere ? 'path' : 'source',
    what: [isThere ? path : source, ...(words === '' ? [] : [words])].join(': '),
  };
}

/** 'bpf_map_lookup_elem on connections'. */
const calleeOf = ({ name, on }: Pick<ExplainedCall, 'name' | 'on'>) =>
  `${name}${on === undefined ? '' : ` on ${on}`}`;

function sum(calls: readonly ExplainedCall[], figure: 'times' | 'insns', { column }: View): number {
  return calls.reduce((all, call) => all + call[figure][column], 0);
}

/** 'one more bpf_map_lookup_elem on connections (+105)', unless it is only called elsewhere than before. */
function callWords(callee: string, times: number, insns: number, view: View): string {
  const growth = (view.calls.head.get(callee) ?? 0) - (view.calls.base.get(callee) ?? 0);
  const cost = insns === 0 ? '' : ` (${signed(insns, view)})`;
  if (times > 0 && growth <= 0) return `${callee} is called here now and no longer elsewhere${cost}`;
  if (times < 0 && growth >= 0) return `${callee} is called elsewhere now${cost}`;
  const count = mean(Math.abs(times), view);
  const amount = count === 1 ? 'one' : String(count);
  const each = count === 1 || view.packets === 1 ? '' : ' a packet';
  return times > 0 ? `${amount} more ${callee}${each}${cost}` : `${amount} ${callee} less${each}${cost}`;
}

function callChanges(base: FullLine, head: FullLine, view: View): string[] {
  const of = ({ calls }: FullLine, callee: string) => {
    const own = calls.filter((call) => calleeOf(call) === callee);
    return { times: sum(own, 'times', view), insns: sum(own, 'insns', view), own };
  };
  const named = [...head.calls, ...base.calls];
  const changed = [...new Set(named.map(calleeOf))].map((callee) => {
    const [before, now] = [of(base, callee), of(head, callee)];
    const { name, kind, on } = named.find((call) => calleeOf(call) === callee)!;
    const insns = now.insns - before.insns;
    return { callee, name, kind, on, before, now, insns, times: now.times - before.times };
  });
  const swapped = new Map(
    changed.flatMap((now) => {
      const before = changed.find(
        (each) =>
          each.name === now.name && now.times > 0 && each.times === -now.times && each.now.times === 0,
      );
      return before?.on !== undefined && now.on !== undefined && now.before.times === 0
        ? [[now, before]]
        : [];
    }),
  );
  return changed.flatMap((row) => {
    const { callee, kind, before, now, insns, times } = row;
    const other = swapped.get(row);
    if (other) return [`${callee} instead of ${other.on} (${signed(insns + other.insns, view)})`];
    if ([...swapped.values()].includes(row)) return [];
    // Code that the JIT calls of its own accord is the JIT's, whatever it does there.
    if (kind === 'kernel')
      return insns === 0 ? [] : [`${signed(insns, view)} in ${callee}, which the JIT's code calls`];
    if (times !== 0) return [callWords(callee, times, insns, view)];
    if (insns === 0) return [];
    return [`${callee} takes ${signed(insns, view)}${inside(before.own, now.own, view)}`];
  });
}

const FUNCTIONS = 2;

/** Which of the kernel's functions under a call take more or less: ' (jhash +20, memcmp -6)'. */
function inside(base: readonly ExplainedCall[], head: readonly ExplainedCall[], view: View): string {
  const changes = new Map<string, number>();
  const add = (calls: readonly ExplainedCall[], sign: number) => {
    for (const { name, insns } of calls.flatMap(({ functions }) => functions))
      changes.set(name, (changes.get(name) ?? 0) + sign * insns[view.column]);
  };
  add(head, 1);
  add(base, -1);
  const greatest = [...changes]
    .filter(([, change]) => change !== 0)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .slice(0, FUNCTIONS)
    .map(([name, change]) => `${name} ${signed(change, view)}`);
  return greatest.length === 0 ? '' : ` (${greatest.join(', ')})`;
}

function callKind(base: FullLine, head: FullLine, view: View): CauseKind {
  const times = ({ calls }: FullLine) =>
    sum(
      calls.filter(({ kind }) => kind !== 'kernel'),
      'times',
      view,
    );
  const insns = ({ calls }: FullLine) =>
    sum(
      calls.filter(({ kind }) => kind === 'kernel'),
      'insns',
      view,
    );
  if (times(base) !== times(head)) return 'path';
  return insns(base) === insns(head) ? 'callee' : 'jit';
}

function tailCallChanges(base: FullLine, head: FullLine, { programsNow }: View): string[] {
  const kinds = ({ tailCalls }: FullLine) =>
    new Map(tailCalls.flatMap(({ to, direct }) => (to === undefined ? [] : [[to, direct] as const])));
  const before = new Map([...kinds(base)].map(([to, direct]) => [programsNow.get(to) ?? to, direct]));
  const now = kinds(head);
  const fallsThrough = head.tailCalls.some(({ to }) => to === undefined);
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((to) => {
    if (!before.has(to)) return [`one more ${now.get(to) ? 'direct' : 'indirect'} tail call, to ${to}`];
    if (!now.has(to))
      return [
        fallsThrough
          ? `the tail call to ${to} falls through now: an empty slot, or the limit of 33`
          : `one tail call less, to ${to}`,
      ];
    if (before.get(to) === now.get(to)) return [];
    return [`the tail call to ${to} is ${now.get(to) ? 'direct now' : 'no longer direct'}`];
  });
}

/** Whether it runs more often, or is other eBPF, or the same eBPF in other machine code. */
function ownChange(base: FullLine, head: FullLine, view: View): WhatChanged {
  const { column, isSameSource } = view;
  const times = ({ instructions }: FullLine) =>
    instructions.reduce((all, each) => all + each.times[column], 0);
  if (!isSameCode(base, head)) {
    const [now, before] = [head, base].map((side) => codesOf(side).length);
    const count = `${now} eBPF instructions, ${before} before`;
    if (view.isSameObjectCode(base.line, head.line))
      return { kind: 'path', what: `other parts of it run (${count})` };
    if (base.line.text !== head.line.text) return { kind: 'source', what: count };
    const who = isSameSource
      ? 'the source is the same: another compiler or other flags make'
      : 'the compiler makes';
    return { kind: 'compiler', what: `${who} other code of it (${count})` };
  }
  if (times(base) !== times(head))
    return { kind: 'path', what: `it runs ${times(head) > times(base) ? 'more' : 'less'} often` };
  const machine = ({ line }: FullLine) => mean(line.own[column], view);
  return {
    kind: 'jit',
    what: `the JIT makes other machine code of the same eBPF (${machine(head)} instructions run, ${machine(base)} before)`,
  };
}

/** Whether both are the same eBPF, wherever its jumps and calls lead. */
export function isSameCode(a: FullLine, b: FullLine): boolean {
  return codesOf(a).join() === codesOf(b).join();
}

const codesOf = ({ instructions }: FullLine) => instructions.map(({ code }) => withoutTarget(code));

/**
 * An instruction, its bytes in hexadecimal, without what the place of other code decides: where it jumps to, which function it calls.
 */
export function withoutTarget(code: string): string {
  const opcode = Number.parseInt(code.slice(0, 2), 16);
  const source = Number.parseInt(code.slice(2, 3), 16);
  const isJump = (opcode & 7) === 5 || (opcode & 7) === 6;
  if (opcode === LONG_JUMP || (opcode === CALL && source !== 0) || (opcode === LD_IMM64 && source === 4))
    return code.slice(0, 4);
  return isJump ? `${code.slice(0, 4)}____${code.slice(8)}` : code;
}

const CALL = 0x85;
const LONG_JUMP = 0x06;
const LD_IMM64 = 0x18;

const mean = (value: number, { packets }: Pick<View, 'packets'>) =>
  Math.round((1000 * value) / packets) / 1000;
const signed = (value: number, of: Pick<View, 'packets'>) => `${value > 0 ? '+' : ''}${mean(value, of)}`;
