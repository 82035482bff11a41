// An object whose every instruction is a source line of its own: the kernel then tells where the machine code of each
// begins (bpf_prog_info.jited_line_info), which it tells of lines alone. Also for objects compiled without -g.

import { BTF_KIND, parseBtf } from '../model/btf.ts';
import type { FunctionSpec } from '../model/elf.ts';
import { type Elf, readElf, viewOf } from '../model/elf-container.ts';

/** An instruction of the object: its section's index, and which one it is there. */
export interface ProbedInsn {
  readonly section: number;
  readonly insn: number;
}

const SECTION_BITS = 10;
const SECTION_MASK = (1 << SECTION_BITS) - 1;

/** The `line_col` of an instruction's probe. */
export function probeMark({ section, insn }: ProbedInsn): number {
  return (((insn + 1) << SECTION_BITS) | section) >>> 0;
}

/** What a probe's `line_col` stands for; undefined where the record is none of ours. */
export function readProbe(lineCol: number): ProbedInsn | undefined {
  const insn = lineCol >>> SECTION_BITS;
  return insn === 0 ? undefined : { section: lineCol & SECTION_MASK, insn: insn - 1 };
}

/**
 * The object with its line information replaced; code, maps and types stay as they are. Undefined where sections are
 * too many or too long for a line's number, or the type information is laid out in no known way. Throws TollgateError on what is no object.
 */
export function withLineProbes(
  bytes: Uint8Array,
  functions: readonly FunctionSpec[],
  name: string,
): Uint8Array | undefined {
  const elf = readElf(bytes, name);
  const fits = functions.every(
    ({ section, start, insnCount }) => section <= SECTION_MASK && start + insnCount < 1 << 22,
  );
  if (!fits) return undefined;
  const code = [...new Set(functions.map(({ section }) => section))].map((index) => elf.sections[index]!);
  const names = code.map((section) => section.name);
  const [btf, ext] = ['.BTF', '.BTF.ext'].map((wanted) => elf.sections.find((each) => each.name === wanted));
  const strings = btf ? appendStrings(btf.data, names) : newBtf(names);
  if (!strings) return undefined;
  const lines = Buffer.concat(
    code.map((section, i) => {
      const own = functions.filter((each) => each.section === section.index);
      return sectionLines(strings.offsets[i]!, section.index, own);
    }),
  );
  return replaceSections(bytes, elf, [
    { name: '.BTF', data: strings.btf },
    { name: '.BTF.ext', data: newExt(ext?.data, lines) },
  ]);
}

const LD_IMM64 = 0x18;
const RECORD_BYTES = 16;

/** struct btf_ext_info_sec and its records (struct bpf_line_info): one for each instruction. */
function sectionLines(nameOffset: number, section: number, functions: readonly FunctionSpec[]): Buffer {
  const insns = functions.flatMap(({ start, code }) =>
    Array.from({ length: code.length / 8 }, (_, i) => i)
      .filter((i) => i === 0 || code[8 * (i - 1)] !== LD_IMM64 || code[8 * i] !== 0) // not the second half of one
      .map((i) => start + i),
  );
  const out = Buffer.alloc(8 + RECORD_BYTES * insns.length);
  out.writeUInt32LE(nameOffset, 0);
  out.writeUInt32LE(insns.length, 4);
  for (const [i, insn] of insns.sort((a, b) => a - b).entries()) {
    const at = 8 + RECORD_BYTES * i;
    out.writeUInt32LE(insn * 8, at);
    out.writeUInt32LE(probeMark({ section, insn }), at + 12);
  }
  return out;
}

interface Strings {
  readonly btf: Buffer;
  /** Where each string lies in the type information. */
  readonly offsets: readonly number[];
}

const BTF_HEADER_BYTES = 24;
const STRINGS_AT = 16;
const STRINGS_SIZE = 20;

/** The names behind the string table, which every compiler writes last: no offset into it changes. */
function appendStrings(btf: Uint8Array, names: readonly string[]): Strings | undefined {
  const view = viewOf(btf);
  const from = view.getUint32(4, true) + view.getUint32(STRINGS_AT, true);
  const length = view.getUint32(STRINGS_SIZE, true);
  if (from + length !== btf.length) return undefined;
  const { text, offsets } = placeStrings(names, length);
  const out = Buffer.concat([btf, text]);
  out.writeUInt32LE(length + text.length, STRINGS_SIZE);
  dropDataSections(out);
  return { btf: out, offsets };
}

/**
 * Makes unions of the types of global data, which nobody needs here: kernels refuse a section that has no variable that
 * they are told of (until 5.15), or a variable that is not where it says, and with it all type information.
 */
function dropDataSections(btf: Buffer): void {
  const { types } = parseBtf(btf);
  const int = types.findIndex(({ kind }) => kind === BTF_KIND.int);
  if (int < 0) return;
  const from = btf.readUInt32LE(4);
  for (const { at, kind, name, variables = [] } of types) {
    if (kind !== BTF_KIND.datasec || !/^\.(data|rodata|bss)/.test(name)) continue;
    const record = btf.subarray(from + at, from + at + TYPE_BYTES + MEMBER_BYTES * variables.length);
    record.fill(0);
    record.writeUInt32LE((BTF_KIND.union << 24) | variables.length, 4);
    record.writeUInt32LE(types[int]!.sizeOrType, 8);
    for (const i of variables.keys()) record.writeUInt32LE(int, TYPE_BYTES + MEMBER_BYTES * i + 4);
  }
}

