// Where an object tail-calls, and what its code says of map and slot there. The JIT makes one jump of a call whose map
// and slot the verifier finds to be the same constants on every path, since 5.5 (kernel/bpf/verifier.c: record_func_key).

import { BTF_KIND, parseBtf, resolveType } from './btf.ts';
import type { FunctionSpec, ObjectSpec } from './elf.ts';
import { type ElfRelocation, type ElfSymbol, readElf } from './elf-container.ts';
import { TAIL_CALL } from './helpers.ts';

export interface TailCallSite {
  readonly code: FunctionSpec;
  /** Counted in its function. */
  readonly insn: number;
  /** The maps it may call through, more than one where paths differ; undefined where the code computes it. */
  readonly maps?: readonly string[];
  /** The slots it may call, likewise. */
  readonly slots?: readonly number[];
}

/** Every tail-call site, in the object's order. Throws TollgateError on bytes that are no object. */
export function findTailCalls(bytes: Uint8Array, { name, functions }: ObjectSpec): TailCallSite[] {
  const calling = functions.filter(({ calls }) => [...calls.values()].some(isTailCall));
  if (calling.length === 0) return [];
  const { relocations } = readElf(bytes, name);
  return calling.flatMap((code) => sitesIn(code, relocations.get(code.section) ?? []));
}

export function isTailCall(call: ReturnType<FunctionSpec['calls']['get']>): boolean {
  return call?.kind === 'helper' && call.id === TAIL_CALL;
}

export type Slots = ReadonlyMap<string, ReadonlyMap<number, string>>;

const PROG_ARRAY = 3;
const POINTER_BYTES = 8;

/** What the object itself puts into its prog arrays (`.values = { [0] = &parse_v4 }`, libbpf 0.7): map, slot, program. */
export function slotsInObject(bytes: Uint8Array, { name, maps }: ObjectSpec): Slots {
  const arrays = maps.filter(({ type, from }) => type.number === PROG_ARRAY && from === '.maps');
  const found = new Map<string, ReadonlyMap<number, string>>();
  if (arrays.length === 0) return found;
  const elf = readElf(bytes, name);
  const section = elf.sections.find((each) => each.name === '.maps');
  const btf = elf.sections.find((each) => each.name === '.BTF');
  if (!section || !btf) return found;
  const { types } = parseBtf(btf.data);
  const functionAt = ({ section: index, value, name: symbol }: ElfSymbol) =>
    symbol !== ''
      ? symbol
      : elf.symbols.find((each) => each.section === index && each.value === value && each.name !== '')?.name;
  for (const { name: map } of arrays) {
    const symbol = elf.symbols.find((each) => each.section === section.index && each.name === map);
    const variable = types.find((type) => type.kind === BTF_KIND.var && type.name === map);
    const struct = variable && resolveType({ types, string: () => undefined }, variable.sizeOrType);
    // Every member before is a pointer: __uint and __type are.
    const values = struct?.members.findIndex((member) => member.name === 'values') ?? -1;
    if (!symbol || values < 0) continue;
    const first = symbol.value + POINTER_BYTES * values;
    const slots = (elf.relocations.get(section.index) ?? [])
      .filter(({ offset }) => offset >= first && offset < symbol.value + symbol.sizeBytes)
      .flatMap(({ offset, target }): [number, string][] => {
        const program = functionAt(target);
        return program === undefined ? [] : [[(offset - first) / POINTER_BYTES, program]];
      });
    if (slots.length > 0) found.set(map, new Map(slots));
  }
  return found;
}

/** What a register holds on the paths that lead to an instruction: constants, maps, or undefined for all else. */
type Known = { readonly kind: 'number'; readonly of: ReadonlySet<number> } | MapsKnown | undefined;
type MapsKnown = { readonly kind: 'map'; readonly of: ReadonlySet<string> };
type Registers = readonly Known[];

/** More than these on different paths count as computed. */
const VALUES_MOST = 16;
const REGISTERS = 11;
const NOTHING_KNOWN: Registers = Array.from({ length: REGISTERS }, () => undefined);

