// What made a program dearer: base's explanation against head's. Lines are matched by what they say and by what stands
// around them, so that code which only moved is no change; what did it is said by what-changed.ts.

import type { FunctionSpec } from '../model/elf.ts';
import type { Cause, Difference, ExplainedLine, Explanation, Pair } from '../model/explanation.ts';
import { matchSequences, type Step } from './sequence.ts';
import { diffVisits } from './visits.ts';
import {
  type FullLine,
  isSameCode,
  totalsOf,
  type View,
  whatChanged,
  withoutTarget,
} from './what-changed.ts';

export type Column = keyof Pair;

/** What an object has code of, whether it ran or not. */
export interface SourceLines {
  /** Texts by 'file:line'. */
  readonly places: ReadonlyMap<string, string>;
  /** All eBPF of the lines in a function that say the same. */
  readonly codes: ReadonlyMap<string, string>;
}

export type BothSources = Readonly<Record<'base' | 'head', SourceLines>>;

/** Base against head of the same program, input and kernel; 'absent' where one of them has no profile. */
export function differenceOf(base: Explanation, head: Explanation, sources?: BothSources): Difference {
  const { target, object, program, input, packets } = head;
  const absent = head.absent ?? (base.absent && { reason: `the base has no profile: ${base.absent.reason}` });
  const unlike =
    absent === undefined && base.packets !== packets
      ? { reason: `the base ran ${base.packets} packets, head ${packets}` }
      : absent;
  const causes = (column: Column) => (unlike ? [] : diffExplanations(base, head, column, sources));
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

/** What an object has code of, from its line information. */
export function sourceLinesOf({ functions }: { readonly functions: readonly FunctionSpec[] }): SourceLines {
  const [places, codes] = [new Map<string, string>(), new Map<string, string>()];
  for (const { name, insnCount, lineAt, code } of functions)
    for (let insn = 0; insn < insnCount; insn++) {
      const line = lineAt(insn);
      if (!line) continue;
      const bytes = Buffer.from(code.subarray(8 * insn, 8 * insn + 8)).toString('hex');
      const key = codeKey({ function: name, ...line });
      places.set(`${line.file}:${line.line}`, line.text);
      codes.set(key, `${codes.get(key) ?? ''} ${withoutTarget(bytes)}`);
    }
  return { places, codes };
}

const codeKey = ({ function: name, text }: Pick<ExplainedLine, 'function' | 'text'>) => `${name}\0${text}`;

const ran = ({ lines }: Explanation): SourceLines => ({
  places: new Map(lines.map(({ file, line, text = '' }) => [`${file}:${line}`, text])),
  codes: new Map(),
});

/**
 * Every change, the greatest first, whatever its sign. Their sum is head's count less base's. Without `sources`, the
 * lines that ran are taken for all that there are.
 */
export function diffExplanations(
  base: Explanation,
  head: Explanation,
  column: Column,
  sources: BothSources = { base: ran(base), head: ran(head) },
): Cause[] {
  const functions = matchFunctions(base, head);
  const view: View = {
    column,
    packets: column === 'cold' ? 1 : Math.max(1, head.packets),
    isSameObjectCode: (before, now) => {
      const code = sources.head.codes.get(codeKey(now));
      return code !== undefined && sources.base.codes.get(codeKey(before)) === code;
    },
    isSameSource: [...sources.head.places].every(
      ([place, text]) => (sources.base.places.get(place) ?? text) === text,
    ),
    programsNow: new Map(functions.flatMap(([a, b]) => (a && b ? [[programOf(a), programOf(b)]] : []))),
    hasMoved: (before, now) =>
      functions.every(([a, b]) => a !== functionKey(before) || b !== functionKey(now)),
    calls: { base: totalsOf(base, column), head: totalsOf(head, column) },
  };
  const steps = functions.flatMap(([before, now]) => {
    const of = (side: Explanation, name: string | undefined) =>
      name === undefined ? [] : linesOf(side, name, column);
    return joinTailCalls(matchSequences(of(base, before), of(head, now), { text: textOf, agreement }), view);
  });
  return withoutRegrouped(joinMoved(steps))
    .flatMap((step) => causeOf(step, view))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || b.change - a.change);
}

function causeOf(step: Step<FullLine>, view: View): Cause[] {
  const change = changeOf(step);
  if (change === 0) return [];
  const { program, function: name, file, line, text, near } = (step.right ?? step.left)!.line;
  return [
    {
      program,
      function: name,
      ...(line === undefined ? {} : { file: file!, line, text: text! }),
      ...(near ? { near } : {}),
      change,
      ...whatChanged(step.left, step.right, view),
    },
  ];
}

const changeOf = ({ left, right }: Step<FullLine>) => (right?.cost ?? 0) - (left?.cost ?? 0);

/** A line of which no text is known is known by its number alone. */
function textOf({ line }: FullLine): string {
  return line.line === undefined ? '' : line.text || `line ${line.line}`;
}

/** An inline function's line is the same where it stands in the same place; equal lines are told apart by their code. */
function agreement(a: FullLine, b: FullLine): number {
  const names = ({ calls }: FullLine) => calls.map(({ name, on }) => `${name} ${on}`).join();
  return (
    (a.line.near?.text === b.line.near?.text ? 0.5 : 0) +
    (isSameCode(a, b) ? 0.25 : 0) +
    (names(a) === names(b) ? 0.25 : 0)
  );
}

