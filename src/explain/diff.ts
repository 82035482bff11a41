// What made a program dearer: base's explanation against head's. Lines are matched by what they say, in their order, so
// that code which only moved is no change; a line that differs tells whether the source, the compiler or the JIT did it.

import type {
  Cause,
  Difference,
  ExplainedCall,
  ExplainedInstruction,
  ExplainedLine,
  ExplainedTailCall,
  Explanation,
  Pair,
} from '../model/explanation.ts';
import { likeTexts, matchSequences, type Step } from './sequence.ts';
import { diffVisits } from './visits.ts';

export type Column = keyof Pair;

/** Base against head of the same program, input and kernel; 'absent' where one of them has no profile. */
export function differenceOf(base: Explanation, head: Explanation): Difference {
  const { target, object, program, input, packets } = head;
  const absent = head.absent ?? (base.absent && { reason: `the base has no profile: ${base.absent.reason}` });
  const unlike =
    absent === undefined && base.packets !== packets
      ? { reason: `the base ran ${base.packets} packets, head ${packets}` }
      : absent;
  const causes = (column: Column) => (unlike ? [] : diffExplanations(base, head, column));
  return {
    target: target.id,
    object,
    program,
    input,
    packets,
    base: base.insns,
    head: head.insns,
    warm: causes('warm'),
    cold: causes('cold'),
    ...(base.verifier && head.verifier
      ? { verifier: diffVisits(base.verifier, head.verifier, program) }
      : {}),
    ...(unlike ? { absent: unlike } : {}),
  };
}

/** Which figures are looked at, and how many packets they are of: words name the mean. */
interface View {
  readonly column: Column;
  readonly packets: number;
}

/** Every change, the greatest first, whatever its sign. Their sum is head's count less base's. */
export function diffExplanations(base: Explanation, head: Explanation, column: Column): Cause[] {
  const view = { column, packets: column === 'cold' ? 1 : Math.max(1, head.packets) };
  const names = [...new Set([...base.lines, ...head.lines].map(functionKey))];
  const causes = names.flatMap((name) => {
    const of = (side: Explanation) => linesOf(side, name, column);
    return diffLines(of(base), of(head), view);
  });
  return causes.sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || b.change - a.change);
}

/** A line with all that was found of it. */
interface FullLine {
  readonly line: ExplainedLine;
  readonly cost: number;
  readonly calls: readonly ExplainedCall[];
  readonly tailCalls: readonly ExplainedTailCall[];
  readonly instructions: readonly ExplainedInstruction[];
}

const functionKey = ({ program, function: name }: Pick<ExplainedLine, 'program' | 'function'>) =>
  `${program}\0${name}`;

/** A function's lines as they follow in the source; inlined ones where they were put. */
function linesOf(side: Explanation, name: string, column: Column): FullLine[] {
  const key = (each: ExplainedLine) =>
    [functionKey(each), each.file, each.line, each.near?.file, each.near?.line].join('\0');
  const calls = groupBy(side.calls, key);
  const tailCalls = groupBy(side.tailCalls, key);
  const instructions = groupBy(side.instructions, key);
  const rank = ({ near, line }: ExplainedLine) => near?.line ?? line ?? 0;
  return side.lines
    .filter((line) => functionKey(line) === name)
    .sort((a, b) => rank(a) - rank(b) || (a.near ? 1 : 0) - (b.near ? 1 : 0) || (a.line ?? 0) - (b.line ?? 0))
    .map((line) => ({
      line,
      cost: line.own[column] + line.called[column],
      calls: calls.get(key(line)) ?? [],
      tailCalls: tailCalls.get(key(line)) ?? [],
      instructions: instructions.get(key(line)) ?? [],
    }));
}

function groupBy<T>(rows: readonly T[], key: (row: T & ExplainedLine) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = key(row as T & ExplainedLine);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return groups;
}

function diffLines(base: readonly FullLine[], head: readonly FullLine[], view: View): Cause[] {
  const steps = joinTailCalls(matchSequences(base, head, sameText, likeness));
  return steps.flatMap(({ left, right }): Cause[] => {
    const change = (right?.cost ?? 0) - (left?.cost ?? 0);
    if (change === 0) return [];
    const { program, function: name, file, line, text, near } = (right ?? left)!.line;
    return [
      {
        program,
        function: name,
        ...(line === undefined ? {} : { file: file!, line, text: text! }),
        ...(near ? { near } : {}),
        change,
        what: whatChanged(left, right, view),
      },
    ];
  });
}

/** A tail call that is written in another way goes to the same program: one changed line, not one gone and one new. */
function joinTailCalls(steps: readonly Step<FullLine>[]): Step<FullLine>[] {
  const targets = (line: FullLine) => line.tailCalls.flatMap(({ to }) => (to === undefined ? [] : [to]));
  const gone = steps.filter(({ right }) => right === undefined).map(({ left }) => left!);
  const joined = new Map<FullLine, FullLine>();
  for (const { left, right } of steps) {
    if (left || !right) continue;
    const before = gone.find(
      (line) =>
        ![...joined.values()].includes(line) && targets(line).some((to) => targets(right).includes(to)),
    );
    if (before) joined.set(right, before);
  }
  const taken = new Set(joined.values());
  return steps
    .filter(({ left, right }) => right !== undefined || !taken.has(left!))
    .map((step) => {
      const before = step.right && !step.left ? joined.get(step.right) : undefined;
      return before ? { left: before, right: step.right! } : step;
    });
}

