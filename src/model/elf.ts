// What an eBPF object holds, read without a kernel and without libbpf: programs, maps, source lines.
// Objects come from a pull request: hostile bytes end in a TollgateError, never in a crash or a hang.

import { parseBtf } from './btf.ts';
import { mapsOfCalls } from './call-maps.ts';
import {
  type Elf,
  type ElfSection,
  type ElfSymbol,
  readElf,
  SHF_EXECINSTR,
  SHT,
  STB_LOCAL,
  STT,
  viewOf,
} from './elf-container.ts';
import { messageOf, TollgateError } from './errors.ts';
import { type LineEntry, lineAt, parseLineInfo, type SourceLine } from './line-info.ts';
import { type MapSpec, readMaps } from './maps.ts';
import { meaningOf, type SectionMeaning } from './sections.ts';

export type { SourceLine } from './line-info.ts';
export type { MapSpec } from './maps.ts';

export interface ProgramSpec {
  readonly name: string;
  /** As written, with a leading '?' where the object asks not to be loaded by default. */
  readonly section: string;
  /** Undefined where the section's name says nothing: the configuration must name the type. */
  readonly type?: string;
  /** The attach type the section decides, as 'cgroup_inet_ingress'. */
  readonly attachType?: string;
  readonly sleepable: boolean;
  /** True where only libbpf before 1.0 knows the section's name: the loader must set the type itself. */
  readonly legacySection: boolean;
  /** False for sections that start with '?'. */
  readonly autoload: boolean;
  /** Instructions of the program alone (an ld_imm64 counts as 2, as the kernel counts). */
  readonly insnCount: number;
  /** With the subprograms libbpf appends: what the kernel is given. */
  readonly linkedInsnCount: number;
  /** Helper ids used, subprograms included, ascending. */
  readonly calls: readonly number[];
  /** Subprograms reached by calls and callbacks, in the order libbpf appends them. */
  readonly callsSubprograms: readonly string[];
  /** Kernel functions called, ascending by name. */
  readonly kfuncs: readonly string[];
  readonly usesKfunc: boolean;
  /** bpf_get_prandom_u32 is reachable. */
  readonly drawsRandom: boolean;
  /** One of the bpf_ktime_get_*ns helpers is reachable. */
  readonly readsClock: boolean;
}

/** What a call instruction calls. */
export type CallSpec =
  /** `map`: the one it is given, where the code right before the call says so. */
  | { readonly kind: 'helper'; readonly id: number; readonly map?: string }
  | { readonly kind: 'kfunc'; readonly name: string }
  | { readonly kind: 'subprogram'; readonly name: string };

/** A program's or subprogram's own code, as it lies in the object. */
export interface FunctionSpec {
  readonly name: string;
  /** The index of the section it lies in. */
  readonly section: number;
  /** Its first instruction, counted in that section. */
  readonly start: number;
  readonly insnCount: number;
  /** Its instructions before relocation, 8 bytes each. */
  readonly code: Uint8Array;
  /** By instruction, counted in the function. */
  readonly calls: ReadonlyMap<number, CallSpec>;
  /** The source line of an instruction, counted in the function. Undefined without .BTF.ext. */
  lineAt(insn: number): SourceLine | undefined;
  /**
   * The nearest line at or before it that the function itself has: in its file, not above its beginning. For code that
   * an inline function put there this is about where it was called; no line information says so exactly.
   */
  ownLineAt(insn: number): SourceLine | undefined;
}

export interface ObjectSpec {
  readonly name: string;
  readonly license?: string;
  readonly programs: readonly ProgramSpec[];
  readonly maps: readonly MapSpec[];
  /** In the order of sections and of the code in them. */
  readonly functions: readonly FunctionSpec[];
  /** Why source lines or maps are missing, as '.BTF is cut off'. Empty for a sound object. */
  readonly notes: readonly string[];
  /**
   * The source line of an instruction as the verifier numbers them: the program, then the subprograms libbpf
   * appended. Undefined without .BTF.ext, for an unknown program or an index beyond the end.
   */
  lineInfo(program: string, insnIndex: number): SourceLine | undefined;
  /**
   * The line with this text in the program or its subprograms, for the logs of old kernels, which print the
   * text alone. Undefined where no line or more than one has it.
   */
  findLineByText(program: string, text: string): SourceLine | undefined;
}

const FUNCTION_LIMIT = 4096;
const INSN_LIMIT = 4_000_000;
const CALL_DEPTH_LIMIT = 256;

