import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BTF_KIND, parseBtf } from '../model/btf.ts';
import { parseObject } from '../model/elf.ts';
import { readElf } from '../model/elf-container.ts';
import { parseLineInfo } from '../model/line-info.ts';
import { readProbe, withLineProbes } from './line-probes.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

const GLOBALS = ['.bss', '.data', '.data.apart', '.rodata'];

const OBJECTS = [
  ['with type information', 'lb/built/base/build/lb.bpf.o'],
  ['with subprograms', 'transcripts/nested.bpf.o'],
  ['without type information', 'tricky/broken/no-btf.bpf.o'],
] as const;

test.each(OBJECTS)('every instruction of an object %s becomes a line of its own', (_, path) => {
  const bytes = readFileSync(join(FIXTURES, path));
  const { functions, programs } = parseObject(bytes, path);
  const probed = withLineProbes(bytes, functions, path)!;
  const elf = readElf(probed, path);
  const [btf, ext] = ['.BTF', '.BTF.ext'].map(
    (name) => elf.sections.find((section) => section.name === name)!.data,
  );
  const found = [...parseLineInfo(ext!, parseBtf(btf!))].flatMap(([section, entries]) =>
    entries.map(({ offset, source }) => {
      const probe = readProbe((source.line << 10) | source.column)!;
      return [section, offset / 8, elf.sections[probe.section]!.name, probe.insn];
    }),
  );
  const insns = functions.flatMap(({ section, start, code }) =>
    Array.from({ length: code.length / 8 }, (_, i) => i)
      .filter((i) => i === 0 || code[8 * (i - 1)] !== 0x18)
      .map((i) => [elf.sections[section]!.name, start + i]),
  );
  expect(found.map(([section, insn]) => [section, insn]).sort()).toEqual(insns.sort());
  expect(found.filter(([section, insn, ...said]) => section !== said[0] || insn !== said[1])).toEqual([]);
  const again = parseObject(probed, path);
  expect(again.programs).toEqual(programs);
  expect(again.functions.map(({ name, code }) => [name, code])).toEqual(
    functions.map(({ name, code }) => [name, code]),
  );
});

test('what is said of functions and relocations stays as it is', () => {
  const path = 'tricky/built/core.bpf.o';
  const bytes = readFileSync(join(FIXTURES, path));
  const part = (of: Uint8Array, at: number) => {
    const ext = Buffer.from(readElf(of, path).sections.find(({ name }) => name === '.BTF.ext')!.data);
    const from = ext.readUInt32LE(4) + ext.readUInt32LE(at);
    return ext.subarray(from, from + ext.readUInt32LE(at + 4));
  };
  const probed = withLineProbes(bytes, parseObject(bytes, path).functions, path)!;
  expect([8, 24].map((at) => part(probed, at).equals(part(bytes, at)))).toEqual([true, true]);
  expect(part(bytes, 24).length).toBeGreaterThan(4);
});

test('types of global data become unions of as many members, and all other types stay as they are', () => {
  const path = 'tricky/built/globals.bpf.o';
  const bytes = readFileSync(join(FIXTURES, path));
  const typesOf = (of: Uint8Array) =>
    parseBtf(readElf(of, path).sections.find(({ name }) => name === '.BTF')!.data).types;
  const [before, now] = [
    typesOf(bytes),
    typesOf(withLineProbes(bytes, parseObject(bytes, path).functions, path)!),
  ];
  const isGlobal = (i: number) =>
    before[i]!.kind === BTF_KIND.datasec && /^\.(data|rodata|bss)/.test(before[i]!.name);
  const globals = before.flatMap(({ name }, i) => (isGlobal(i) ? [name] : []));
  expect(globals.sort()).toEqual(GLOBALS);
  expect(now.filter((_, i) => !isGlobal(i))).toEqual(before.filter((_, i) => !isGlobal(i)));
  const int = before.findIndex(({ kind }) => kind === BTF_KIND.int);
  expect(now.filter((_, i) => isGlobal(i))).toEqual(
    before
      .filter((_, i) => isGlobal(i))
      .map(({ at, variables = [] }) => ({
        at,
        kind: BTF_KIND.union,
        name: '',
        sizeOrType: before[int]!.sizeOrType,
        members: variables.map(() => ({ name: '', type: int, offsetBits: 0 })),
      })),
  );
});

test('a line that is no probe is none', () => {
  expect(readProbe(17)).toBeUndefined();
});
