// The ELF container of an eBPF object: header, sections, symbols, relocations. Objects come from a
// pull request, so every offset is checked before it is followed and every count has a cap.

import { TollgateError } from './errors.ts';

export const SHT = { progbits: 1, symtab: 2, rela: 4, nobits: 8, rel: 9 } as const;
export const SHF_EXECINSTR = 4;
export const STT = { section: 3, func: 2, object: 1 } as const;
export const STB_LOCAL = 0;

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly link: number;
  readonly info: number;
  readonly sizeBytes: number;
  /** A view into the object, empty for sections without bytes in the file (.bss). */
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly name: string;
  readonly type: number;
  readonly binding: number;
  /** Section index; 0 is undefined (an extern), 0xff00 and above are special. */
  readonly section: number;
  readonly value: number;
  readonly sizeBytes: number;
}

export interface ElfRelocation {
  /** Byte offset inside the section it belongs to. */
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
  /** The object's own symbol that the entry names. */
  readonly target: ElfSymbol;
}

export interface Elf {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Relocations by the index of the section they patch. */
  readonly relocations: ReadonlyMap<number, readonly ElfRelocation[]>;
}

/** 64 MiB: the largest object anyone loads is a few MB with its debug information. */
export const OBJECT_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
const SECTION_LIMIT = 10_000;
const SYMBOL_LIMIT = 200_000;
const RELOCATION_LIMIT = 1_000_000;
const NAME_LIMIT = 4096;

const EM_BPF = 247;
const EHDR_SIZE = 64;
const SHDR_SIZE = 64;
const SYM_SIZE = 24;

/**
 * Reads the container of a 64-bit little-endian EM_BPF object. Throws TollgateError 'config', with the
 * reason not-elf, wrong-class, wrong-endian, wrong-machine, truncated, malformed or too-large.
 */