const TYPE_BYTES = 12;
const MEMBER_BYTES = 12;

function placeStrings(names: readonly string[], at: number): { text: Buffer; offsets: number[] } {
  const offsets: number[] = [];
  const parts: Buffer[] = [];
  for (const name of names) {
    offsets.push(at);
    const part = Buffer.from(`${name}\0`);
    parts.push(part);
    at += part.length;
  }
  return { text: Buffer.concat(parts), offsets };
}

const INT_BYTES = 16;

/** One integer type, for there has to be a type, and the strings. */
function newBtf(names: readonly string[]): Strings {
  const first = Buffer.from('\0int\0');
  const { text, offsets } = placeStrings(names, first.length);
  const header = Buffer.alloc(BTF_HEADER_BYTES);
  header.writeUInt16LE(0xeb9f, 0);
  header[2] = 1;
  header.writeUInt32LE(BTF_HEADER_BYTES, 4);
  header.writeUInt32LE(INT_BYTES, 12);
  header.writeUInt32LE(INT_BYTES, STRINGS_AT);
  header.writeUInt32LE(first.length + text.length, STRINGS_SIZE);
  const int = Buffer.alloc(INT_BYTES);
  int.writeUInt32LE(1, 0); // the name
  int.writeUInt32LE(1 << 24, 4); // BTF_KIND_INT
  int.writeUInt32LE(4, 8); // bytes
  int.writeUInt32LE((1 << 24) | 32, 12); // signed, 32 bits
  return { btf: Buffer.concat([header, int, first, text]), offsets };
}

const EXT_HEADER_BYTES = 32;

/** .BTF.ext: what was known of functions and relocations stays, the lines are ours. */
function newExt(old: Uint8Array | undefined, lines: Buffer): Buffer {
  const view = old && viewOf(old);
  const oldHeader = view ? view.getUint32(4, true) : 0;
  const part = (at: number) => {
    if (!old || !view || at + 8 > oldHeader) return Buffer.alloc(0);
    const from = oldHeader + view.getUint32(at, true);
    return Buffer.from(old.subarray(from, from + view.getUint32(at + 4, true)));
  };
  const functions = part(8);
  const relocations = part(24);
  const recordSize = Buffer.alloc(4);
  recordSize.writeUInt32LE(RECORD_BYTES);
  const ours = Buffer.concat([recordSize, lines]);
  const header = Buffer.alloc(EXT_HEADER_BYTES);
  header.writeUInt16LE(0xeb9f, 0);
  header[2] = 1;
  header.writeUInt32LE(EXT_HEADER_BYTES, 4);
  let at = 0;
  for (const [field, { length }] of [
    [8, functions],
    [16, ours],
    [24, relocations],
  ] as const) {
    header.writeUInt32LE(at, field);
    header.writeUInt32LE(length, field + 4);
    at += length;
  }
  return Buffer.concat([header, functions, ours, relocations]);
}

const SECTION_HEADER_BYTES = 64;
const SHT_PROGBITS = 1;

/** Sections by name, replaced or added: their bytes, the names and the section table go behind all that was there. */
function replaceSections(
  bytes: Uint8Array,
  elf: Elf,
  replaced: readonly { readonly name: string; readonly data: Buffer }[],
): Uint8Array {
  const view = viewOf(bytes);
  const tableAt = Number(view.getBigUint64(40, true));
  const namesIndex = view.getUint16(62, true);
  const headers = elf.sections.map(({ index }) =>
    Buffer.from(
      bytes.subarray(tableAt + SECTION_HEADER_BYTES * index, tableAt + SECTION_HEADER_BYTES * (index + 1)),
    ),
  );
  const parts: Buffer[] = [Buffer.from(bytes)];
  let size = bytes.length;
  const append = (data: Buffer): number => {
    const padding = Buffer.alloc(-size & 7);
    parts.push(padding, data);
    const at = size + padding.length;
    size = at + data.length;
    return at;
  };
  let names = Buffer.from(elf.sections[namesIndex]!.data);
  for (const { name, data } of replaced) {
    const index = elf.sections.findIndex((section) => section.name === name);
    const header = headers[index] ?? Buffer.alloc(SECTION_HEADER_BYTES);
    if (index < 0) {
      header.writeUInt32LE(names.length, 0);
      header.writeUInt32LE(SHT_PROGBITS, 4);
      header.writeBigUInt64LE(4n, 48); // alignment
      names = Buffer.concat([names, Buffer.from(`${name}\0`)]);
      headers.push(header);
    }
    header.writeBigUInt64LE(BigInt(append(data)), 24);
    header.writeBigUInt64LE(BigInt(data.length), 32);
  }
  const namesHeader = headers[namesIndex]!;
  namesHeader.writeBigUInt64LE(BigInt(append(names)), 24);
  namesHeader.writeBigUInt64LE(BigInt(names.length), 32);
  const newTableAt = append(Buffer.concat(headers));
  const out = Buffer.concat(parts);
  out.writeBigUInt64LE(BigInt(newTableAt), 40);
  out.writeUInt16LE(headers.length, 60);
  return out;
}