const PRANDOM = 7;
/** ktime_get_ns, ktime_get_boot_ns, ktime_get_coarse_ns, ktime_get_tai_ns. */
const CLOCKS: ReadonlySet<number> = new Set([5, 125, 160, 208]);

/** Parses an object. `name` is what errors call it. Throws TollgateError 'config'. */
export function parseObject(bytes: Uint8Array, name: string): ObjectSpec {
  const bad = (what: string, reason = 'malformed'): never => {
    throw new TollgateError('config', `Cannot read object '${name}': ${what}`, { reason });
  };
  const elf = readElf(bytes, name);
  const notes: string[] = [];
  const functions = readFunctions(elf, bad);
  const link = makeLinker(functions, bad);
  const btf = attempt(notes, () => {
    const section = elf.sections.find((candidate) => candidate.name === '.BTF');
    return section && parseBtf(section.data);
  });
  const lines = attempt(notes, () => {
    const section = elf.sections.find((candidate) => candidate.name === '.BTF.ext');
    return section && btf && parseLineInfo(section.data, btf);
  });
  const maps = readMaps(elf, btf, bad);

  const entries = functions.filter((candidate) => isEntry(candidate, functions));
  const linked = new Map(entries.map((entry) => [entry.name, link(entry)]));
  const programs = entries.map((entry) => describe(entry, linked.get(entry.name)!));
  return {
    name,
    ...licenseOf(elf),
    programs,
    maps,
    functions: functions.map((part) => specOf(part, functions, lines)),
    notes,
    lineInfo: (program, insnIndex) => lineOfInsn(linked.get(program), lines, insnIndex),
    findLineByText: (program, text) => lineOfText(linked.get(program), lines, text),
  };
}

interface Callee {
  readonly section: number;
  readonly insn: number;
}

interface BpfFunction {
  readonly name: string;
  readonly section: ElfSection;
  readonly isStatic: boolean;
  /** First instruction, counted in its section. */
  readonly start: number;
  readonly insnCount: number;
  readonly helpers: ReadonlySet<number>;
  readonly kfuncs: ReadonlySet<string>;
  /** In the order of the call sites. */
  readonly callees: readonly Callee[];
  /** By instruction of the function. */
  readonly callSites: ReadonlyMap<number, Exclude<CallSpec, { kind: 'subprogram' }> | Callee>;
}

type Bad = (what: string, reason?: string) => never;

function readFunctions(elf: Elf, bad: Bad): BpfFunction[] {
  const symbols = elf.symbols.filter((symbol) => {
    const section = elf.sections[symbol.section];
    return symbol.type === STT.func && symbol.section !== 0 && section !== undefined && isCode(section);
  });
  if (symbols.length > FUNCTION_LIMIT)
    bad(`${symbols.length} functions, the limit is ${FUNCTION_LIMIT}`, 'too-large');
  let insns = 0;
  const relocationsAt = new Map<number, ReadonlyMap<number, ElfSymbol>>();
  const functions = symbols.map((symbol) => {
    const section = elf.sections[symbol.section]!;
    if (symbol.value % 8 !== 0 || symbol.sizeBytes % 8 !== 0)
      bad(
        `function '${symbol.name}' at ${symbol.value} with ${symbol.sizeBytes} bytes is not made of 8-byte instructions`,
      );
    if (symbol.value > section.data.length || symbol.sizeBytes > section.data.length - symbol.value)
      bad(`function '${symbol.name}' goes beyond the end of section '${section.name}'`, 'truncated');
    insns += symbol.sizeBytes / 8;
    if (insns > INSN_LIMIT) bad(`more than ${INSN_LIMIT} instructions`, 'too-large');
    let targets = relocationsAt.get(section.index);
    if (!targets) {
      targets = new Map(
        (elf.relocations.get(section.index) ?? []).map((entry) => [entry.offset, entry.target]),
      );
      relocationsAt.set(section.index, targets);
    }
    return {
      name: symbol.name,
      section,
      isStatic: symbol.binding === STB_LOCAL,
      start: symbol.value / 8,
      insnCount: symbol.sizeBytes / 8,
      ...withMaps(readCalls(section, symbol, targets), section, symbol, (offset) => {
        const target = targets.get(offset);
        return target && MAP_SECTIONS.has(elf.sections[target.section]?.name ?? '') && target.name !== ''
          ? target.name
          : undefined;
      }),
    };
  });
  const order = (a: BpfFunction, b: BpfFunction) => a.section.index - b.section.index || a.start - b.start;
  return functions.sort(order);
}

