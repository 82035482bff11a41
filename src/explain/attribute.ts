// From counts by address and call path to counts by source line, call and instruction. Every instruction of a run lands
// in one place: in the line whose machine code it is, or in the call of a program that it happened under.

import type { FunctionSpec } from '../model/elf.ts';
import {
  addPairs,
  type ExplainedCall,
  type ExplainedInstruction,
  type ExplainedLine,
  type ExplainedTailCall,
  type Explanation,
  NO_INSNS,
  type Pair,
  sumPairs,
} from '../model/explanation.ts';
import { helperName, TAIL_CALL } from '../model/helpers.ts';
import type { CallPaths } from './callpaths.ts';
import type { Symbols } from './symbols.ts';

/** Machine code of one function, and which instruction of the object each byte of it is of. */
export interface CodeImage {
  readonly program: string;
  readonly address: bigint;
  readonly sizeBytes: number;
  /** What reports call it. */
  readonly name: string;
  /** Undefined where it is not known; then the whole image counts as its first instruction. */
  readonly spec?: FunctionSpec;
  /** First byte of each instruction's code, in order; the instruction counted in the function. */
  readonly insns: readonly { readonly offset: number; readonly insn: number }[];
}

export type Attribution = Pick<
  Explanation,
  'insns' | 'lines' | 'calls' | 'tailCalls' | 'instructions' | 'stacks'
> & {
  /** Every instruction again, by function of the kernel and by program, in no order. */
  readonly functions: readonly { readonly name: string; readonly isProgram: boolean; readonly insns: Pair }[];
  /** What happened in no program and under none: no line has it. */
  readonly elsewhere: Pair;
};

/** Rows come dearest first (lines and calls), or in the code's order (instructions). */
export function attribute(paths: CallPaths, images: readonly CodeImage[], symbols: Symbols): Attribution {
  const find = makeFinder(images);
  const byAddress = new Map<bigint, Pair>();
  const own = new Map<string, { site: Site; pair: Pair }>();
  const called = new Map<string, { site: Site; functions: Map<string, Pair>; first: string }>();
  const stacks = new Map<string, { frames: string[]; insns: Pair }>();
  const functions = new Map<string, { name: string; isProgram: boolean; insns: Pair }>();
  let elsewhere = NO_INSNS;

  for (const { path, block, cold, warm } of paths.counts) {
    const pair = { cold, warm };
    for (const address of paths.blocks.get(block) ?? []) {
      const site = find(address);
      const caller = site ? undefined : callerOf(paths, path, find);
      const within = { name: site?.image.name ?? symbols.nameOf(address), isProgram: site !== undefined };
      const all = upsert(functions, `${within.isProgram} ${within.name}`, () => ({
        ...within,
        insns: NO_INSNS,
      }));
      all.insns = addPairs(all.insns, pair);
      if (site) {
        byAddress.set(address, addPairs(byAddress.get(address) ?? NO_INSNS, pair));
        const row = upsert(own, keyOf(site), () => ({ site, pair: NO_INSNS }));
        row.pair = addPairs(row.pair, pair);
      } else if (caller) {
        const { name } = within;
        const row = upsert(called, keyOf(caller.site), () => ({
          site: caller.site,
          functions: new Map(),
          first: name,
        }));
        row.functions.set(name, addPairs(row.functions.get(name) ?? NO_INSNS, pair));
      } else elsewhere = addPairs(elsewhere, pair);
      const frames = framesOf(paths, path, address, find, symbols);
      const stack = upsert(stacks, frames.join(';'), () => ({ frames, insns: NO_INSNS }));
      stack.insns = addPairs(stack.insns, pair);
    }
  }

  const timesOf = ({ image, offset }: Site) => byAddress.get(image.address + BigInt(offset)) ?? NO_INSNS;
  const calls = callRows(own, called, timesOf);
  const instructions = [...own.values()]
    .map(
      ({ site, pair }): ExplainedInstruction => ({
        ...placeOf(site),
        insn: site.insn,
        code: codeOf(site),
        times: timesOf(site),
        own: pair,
      }),
    )
    .sort(byPlace);
  return {
    insns: sumPairs([...stacks.values()].map(({ insns }) => insns)),
    lines: lineRows(instructions, calls),
    calls,
    tailCalls: tailCallRows(paths, own, find, timesOf),
    instructions,
    stacks: [...stacks.values()].sort((a, b) => byText(a.frames.join(';'), b.frames.join(';'))),
    functions: [...functions.values()],
    elsewhere,
  };
}