function sameText(a: FullLine, b: FullLine): boolean {
  return a.line.text === b.line.text && (a.line.line === undefined) === (b.line.line === undefined);
}

const likeness = (a: FullLine, b: FullLine) => likeTexts(a.line.text ?? '', b.line.text ?? '');

/** The reason in words: a tail call that went another way, then calls, then what the machine code itself tells. */
function whatChanged(base: FullLine | undefined, head: FullLine | undefined, view: View): string {
  if (!head) return ['gone', ...callWords(base!, view)].join(', with ');
  if (!base) return ['new', ...callWords(head, view)].join(', with ');
  const tailCalls = tailCallChanges(base, head);
  if (tailCalls.length > 0) return tailCalls.join('; ');
  const said = [...(base.line.text === head.line.text ? [] : ['changed']), ...callChanges(base, head, view)];
  const own = head.line.own[view.column] - base.line.own[view.column];
  if (own === 0) return said.join('; ');
  const reason = ownChange(base, head, view);
  return said.length === 0 ? reason : `${said.join('; ')}; ${signed(own, view.packets)}: ${reason}`;
}

function callWords(line: FullLine, { column, packets }: View): string[] {
  const calls = line.calls.filter(({ kind }) => kind !== 'kernel').map(({ name }) => name);
  const tails = line.tailCalls.flatMap(({ to, direct }) =>
    to === undefined ? [] : [`${direct ? 'a direct' : 'an indirect'} tail call to ${to}`],
  );
  const cost = line.calls.reduce((sum, { insns }) => sum + insns[column], 0);
  const words = [...calls.map((name) => `a call of ${name}`), ...tails].join(' and ');
  return words === '' ? [] : [`${words}${cost > 0 ? ` (${mean(cost, packets)} instructions)` : ''}`];
}

function callChanges(base: FullLine, head: FullLine, { column, packets }: View): string[] {
  const sum = (line: FullLine, name: string) =>
    line.calls
      .filter((call) => call.name === name)
      .reduce(
        (all, { times, insns }) => ({ times: all.times + times[column], insns: all.insns + insns[column] }),
        { times: 0, insns: 0 },
      );
  const all = [...base.calls, ...head.calls].filter(({ kind }) => kind !== 'kernel');
  const names = [...new Set(all.map(({ name }) => name))];
  return names.flatMap((name) => {
    const [before, now] = [sum(base, name), sum(head, name)];
    const change = signed(now.insns - before.insns, packets);
    if (now.times > 0 && before.times === 0) return [`now calls ${name} (${change})`];
    if (now.times === 0 && before.times > 0) return [`no longer calls ${name} (${change})`];
    if (now.times !== before.times)
      return [
        `calls ${name} ${mean(now.times, packets)} times instead of ${mean(before.times, packets)} (${change})`,
      ];
    return now.insns === before.insns ? [] : [`${name} takes ${change}`];
  });
}

function tailCallChanges(base: FullLine, head: FullLine): string[] {
  const kinds = (line: FullLine) =>
    new Map(line.tailCalls.flatMap(({ to, direct }) => (to === undefined ? [] : [[to, direct] as const])));
  const [before, now] = [kinds(base), kinds(head)];
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((to) => {
    if (!before.has(to)) return [`now tail-calls ${to}`];
    if (!now.has(to)) return [`no longer tail-calls ${to}`];
    if (before.get(to) === now.get(to)) return [];
    return [`the tail call to ${to} is ${now.get(to) ? 'direct now' : 'no longer direct'}`];
  });
}

/** Whether it runs more often, or is other eBPF, or the same eBPF in other machine code. */
function ownChange(base: FullLine, head: FullLine, { column }: View): string {
  const shape = ({ instructions }: FullLine) =>
    instructions.filter(({ times }) => times[column] > 0).map(({ code }) => withoutJump(code));
  const [before, now] = [shape(base), shape(head)];
  const times = ({ instructions }: FullLine) =>
    instructions.reduce((sum, each) => sum + each.times[column], 0);
  if (before.join() === now.join()) {
    if (times(base) === times(head)) return 'the JIT makes other machine code of the same eBPF';
    return `it runs ${times(head) > times(base) ? 'more' : 'less'} often`;
  }
  const count = `${now.length} eBPF instructions run, ${before.length} before`;
  return base.line.text === head.line.text ? `the compiler makes other code of it (${count})` : count;
}

/** An instruction without where it jumps to: code that was put in between moves that, and changes nothing. */
function withoutJump(code: string): string {
  const opcode = Number.parseInt(code.slice(0, 2), 16);
  const isJump = (opcode & 7) === 5 || (opcode & 7) === 6;
  return isJump ? `${code.slice(0, 4)}____${code.slice(8)}` : code;
}

const mean = (value: number, packets: number) => Math.round((1000 * value) / packets) / 1000;
const signed = (value: number, packets: number) => `${value > 0 ? '+' : ''}${mean(value, packets)}`;