function isCode(section: ElfSection): boolean {
  return section.type === SHT.progbits && (section.flags & SHF_EXECINSTR) !== 0;
}

const CALL = 0x85;
const LD_IMM64 = 0x18;

/** Calls of one function: src_reg 0 helpers, 1 subprograms, 2 kfuncs; a ld_imm64 of a function is a callback. */
function readCalls(
  section: ElfSection,
  symbol: ElfSymbol,
  targets: ReadonlyMap<number, ElfSymbol>,
): Pick<BpfFunction, 'helpers' | 'kfuncs' | 'callees' | 'callSites'> {
  const view = viewOf(section.data);
  const helpers = new Set<number>();
  const kfuncs = new Set<string>();
  const callees: Callee[] = [];
  const callSites = new Map<number, Exclude<CallSpec, { kind: 'subprogram' }> | Callee>();
  const end = symbol.value + symbol.sizeBytes;
  for (let at = symbol.value; at < end; at += 8) {
    const code = view.getUint8(at);
    const source = view.getUint8(at + 1) >> 4;
    const imm = view.getInt32(at + 4, true);
    const target = targets.get(at);
    if (code === CALL) {
      const call = calledBy(source, imm, target, section.index, at / 8);
      callSites.set((at - symbol.value) / 8, call);
      if (!('kind' in call)) callees.push(call);
      else if (call.kind === 'helper') helpers.add(call.id);
      else kfuncs.add(call.name);
    } else if (code === LD_IMM64) {
      // libbpf: a function's address is one where the symbol lies in code; data and maps do not.
      if (target && isFunctionAddress(target, source))
        callees.push({ section: target.section, insn: (target.value + imm) / 8 });
      at += 8;
    }
  }
  return { helpers, kfuncs, callees, callSites };
}

const MAP_SECTIONS: ReadonlySet<string> = new Set(['.maps', 'maps']);

/** The same with the map that each helper is given; `mapAt` names it by the byte of its ld_imm64 in the section. */
function withMaps<T extends Pick<BpfFunction, 'callSites'>>(
  found: T,
  section: ElfSection,
  { value, sizeBytes }: ElfSymbol,
  mapAt: (offset: number) => string | undefined,
): T {
  const helpers = [...found.callSites].flatMap(([insn, call]) =>
    'kind' in call && call.kind === 'helper' ? [insn] : [],
  );
  const code = section.data.subarray(value, value + sizeBytes);
  const maps = mapsOfCalls(code, helpers, (insn) => mapAt(value + 8 * insn));
  const callSites = new Map(
    [...found.callSites].map(([insn, call]) => {
      const map = maps.get(insn);
      return [insn, map === undefined ? call : { ...call, map }] as const;
    }),
  );
  return { ...found, callSites };
}

function calledBy(
  source: number,
  imm: number,
  target: ElfSymbol | undefined,
  section: number,
  insn: number,
): Exclude<CallSpec, { kind: 'subprogram' }> | Callee {
  if (target && target.section === 0) return { kind: 'kfunc', name: target.name };
  if (source === 0) return { kind: 'helper', id: imm };
  if (source === 2) return { kind: 'kfunc', name: target?.name ?? `BTF id ${imm}` };
  if (target) return { section: target.section, insn: target.value / 8 + imm + 1 };
  return { section, insn: insn + imm + 1 };
}

function specOf(
  part: BpfFunction,
  all: readonly BpfFunction[],
  lines: ReadonlyMap<string, readonly LineEntry[]> | undefined,
): FunctionSpec {
  const { name, section, start, insnCount } = part;
  const entries = lines?.get(section.name);
  const first = entries && lineAt(entries, start * 8, start * 8);
  const own = entries?.filter(({ source }) => source.file === first?.file && source.line >= first.line);
  const nameOf = (callee: Callee) =>
    all.find((each) => each.section.index === callee.section && each.start === callee.insn)?.name ?? '?';
  return {
    name,
    section: section.index,
    start,
    insnCount,
    code: section.data.subarray(start * 8, (start + insnCount) * 8),
    calls: new Map(
      [...part.callSites].map(([insn, call]): [number, CallSpec] => [
        insn,
        'kind' in call ? call : { kind: 'subprogram', name: nameOf(call) },
      ]),
    ),
    lineAt: (insn) => entries && lineAt(entries, start * 8, (start + insn) * 8),
    ownLineAt: (insn) => own && lineAt(own, start * 8, (start + insn) * 8),
  };
}