/** An instruction of an object in one of its images. */
interface Site {
  readonly image: CodeImage;
  /** Counted in its function. */
  readonly insn: number;
  /** Of the instruction's first byte. */
  readonly offset: number;
}

type Finder = (address: bigint) => Site | undefined;

function makeFinder(images: readonly CodeImage[]): Finder {
  const known = new Map<bigint, Site | undefined>();
  return (address) => {
    if (known.has(address)) return known.get(address);
    const image = images.find(
      (each) => address >= each.address && address < each.address + BigInt(each.sizeBytes),
    );
    const site = image && siteIn(image, Number(address - image.address));
    known.set(address, site);
    return site;
  };
}

function siteIn(image: CodeImage, at: number): Site {
  const found = image.insns.findLast(({ offset }) => offset <= at) ?? image.insns[0];
  return { image, insn: found?.insn ?? 0, offset: found?.offset ?? 0 };
}

const keyOf = ({ image, insn }: Site) => `${image.address} ${insn}`;

/** The innermost instruction of a program on a call path. */
function callerOf(paths: CallPaths, path: number, find: Finder): { site: Site } | undefined {
  for (let at = path; at !== 0; ) {
    const step = paths.paths.get(at);
    if (!step) return undefined;
    const site = find(step.site);
    if (site) return { site };
    at = step.parent;
  }
  return undefined;
}

function framesOf(paths: CallPaths, path: number, leaf: bigint, find: Finder, symbols: Symbols): string[] {
  const sites: bigint[] = [leaf];
  for (let at = path; at !== 0; ) {
    const step = paths.paths.get(at)!;
    sites.unshift(step.site);
    at = step.parent;
  }
  const frames = sites.flatMap((address, i) => {
    const site = find(address);
    if (!site) return [symbols.nameOf(address)];
    const { file, line } = placeOf(site);
    const call = i < sites.length - 1 ? calleeOf(site) : undefined;
    const where = line === undefined ? `insn ${site.insn}` : `${file?.replace(/^.*\//, '')}:${line}`;
    return [site.image.name, where, ...(call ? [call.name] : [])];
  });
  return frames.filter((frame, i) => frame !== frames[i - 1]);
}

type Place = Pick<ExplainedLine, 'program' | 'function' | 'file' | 'line' | 'text' | 'near'>;

function placeOf({ image, insn }: Site): Place {
  const place = { program: image.program, function: image.spec?.name ?? image.name };
  const source = image.spec?.lineAt(insn);
  if (!source) return place;
  const { file, line, text } = source;
  const own = image.spec?.ownLineAt(insn);
  const isOwn = !own || (own.file === file && own.line === line);
  const near = isOwn ? undefined : { file: own.file, line: own.line, text: own.text };
  return { ...place, file, line, text, ...(near ? { near } : {}) };
}

function codeOf({ image, insn }: Site): string {
  const code = image.spec?.code;
  if (!code) return '';
  const size = code[8 * insn] === LD_IMM64 ? 16 : 8;
  return Buffer.from(code.subarray(8 * insn, 8 * insn + size)).toString('hex');
}

const LD_IMM64 = 0x18;

/** What the object calls at that instruction. A tail call is a jump, and a subprogram's lines are counted themselves. */
function calleeOf({ image, insn }: Site): Pick<ExplainedCall, 'kind' | 'name' | 'on'> | undefined {
  const call = image.spec?.calls.get(insn);
  if (call?.kind === 'kfunc') return { kind: 'kfunc', name: call.name };
  return call?.kind === 'helper' && call.id !== TAIL_CALL
    ? { kind: 'helper', name: helperName(call.id), ...(call.map === undefined ? {} : { on: call.map }) }
    : undefined;
}

type Own = ReadonlyMap<string, { readonly site: Site; readonly pair: Pair }>;
type Called = ReadonlyMap<
  string,
  { readonly site: Site; readonly functions: ReadonlyMap<string, Pair>; readonly first: string }
