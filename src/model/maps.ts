// The maps of an object: definitions in .maps (BTF), the older "maps" section, the data sections that
// libbpf turns into arrays, and struct_ops. Sizes and types as written; libbpf may still adjust some.

import { BTF_KIND, type Btf, type BtfType, resolveType, typeSize } from './btf.ts';
import { type Elf, type ElfSection, SHT, viewOf } from './elf-container.ts';
import { mapTypeName } from './map-types.ts';

export interface MapSpec {
  /** The variable's name, or the data section's ('.rodata'), by which libbpf finds it as well. */
  readonly name: string;
  readonly type: { readonly name: string; readonly number: number };
  /** Bytes. */
  readonly keySize: number;
  readonly valueSize: number;
  /** 0 where the object leaves it to the loader. */
  readonly maxEntries: number;
  readonly flags: number;
  /** Pinned by name: the loader must keep it off the file system. */
  readonly pinned?: boolean;
  /** The map inside, of array_of_maps and hash_of_maps. */
  readonly inner?: Omit<MapSpec, 'name' | 'from' | 'inner'>;
  readonly from: '.maps' | 'maps' | 'data' | 'struct_ops';
}

type Bad = (what: string, reason?: string) => never;

const MAP_LIMIT = 10_000;
const RDONLY_PROG = 0x80;
const ARRAY = 2;
const STRUCT_OPS = 26;

export function readMaps(elf: Elf, btf: Btf | undefined, bad: Bad): MapSpec[] {
  const maps = [
    ...btfMaps(elf, btf, bad),
    ...legacyMaps(elf, bad),
    ...dataMaps(elf, btf),
    ...structOps(elf, btf),
  ];
  if (maps.length > MAP_LIMIT) bad(`${maps.length} maps, the limit is ${MAP_LIMIT}`, 'too-large');
  return maps;
}

interface Definition {
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  pinned: boolean;
  inner?: Definition;
}

function btfMaps(elf: Elf, btf: Btf | undefined, bad: Bad): MapSpec[] {
  if (!elf.sections.some((section) => section.name === '.maps')) return [];
  if (!btf) return bad("section '.maps' has definitions in BTF, and .BTF is missing or broken");
  return variablesOf(btf, '.maps').map(({ name, type }) => {
    const definition = resolveType(btf, type);
    if (definition?.kind !== BTF_KIND.struct) return bad(`map '${name}' is not defined by a struct`);
    return toSpec(name, readDefinition(btf, definition, name, bad, 0), '.maps');
  });
}

function toSpec(name: string, definition: Definition, from: MapSpec['from']): MapSpec {
  const { type, inner, pinned, ...sizes } = definition;
  return {
    name,
    type: { name: mapTypeName(type), number: type },
    ...sizes,
    ...(pinned ? { pinned } : {}),
    ...(inner ? { inner: innerSpec(inner) } : {}),
    from,
  };
}

function innerSpec(definition: Definition): NonNullable<MapSpec['inner']> {
  const { name: _name, from: _from, inner: _inner, ...rest } = toSpec('', definition, '.maps');
  return rest;
}

/** __uint(field, N) is a pointer to an array of N ints; __type(field, T) a pointer to T; __array an array of pointers. */
function readDefinition(btf: Btf, struct: BtfType, name: string, bad: Bad, depth: number): Definition {
  const definition: Definition = {
    type: 0,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    pinned: false,
  };
  const number = (id: number, field: string): number => {
    const pointer = resolveType(btf, id);
    const array = pointer?.kind === BTF_KIND.ptr ? resolveType(btf, pointer.sizeOrType) : undefined;
    if (array?.kind !== BTF_KIND.array) return bad(`map '${name}' has a '${field}' that is no number`);
    return array.count ?? 0;
  };
  const sizeOf = (id: number, field: string): number => {
    const pointer = resolveType(btf, id);
    const size = pointer?.kind === BTF_KIND.ptr ? typeSize(btf, pointer.sizeOrType) : undefined;
    return size ?? bad(`map '${name}' has a '${field}' whose size is unknown`);
  };
  for (const member of struct.members) {
    if (member.name === 'type') definition.type = number(member.type, 'type');
    else if (member.name === 'max_entries') definition.maxEntries = number(member.type, 'max_entries');
    else if (member.name === 'map_flags') definition.flags = number(member.type, 'map_flags');
    else if (member.name === 'key_size') definition.keySize = number(member.type, 'key_size');
    else if (member.name === 'value_size') definition.valueSize = number(member.type, 'value_size');
    else if (member.name === 'key') definition.keySize = sizeOf(member.type, 'key');
    else if (member.name === 'value') definition.valueSize = sizeOf(member.type, 'value');
    else if (member.name === 'pinning') definition.pinned = number(member.type, 'pinning') !== 0;
    else if (member.name === 'values') {
      const inner = innerStruct(btf, member.type);
      definition.valueSize ||= 4;
      if (inner && depth === 0) definition.inner = readDefinition(btf, inner, `${name}.inner`, bad, 1);
    }
  }
  // libbpf's parse_btf_map_def: maps of maps and of programs have 4-byte values, whatever is left out.
  if ([3, 4, 12, 13].includes(definition.type)) {
    definition.keySize ||= definition.type === 13 ? 0 : 4;
    definition.valueSize ||= 4;
  }
  return definition;
}