export function readElf(bytes: Uint8Array, name: string): Elf {
  const bad = (reason: string, what: string, hint?: string): never => {
    throw new TollgateError('config', `Cannot read object '${name}': ${what}`, {
      reason,
      ...(hint ? { hint } : {}),
    });
  };
  if (bytes.length > OBJECT_SIZE_LIMIT_BYTES)
    bad('too-large', `${bytes.length} bytes, the limit is ${OBJECT_SIZE_LIMIT_BYTES}`);
  if (bytes.length < 4 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    bad('not-elf', notElf(bytes), 'compile it with: clang -g -O2 -target bpf -c program.c -o program.o');
  if (bytes.length < EHDR_SIZE)
    bad('truncated', `it ends after ${bytes.length} bytes, inside the ELF header of ${EHDR_SIZE}`);
  if (bytes[5] === 2)
    bad('wrong-endian', 'it is big-endian, the kernels here are little-endian', 'compile with -target bpfel');
  if (bytes[5] !== 1) bad('malformed', `byte order ${bytes[5]} in the ELF header is neither 1 nor 2`);
  if (bytes[4] !== 2) bad('wrong-class', 'it is a 32-bit ELF, eBPF objects are 64-bit');

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = view.getUint16(18, true);
  if (machine !== EM_BPF)
    bad(
      'wrong-machine',
      `it is ELF for machine ${machine}${MACHINES[machine] ?? ''}, not for BPF (${EM_BPF})`,
      'compile with: clang -target bpf',
    );

  const u64 = (at: number): number => {
    const value = view.getBigUint64(at, true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
  };
  const slice = (offset: number, size: number, what: string): Uint8Array => {
    if (offset > bytes.length || size > bytes.length - offset)
      bad(
        'truncated',
        `${what} at offset ${offset} with ${size} bytes goes beyond the end at ${bytes.length}`,
      );
    return bytes.subarray(offset, offset + size);
  };

  const tableAt = u64(40);
  const entrySize = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const namesIndex = view.getUint16(62, true);
  if (count === 0) bad('malformed', 'it has no sections');
  if (count > SECTION_LIMIT) bad('too-large', `${count} sections, the limit is ${SECTION_LIMIT}`);
  if (entrySize !== SHDR_SIZE)
    bad('malformed', `section headers of ${entrySize} bytes, expected ${SHDR_SIZE}`);
  slice(tableAt, count * SHDR_SIZE, 'the section table');

  const headers = Array.from({ length: count }, (_, index) => {
    const at = tableAt + index * SHDR_SIZE;
    const type = view.getUint32(at + 4, true);
    const sizeBytes = u64(at + 32);
    return {
      index,
      nameAt: view.getUint32(at, true),
      type,
      flags: u64(at + 8),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      sizeBytes,
      data:
        type === SHT.nobits || index === 0
          ? new Uint8Array()
          : slice(u64(at + 24), sizeBytes, `section ${index}`),
    };
  });
  const names = headers[namesIndex]?.data;
  if (!names) bad('malformed', `section ${namesIndex} should hold the names of ${count} sections`);
  const text = (table: Uint8Array, at: number, what: string): string => {
    const found = readString(table, at, NAME_LIMIT);
    return found ?? bad('malformed', `${what} has its name at ${at}, outside its string table`);
  };
  const sections: ElfSection[] = headers.map(({ nameAt, ...header }) => ({
    ...header,
    name: text(names!, nameAt, `section ${header.index}`),
  }));

  const symtab = sections.find((section) => section.type === SHT.symtab);
  const symbols: ElfSymbol[] = [];
  if (symtab) {
    const total = Math.floor(symtab.sizeBytes / SYM_SIZE);
    if (total > SYMBOL_LIMIT) bad('too-large', `${total} symbols, the limit is ${SYMBOL_LIMIT}`);
    const strings =
      sections[symtab.link]?.data ?? bad('malformed', `no string table ${symtab.link} for symbols`);
    const table = viewOf(symtab.data);
    for (let i = 0; i < total; i++) {
      const at = i * SYM_SIZE;
      const info = table.getUint8(at + 4);
      const section = table.getUint16(at + 6, true);
      if (section < 0xff00 && section >= count)
        bad('malformed', `symbol ${i} lies in section ${section} of ${count}`);
      symbols.push({
        name: text(strings, table.getUint32(at, true), `symbol ${i}`),
        type: info & 15,
        binding: info >> 4,
        section,
        value: Number(table.getBigUint64(at + 8, true)),
        sizeBytes: Number(table.getBigUint64(at + 16, true)),
      });
    }
  }

  const relocations = new Map<number, ElfRelocation[]>();
  let relocationCount = 0;
  for (const section of sections) {
    if (section.type !== SHT.rel && section.type !== SHT.rela) continue;
    const size = section.type === SHT.rel ? 16 : 24;
    const total = Math.floor(section.data.length / size);
    relocationCount += total;
    if (relocationCount > RELOCATION_LIMIT) bad('too-large', `more than ${RELOCATION_LIMIT} relocations`);
    if (section.info === 0 || section.info >= count)
      bad('malformed', `relocations '${section.name}' are for section ${section.info} of ${count}`);
    const table = viewOf(section.data);
    const entries = relocations.get(section.info) ?? [];
    for (let i = 0; i < total; i++) {
      const symbol = table.getUint32(i * size + 12, true);
      const target = symbols[symbol];
      if (!target)
        bad('malformed', `relocation ${i} of '${section.name}' names symbol ${symbol} of ${symbols.length}`);
      entries.push({
        offset: Number(table.getBigUint64(i * size, true)),
        type: table.getUint32(i * size + 8, true),
        symbol,
        target: target!,
      });
    }
    relocations.set(section.info, entries);
  }
  return { sections, symbols, relocations };
}

/** The NUL-terminated string at `at`, undefined where it starts or ends outside the table. */
export function readString(table: Uint8Array, at: number, limit: number): string | undefined {
  if (at >= table.length) return undefined;
  const end = table.indexOf(0, at);
  if (end === -1 || end - at > limit) return undefined;
  return utf8.decode(table.subarray(at, end));
}

/** A DataView of exactly these bytes, wherever they lie in their buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const utf8 = new TextDecoder();

const MACHINES: Readonly<Record<number, string>> = { 3: ' (i386)', 62: ' (x86-64)', 183: ' (aarch64)' };

function notElf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty';
  if (bytes[0] === 0x42 && bytes[1] === 0x43) return 'it is LLVM bitcode, not an ELF object';
  const head = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  return `it is not an ELF file (it starts with ${head})`;
}