/** Follows constants along the function's paths, as the verifier does, but that paths which meet are joined. */
function sitesIn(code: FunctionSpec, relocations: readonly ElfRelocation[]): TailCallSite[] {
  const maps = new Map(relocations.map(({ offset, target }) => [offset / 8 - code.start, target.name]));
  const view = new DataView(code.code.buffer, code.code.byteOffset, code.code.byteLength);
  const before = new Map<number, Registers>([[0, NOTHING_KNOWN]]);
  const open = [0];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { to, registers } of step(view, at, before.get(at)!, maps)) {
      if (to >= code.insnCount) continue;
      const known = before.get(to);
      const joined = known ? known.map((one, i) => join(one, registers[i])) : registers;
      if (known?.every((one, i) => same(one, joined[i]))) continue;
      before.set(to, joined);
      open.push(to);
    }
  }
  return [...code.calls]
    .filter(([, call]) => isTailCall(call))
    .map(([insn]): TailCallSite => {
      const [, , map, slot] = before.get(insn) ?? NOTHING_KNOWN;
      return {
        code,
        insn,
        ...(map?.kind === 'map' ? { maps: [...map.of] } : {}),
        ...(slot?.kind === 'number' ? { slots: [...slot.of].sort((a, b) => a - b) } : {}),
      };
    });
}

const LD_IMM64 = 0x18;
const MOV_K: ReadonlySet<number> = new Set([0xb7, 0xb4]);
const MOV_X: ReadonlySet<number> = new Set([0xbf, 0xbc]);
const JUMP = { always: 0x05, alwaysFar: 0x06, call: 0x85, exit: 0x95 } as const;
const IF_EQUAL: ReadonlySet<number> = new Set([0x15, 0x16]);
const IF_NOT_EQUAL: ReadonlySet<number> = new Set([0x55, 0x56]);
/** The low three bits of an instruction's code: loads write a register, arithmetic does, stores and jumps do not. */
const CLASS = { ld: 0, ldx: 1, jmp: 5, alu: 4, jmp32: 6, alu64: 7 } as const;
const CALLER_SAVED = 6;

interface Next {
  readonly to: number;
  readonly registers: Registers;
}

/** Where an instruction goes on to, and what is known there. */
function step(view: DataView, at: number, registers: Registers, maps: ReadonlyMap<number, string>): Next[] {
  const opcode = view.getUint8(8 * at);
  const target = view.getUint8(8 * at + 1) & 0xf;
  const source = view.getUint8(8 * at + 1) >> 4;
  const offset = view.getInt16(8 * at + 2, true);
  const immediate = view.getInt32(8 * at + 4, true);
  const number = (value: number): Known => ({ kind: 'number', of: new Set([value >>> 0]) });
  const having = (register: number, known: Known) =>
    registers.map((one, i) => (i === register ? known : one));
  const on = (known: Registers): Next[] => [{ to: at + 1, registers: known }];

  if (opcode === LD_IMM64) {
    const map = maps.get(at);
    const known = map === undefined ? number(immediate) : ({ kind: 'map', of: new Set([map]) } as const);
    return [{ to: at + 2, registers: having(target, known) }];
  }
  if (MOV_K.has(opcode)) return on(having(target, number(immediate)));
  if (MOV_X.has(opcode)) return on(having(target, offset === 0 ? registers[source] : undefined));
  if (opcode === JUMP.exit) return [];
  if (opcode === JUMP.call) return on(registers.map((one, i) => (i < CALLER_SAVED ? undefined : one)));
  if (opcode === JUMP.always) return [{ to: at + 1 + offset, registers }];
  if (opcode === JUMP.alwaysFar) return [{ to: at + 1 + immediate, registers }];
  const kind = opcode & 7;
  if (kind === CLASS.jmp || kind === CLASS.jmp32) {
    const equal = registers[target]?.kind === 'map' ? registers : having(target, number(immediate));
    return [
      { to: at + 1, registers: IF_NOT_EQUAL.has(opcode) ? equal : registers },
      { to: at + 1 + offset, registers: IF_EQUAL.has(opcode) ? equal : registers },
    ];
  }
  if (kind === CLASS.ld) return on(having(0, undefined));
  if (kind === CLASS.ldx || kind === CLASS.alu || kind === CLASS.alu64) return on(having(target, undefined));
  return on(registers);
}

function join(a: Known, b: Known): Known {
  if (!a || !b || a.kind !== b.kind) return undefined;
  const of = new Set<number | string>([...a.of, ...b.of]);
  return of.size > VALUES_MOST ? undefined : ({ kind: a.kind, of } as Known);
}

function same(a: Known, b: Known): boolean {
  return a === b || (a !== undefined && b !== undefined && a.kind === b.kind && a.of.size === b.of.size);
}