>;

function callRows(own: Own, called: Called, timesOf: (site: Site) => Pair): ExplainedCall[] {
  const sites = new Map([...own, ...called].map(([key, { site }]) => [key, site]));
  return [...sites]
    .flatMap(([key, site]): ExplainedCall[] => {
      const inside = called.get(key);
      const callee = calleeOf(site) ?? (inside && { kind: 'kernel' as const, name: inside.first });
      if (!callee) return [];
      const functions = [...(inside?.functions ?? [])]
        .map(([name, insns]) => ({ name, insns }))
        .sort((a, b) => b.insns.warm - a.insns.warm || b.insns.cold - a.insns.cold || byText(a.name, b.name));
      return [
        {
          ...placeOf(site),
          insn: site.insn,
          ...callee,
          times: timesOf(site),
          insns: sumPairs(functions.map(({ insns }) => insns)),
          functions,
        },
      ];
    })
    .sort((a, b) => b.insns.warm - a.insns.warm || b.insns.cold - a.insns.cold || byPlace(a, b));
}

function lineRows(
  instructions: readonly ExplainedInstruction[],
  calls: readonly ExplainedCall[],
): ExplainedLine[] {
  const rows = new Map<string, ExplainedLine>();
  const add = (place: Place, own: Pair, called: Pair) => {
    const { program, function: name, file, line, text, near } = place;
    const key = lineKey(place);
    const known = rows.get(key);
    rows.set(key, {
      program,
      function: name,
      ...(line === undefined ? {} : { file, line, text }),
      ...(near ? { near } : {}),
      own: addPairs(known?.own ?? NO_INSNS, own),
      called: addPairs(known?.called ?? NO_INSNS, called),
    });
  };
  for (const row of instructions) add(row, row.own, NO_INSNS);
  for (const row of calls) add(row, NO_INSNS, row.insns);
  const cost = ({ own, called }: ExplainedLine) => own.warm + called.warm;
  return [...rows.values()].sort(
    (a, b) =>
      cost(b) - cost(a) ||
      b.own.cold + b.called.cold - a.own.cold - a.called.cold ||
      byText(a.program, b.program) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      byText(a.function, b.function),
  );
}

/** Calls belong to the line with the same key. */
function lineKey({ program, function: name, file, line, near }: Place): string {
  return [program, name, file, line, near?.file, near?.line].join('\0');
}

/** A row for each way that a tail call went, and one for those that went nowhere. */
function tailCallRows(
  paths: CallPaths,
  own: Own,
  find: Finder,
  timesOf: (site: Site) => Pair,
): ExplainedTailCall[] {
  const taken = new Map<string, { site: Site; to: string; direct: boolean; times: Pair }>();
  for (const { site: from, target, isDirect: direct, cold, warm } of paths.tailCalls) {
    const [site, to] = [find(from), find(target)?.image.program];
    if (!site || to === undefined) continue;
    const row = upsert(taken, `${keyOf(site)} ${to} ${direct}`, () => ({
      site,
      to,
      direct,
      times: NO_INSNS,
    }));
    row.times = addPairs(row.times, { cold, warm });
  }
  const rows = [...taken.values()].map(({ site, to, direct, times }) => ({
    ...placeOf(site),
    insn: site.insn,
    to,
    direct,
    times,
  }));
  const fallenThrough = [...own.values()].flatMap(({ site }): ExplainedTailCall[] => {
    const call = site.image.spec?.calls.get(site.insn);
    if (call?.kind !== 'helper' || call.id !== TAIL_CALL) return [];
    const went = sumPairs(
      [...taken.values()].filter((each) => keyOf(each.site) === keyOf(site)).map(({ times }) => times),
    );
    const all = timesOf(site);
    const times = { cold: all.cold - went.cold, warm: all.warm - went.warm };
    return times.cold > 0 || times.warm > 0 ? [{ ...placeOf(site), insn: site.insn, times }] : [];
  });
  return [...rows, ...fallenThrough].sort(byPlace);
}

function byPlace(
  a: { program: string; function: string; insn: number },
  b: { program: string; function: string; insn: number },
): number {
  return byText(a.program, b.program) || byText(a.function, b.function) || a.insn - b.insn;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function upsert<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
