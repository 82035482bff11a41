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
  return [...rangesOf(part)].map(([first, last]) => {
    const insns = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter(
      (insn) => visitsOf(insn) > 0,
    );
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

/** From where jumps lead back to, to the last of those jumps. */
function rangesOf({ code }: FunctionSpec): ReadonlyMap<number, number> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const ranges = new Map<number, number>();
  for (let at = 0; 8 * at + 8 <= code.length; at++) {
    const opcode = view.getUint8(8 * at);
    const kind = opcode & 7;
    if (opcode === LD_IMM64) at++;
    if ((kind !== 5 && kind !== 6) || opcode === CALL || opcode === EXIT) continue;
    const distance = opcode === LONG_JUMP ? view.getInt32(8 * at + 4, true) : view.getInt16(8 * at + 2, true);
    const to = at + 1 + distance;
    if (to >= 0 && to <= at) ranges.set(to, Math.max(ranges.get(to) ?? 0, at));
  }
  return ranges;
}

const LD_IMM64 = 0x18;
const LONG_JUMP = 0x06;
const CALL = 0x85;
const EXIT = 0x95;