/** The struct behind `values: array of pointers to struct`; undefined for arrays of function pointers. */
function innerStruct(btf: Btf, id: number): BtfType | undefined {
  const array = resolveType(btf, id);
  const pointer = array?.kind === BTF_KIND.array ? resolveType(btf, array.element ?? 0) : undefined;
  const target = pointer?.kind === BTF_KIND.ptr ? resolveType(btf, pointer.sizeOrType) : undefined;
  return target?.kind === BTF_KIND.struct ? target : undefined;
}

/** struct bpf_map_def, and iproute2's longer bpf_elf_map, whose first five fields are the same. */
function legacyMaps(elf: Elf, bad: Bad): MapSpec[] {
  const section = elf.sections.find(
    (candidate) => candidate.name === 'maps' && candidate.type === SHT.progbits,
  );
  if (!section) return [];
  const symbols = elf.symbols
    .filter((symbol) => symbol.section === section.index && symbol.name !== '' && symbol.type !== 3)
    .sort((a, b) => a.value - b.value);
  if (symbols.length === 0) return [];
  const size = Math.floor(section.data.length / symbols.length);
  if (size < 20) return bad(`section 'maps' has ${section.data.length} bytes for ${symbols.length} maps`);
  const view = viewOf(section.data);
  return symbols.map(({ name, value }) => {
    if (value + 20 > section.data.length)
      return bad(`map '${name}' goes beyond the end of section 'maps'`, 'truncated');
    const field = (index: number) => view.getUint32(value + index * 4, true);
    const isIproute2 = size >= 36 && value + 28 <= section.data.length;
    return toSpec(
      name,
      {
        type: field(0),
        keySize: field(1),
        valueSize: field(2),
        maxEntries: field(3),
        flags: field(4),
        pinned: isIproute2 && field(6) !== 0,
      },
      'maps',
    );
  });
}

/** Data sections become arrays of one entry; libbpf adds the flag for mapping where the kernel has it (since 5.5). */
function dataMaps(elf: Elf, btf: Btf | undefined): MapSpec[] {
  const maps: MapSpec[] = [];
  for (const section of elf.sections) {
    if (section.sizeBytes === 0 || !isData(section)) continue;
    const flags = section.name.startsWith('.rodata') ? RDONLY_PROG : 0;
    maps.push(dataMap(section.name, section.sizeBytes, flags));
  }
  const kconfig = btf?.types.find((type) => type.kind === BTF_KIND.datasec && type.name === '.kconfig');
  if (kconfig) {
    const end = (kconfig.variables ?? []).reduce((size, { sizeBytes }) => size + sizeBytes, 0);
    maps.push(dataMap('.kconfig', kconfig.sizeOrType || end, RDONLY_PROG));
  }
  return maps;
}

function dataMap(name: string, valueSize: number, flags: number): MapSpec {
  return {
    name,
    type: { name: mapTypeName(ARRAY), number: ARRAY },
    keySize: 4,
    valueSize,
    maxEntries: 1,
    flags,
    from: 'data',
  };
}

function isData({ name, type }: ElfSection): boolean {
  if (type === SHT.nobits) return name === '.bss' || name.startsWith('.bss.');
  return type === SHT.progbits && /^\.(ro)?data(\.|$)/.test(name);
}

function structOps(elf: Elf, btf: Btf | undefined): MapSpec[] {
  return elf.sections
    .filter(({ name }) => /^\??\.struct_ops(\.link)?$/.test(name))
    .flatMap(({ name }) => (btf ? variablesOf(btf, name) : []))
    .map(({ name, type }) => ({
      name,
      type: { name: mapTypeName(STRUCT_OPS), number: STRUCT_OPS },
      keySize: 4,
      valueSize: (btf && typeSize(btf, type)) ?? 0,
      maxEntries: 1,
      flags: 0,
      from: 'struct_ops' as const,
    }));
}

/** The variables of a data section in BTF: name and the id of the type. */
function variablesOf(btf: Btf, section: string): { name: string; type: number }[] {
  const datasec = btf.types.find((type) => type.kind === BTF_KIND.datasec && type.name === section);
  return (datasec?.variables ?? []).flatMap(({ type }) => {
    const variable = btf.types[type];
    return variable?.kind === BTF_KIND.var ? [{ name: variable.name, type: variable.sizeOrType }] : [];
  });
}