const functionKey = ({ program, function: name }: Pick<ExplainedLine, 'program' | 'function'>) =>
  `${program}\0${name}`;
const programOf = (key: string) => key.split('\0')[0]!;

const RENAMED = 0.6;

/** Functions by their names, and those that are left by what they say: a function that was renamed is the same. */
function matchFunctions(
  base: Explanation,
  head: Explanation,
): (readonly [before: string | undefined, now: string | undefined])[] {
  const textsOf = ({ lines }: Explanation) => {
    const found = new Map<string, string[]>();
    for (const line of lines)
      found.set(functionKey(line), [...(found.get(functionKey(line)) ?? []), line.text ?? '']);
    return found;
  };
  const [before, now] = [textsOf(base), textsOf(head)];
  const both = [...now.keys()].filter((name) => before.has(name));
  const [gone, added] = [
    [...before.keys()].filter((name) => !now.has(name)),
    [...now.keys()].filter((name) => !before.has(name)),
  ];
  const candidates = gone
    .flatMap((a) => added.map((b) => ({ a, b, shared: sharedPart(before.get(a)!, now.get(b)!) })))
    .filter(({ shared }) => shared >= RENAMED)
    .sort((x, y) => y.shared - x.shared);
  const renamed = new Map<string, string>();
  for (const { a, b } of candidates)
    if (!renamed.has(a) && ![...renamed.values()].includes(b)) renamed.set(a, b);
  return [
    ...both.map((name) => [name, name] as const),
    ...renamed,
    ...gone.filter((name) => !renamed.has(name)).map((name) => [name, undefined] as const),
    ...added
      .filter((name) => ![...renamed.values()].includes(name))
      .map((name) => [undefined, name] as const),
  ];
}

function sharedPart(a: readonly string[], b: readonly string[]): number {
  const left = new Set(a.filter((text) => text !== ''));
  const shared = new Set(b.filter((text) => left.has(text))).size;
  return shared / Math.max(1, left.size, new Set(b).size);
}

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

type Join = (left: FullLine, right: FullLine) => boolean;

/** Lines that one side alone has, joined where `belong` says that they are one. */
function joinSteps(steps: readonly Step<FullLine>[], belong: Join): Step<FullLine>[] {
  const gone = new Set(steps.filter(({ right }) => right === undefined));
  const joined = steps.map((step) => {
    if (step.left || !step.right) return step;
    const before = [...gone].find(({ left }) => belong(left!, step.right!));
    if (!before) return step;
    gone.delete(before);
    return { left: before.left!, right: step.right };
  });
  return joined.filter((step) => step.right !== undefined || gone.has(step));
}

/** A tail call that is written in another way goes to the same program: one changed line, not one gone and one new. */
function joinTailCalls(steps: readonly Step<FullLine>[], { programsNow }: View): Step<FullLine>[] {
  const targets = ({ tailCalls }: FullLine) => tailCalls.flatMap(({ to }) => (to === undefined ? [] : [to]));
  return joinSteps(steps, (left, right) =>
    targets(left).some((to) => targets(right).includes(programsNow.get(to) ?? to)),
  );
}

const TELLING_CHARACTERS = 8;

/** Code that went into another function, where its line is one alone: 'return 0;' may come from anywhere. */
function joinMoved(steps: readonly Step<FullLine>[]): Step<FullLine>[] {
  const count = (side: 'left' | 'right', other: 'left' | 'right') => {
    const counts = new Map<string, number>();
    for (const { [side]: line, [other]: partner } of steps)
      if (line && !partner) counts.set(textOf(line), (counts.get(textOf(line)) ?? 0) + 1);
    return counts;
  };
  const [gone, added] = [count('left', 'right'), count('right', 'left')];
  return joinSteps(steps, (left, right) => {
    const text = textOf(left);
    return (
      text === textOf(right) &&
      text.length >= TELLING_CHARACTERS &&
      gone.get(text) === 1 &&
      added.get(text) === 1
    );
  });
}

/** The same code of the same line in other pieces, as where what is around an inline function changed, is no change. */
function withoutRegrouped(steps: readonly Step<FullLine>[]): Step<FullLine>[] {
  const key = ({ left, right }: Step<FullLine>) =>
    `${functionKey((right ?? left)!.line)}\0${textOf((right ?? left)!)}`;
  const groups = groupBy(
    steps.filter((step) => changeOf(step) !== 0),
    key as never,
  );
  const isRegrouped = (group: readonly Step<FullLine>[]) => {
    const code = (side: 'left' | 'right') =>
      group
        .flatMap(
          ({ [side]: line }) =>
            line?.instructions.map(({ code: bytes, own }) => `${bytes} ${own.warm} ${own.cold}`) ?? [],
        )
        .sort()
        .join();
    return (
      group.length > 1 &&
      group.reduce((sum, step) => sum + changeOf(step), 0) === 0 &&
      code('left') === code('right')
    );
  };
  const same = new Set([...groups.values()].filter(isRegrouped).flat());
  return steps.filter((step) => !same.has(step));
}
