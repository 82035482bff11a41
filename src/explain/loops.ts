// Loops in a program's code and how much of the verifier's work goes into each: it walks through them round by round.

import type { FunctionSpec, ObjectSpec, SourceLine } from '../model/elf.ts';
import type { VisitedLoop } from '../model/explanation.ts';

/** `visits` by instruction as the verifier numbers them. Loops that it went round more than once, the most visited first. */
export function loopsOf(
  program: string,
  { programs, functions }: Pick<ObjectSpec, 'programs' | 'functions'>,
  visits: ReadonlyMap<number, number>,
): VisitedLoop[] {
  const subprograms = programs.find(({ name }) => name === program)?.callsSubprograms ?? [];
  let at = 0;
  return [program, ...subprograms]
    .flatMap((name): VisitedLoop[] => {
      const part = functions.find((each) => each.name === name);
      const start = at;
      at += part?.insnCount ?? 0;
      return part ? loopsIn(part, (insn) => visits.get(start + insn) ?? 0) : [];
    })
    .filter(({ rounds }) => rounds > 1)
    .sort((a, b) => b.visits - a.visits);
}

function loopsIn(part: FunctionSpec, visitsOf: (insn: number) => number): VisitedLoop[] {
  return [...bodiesOf(part)].map(([first, body]) => {
    const insns = [...body].sort((a, b) => a - b).filter((insn) => visitsOf(insn) > 0);
    const lines = insns.flatMap((insn) => part.lineAt(insn) ?? []);
    // What the function itself has, not what was put into it: a loop begins with its first line.
    const own = lines.filter(({ file }) => file === part.lineAt(0)?.file);
    const ascending = own.sort((a, b) => a.line - b.line);
    return {
      ...placeOf(ascending[0], ascending.at(-1)),
      visits: insns.reduce((sum, insn) => sum + visitsOf(insn), 0),
      instructions: insns.length,
      rounds: visitsOf(first),
    };
  });
}

function placeOf(
  first: SourceLine | undefined,
  last: SourceLine | undefined,
): Pick<VisitedLoop, 'file' | 'line' | 'lastLine' | 'text'> {
  return first && last ? { file: first.file, line: first.line, lastLine: last.line, text: first.text } : {};
}

/**
 * Natural loops, by the instruction that they begin with: a jump leads back to one that every way to the jump goes
 * through. Compilers also lay code that several branches share before them, and a jump back to that is no loop.
 */
function bodiesOf({ code }: FunctionSpec): ReadonlyMap<number, ReadonlySet<number>> {
  const next = successorsOf(code);
  const order = postorder(next);
  const previous = new Map<number, number[]>();
  for (const from of order.keys())
    for (const to of next(from)) previous.set(to, [...(previous.get(to) ?? []), from]);
  const above = dominators(order, previous);
  const bodies = new Map<number, Set<number>>();
  for (const from of order.keys())
    for (const to of next(from)) {
      if (order.get(to)! < order.get(from)! || !isAbove(to, from, above)) continue;
      const body = bodies.get(to) ?? new Set([to]);
      bodies.set(to, body);
      for (const left = [from]; left.length > 0; ) {
        const insn = left.pop()!;
        if (body.has(insn)) continue;
        body.add(insn);
        left.push(...(previous.get(insn) ?? []));
      }
    }
  return bodies;
}

/** Where the instruction behind each may lie. */
function successorsOf(code: Uint8Array): (insn: number) => readonly number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const end = Math.floor(code.length / 8);
  return (insn) => {
    const opcode = view.getUint8(8 * insn);
    const kind = opcode & 7;
    const behind = insn + (opcode === LD_IMM64 ? 2 : 1);
    const isJump = (kind === 5 || kind === 6) && opcode !== CALL;
    if (opcode === EXIT) return [];
    if (!isJump) return behind < end ? [behind] : [];
    const distance =
      opcode === LONG_JUMP ? view.getInt32(8 * insn + 4, true) : view.getInt16(8 * insn + 2, true);
    const to = insn + 1 + distance;
    const ways = opcode === JUMP || opcode === LONG_JUMP ? [to] : [to, behind];
    return ways.filter((way) => way >= 0 && way < end);
  };
}

/** Every instruction that can be reached from the first, with its place in postorder. */
function postorder(next: (insn: number) => readonly number[]): ReadonlyMap<number, number> {
  const order = new Map<number, number>();
  const seen = new Set([0]);
  const path: { readonly insn: number; readonly ways: readonly number[]; at: number }[] = [
    { insn: 0, ways: next(0), at: 0 },
  ];
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const way = top.ways[top.at++];
    if (way === undefined) {
      order.set(top.insn, order.size);
      path.pop();
    } else if (!seen.has(way)) {
      seen.add(way);
      path.push({ insn: way, ways: next(way), at: 0 });
    }
  }
  return order;
}

/** For each instruction the nearest one that every way to it goes through (Cooper, Harvey, Kennedy, 2001). */
function dominators(
  order: ReadonlyMap<number, number>,
  previous: ReadonlyMap<number, readonly number[]>,
): ReadonlyMap<number, number> {
  const above = new Map([[0, 0]]);
  const meet = (a: number, b: number): number => {
    let [left, right] = [a, b];
    while (left !== right) {
      while (order.get(left)! < order.get(right)!) left = above.get(left)!;
      while (order.get(right)! < order.get(left)!) right = above.get(right)!;
    }
    return left;
  };
  const forward = [...order.keys()].reverse().filter((insn) => insn !== 0);
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (const insn of forward) {
      const known = (previous.get(insn) ?? []).filter((from) => above.has(from));
      const found = known.reduce(meet);
      if (above.get(insn) === found) continue;
      above.set(insn, found);
      isChanged = true;
    }
  }
  return above;
}

function isAbove(insn: number, of: number, above: ReadonlyMap<number, number>): boolean {
  let at = of;
  while (at !== insn && at !== 0) at = above.get(at)!;
  return at === insn;
}

const LD_IMM64 = 0x18;
const JUMP = 0x05;
const LONG_JUMP = 0x06;
const CALL = 0x85;
const EXIT = 0x95;