/** clang marks a callback by the symbol alone (src_reg stays 0), so the callee's section decides later. */
function isFunctionAddress(target: ElfSymbol, source: number): boolean {
  return (target.type === STT.func || target.type === STT.section) && (source === 0 || source === 4);
}

/** libbpf: functions in .text are subprograms once there is any other function; static ones always are. */
function isEntry(candidate: BpfFunction, all: readonly BpfFunction[]): boolean {
  if (candidate.section.name === '.text') return all.length === 1;
  return !candidate.isStatic;
}

interface Piece {
  readonly part: BpfFunction;
  /** Where libbpf puts its first instruction. */
  readonly at: number;
}

/** libbpf's order (bpf_object__reloc_code): depth first, each subprogram appended where it is first called. */
function makeLinker(functions: readonly BpfFunction[], bad: Bad): (entry: BpfFunction) => readonly Piece[] {
  const byPlace = new Map(functions.map((part) => [`${part.section.index}:${part.start}`, part]));
  return (entry) => {
    const pieces: Piece[] = [];
    const seen = new Set<BpfFunction>();
    let end = 0;
    const append = (part: BpfFunction, depth: number): void => {
      if (depth > CALL_DEPTH_LIMIT)
        bad(`the calls of '${entry.name}' nest deeper than ${CALL_DEPTH_LIMIT}`, 'too-large');
      seen.add(part);
      pieces.push({ part, at: end });
      end += part.insnCount;
      for (const { section, insn } of part.callees) {
        const callee = byPlace.get(`${section}:${insn}`);
        if (callee && !seen.has(callee)) append(callee, depth + 1);
      }
    };
    append(entry, 0);
    return pieces;
  };
}

function describe(entry: BpfFunction, pieces: readonly Piece[]): ProgramSpec {
  const meaning: SectionMeaning | undefined = meaningOf(entry.section.name);
  const calls = unique(pieces.flatMap(({ part }) => [...part.helpers])).sort((a, b) => a - b);
  const kfuncs = unique(pieces.flatMap(({ part }) => [...part.kfuncs])).sort();
  return {
    name: entry.name,
    section: entry.section.name,
    ...(meaning ? { type: meaning.type } : {}),
    ...(meaning?.attachType ? { attachType: meaning.attachType } : {}),
    sleepable: meaning?.sleepable ?? false,
    legacySection: meaning?.legacy ?? false,
    autoload: !entry.section.name.startsWith('?'),
    insnCount: entry.insnCount,
    linkedInsnCount: pieces.reduce((sum, { part }) => sum + part.insnCount, 0),
    calls,
    callsSubprograms: pieces.slice(1).map(({ part }) => part.name),
    kfuncs,
    usesKfunc: kfuncs.length > 0,
    drawsRandom: calls.includes(PRANDOM),
    readsClock: calls.some((id) => CLOCKS.has(id)),
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

type Lines = ReadonlyMap<string, readonly LineEntry[]>;

function lineOfInsn(
  pieces: readonly Piece[] | undefined,
  lines: Lines | undefined,
  insnIndex: number,
): SourceLine | undefined {
  const piece = pieces?.find(({ part, at }) => insnIndex >= at && insnIndex < at + part.insnCount);
  const entries = piece && lines?.get(piece.part.section.name);
  if (!piece || !entries) return undefined;
  const insn = piece.part.start + insnIndex - piece.at;
  return lineAt(entries, piece.part.start * 8, insn * 8);
}

function lineOfText(
  pieces: readonly Piece[] | undefined,
  lines: Lines | undefined,
  text: string,
): SourceLine | undefined {
  const wanted = text.trim();
  const found = new Map<string, SourceLine>();
  for (const { part } of pieces ?? []) {
    for (const { offset, source } of lines?.get(part.section.name) ?? []) {
      const isInside = offset >= part.start * 8 && offset < (part.start + part.insnCount) * 8;
      if (isInside && source.text === wanted && !found.has(`${source.file}:${source.line}`))
        found.set(`${source.file}:${source.line}`, source);
    }
  }
  const [only] = found.values();
  return found.size === 1 ? only : undefined;
}

function licenseOf(elf: Elf): { license?: string } {
  const data = elf.sections.find((section) => section.name === 'license')?.data;
  if (!data) return {};
  const end = data.indexOf(0);
  return {
    license: new TextDecoder().decode(data.subarray(0, Math.min(end === -1 ? data.length : end, 128))),
  };
}

/** Broken type information costs lines and maps, not the programs: the kernel decides on those. */
function attempt<T>(notes: string[], read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TollgateError) throw error;
    notes.push(messageOf(error));
    return undefined;
  }
}
