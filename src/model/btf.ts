// BTF, the type information of an object (.BTF): as much of it as map definitions and source lines need.
// Format: the kernel's Documentation/bpf/btf.rst. Untrusted: chains of types are followed with a cap.

import { readString, viewOf } from './elf-container.ts';

export const BTF_KIND = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Bits from the struct's start, bitfield size in the top byte taken off. */
  readonly offsetBits: number;
}

export interface BtfType {
  /** Of its record, from where the types begin. */
  readonly at: number;
  readonly kind: number;
  readonly name: string;
  /** Size in bytes, or the id of the type referred to, as the kind says. */
  readonly sizeOrType: number;
  readonly members: readonly BtfMember[];
  /** Of an array. */
  readonly element?: number;
  readonly count?: number;
  /** Of a datasec: its variables. */
  readonly variables?: readonly {
    readonly type: number;
    readonly offset: number;
    readonly sizeBytes: number;
  }[];
}

export interface Btf {
  /** Index 0 is void. */
  readonly types: readonly BtfType[];
  string(at: number): string | undefined;
}

const TYPE_LIMIT = 500_000;
const MEMBER_LIMIT = 2_000_000;
const STRING_LIMIT = 64 * 1024;
const CHAIN_LIMIT = 32;

/** Parses a .BTF section. Throws a plain Error that says what is wrong; the caller knows the object. */
export function parseBtf(data: Uint8Array): Btf {
  const view = viewOf(data);
  if (data.length < 24) throw new Error(`.BTF has ${data.length} bytes, its header 24`);
  if (view.getUint16(0, true) !== 0xeb9f) throw new Error('.BTF does not start with 0xeb9f');
  const headerSize = view.getUint32(4, true);
  const part = (offsetAt: number, lengthAt: number, what: string): Uint8Array => {
    const from = headerSize + view.getUint32(offsetAt, true);
    const size = view.getUint32(lengthAt, true);
    if (from + size > data.length) throw new Error(`.BTF's ${what} end beyond the section`);
    return data.subarray(from, from + size);
  };
  const typeData = part(8, 12, 'types');
  const strings = part(16, 20, 'strings');
  const string = (at: number) => readString(strings, at, STRING_LIMIT);
  return { types: readTypes(typeData, string), string };
}

/** The type with typedefs and qualifiers taken off. Undefined for an id that is none or a chain that is a circle. */
export function resolveType(btf: Btf, id: number): BtfType | undefined {
  let type = btf.types[id];
  for (let i = 0; i < CHAIN_LIMIT && type; i++) {
    if (!TRANSPARENT.has(type.kind)) return type;
    type = btf.types[type.sizeOrType];
  }
  return undefined;
}

/** Size in bytes, undefined where the type has none or is nested beyond reason. */
export function typeSize(btf: Btf, id: number, depth = 0): number | undefined {
  const type = resolveType(btf, id);
  if (!type || depth > CHAIN_LIMIT) return undefined;
  if (type.kind === BTF_KIND.ptr) return 8;
  if (type.kind === BTF_KIND.array) {
    const element = typeSize(btf, type.element ?? 0, depth + 1);
    return element === undefined ? undefined : element * (type.count ?? 0);
  }
  return SIZED.has(type.kind) ? type.sizeOrType : undefined;
}

const TRANSPARENT: ReadonlySet<number> = new Set([
  BTF_KIND.typedef,
  BTF_KIND.volatile,
  BTF_KIND.const,
  BTF_KIND.restrict,
  BTF_KIND.typeTag,
]);
const SIZED: ReadonlySet<number> = new Set([
  BTF_KIND.int,
  BTF_KIND.struct,
  BTF_KIND.union,
  BTF_KIND.enum,
  BTF_KIND.enum64,
  BTF_KIND.float,
  BTF_KIND.datasec,
]);

function readTypes(data: Uint8Array, string: (at: number) => string | undefined): BtfType[] {
  const view = viewOf(data);
  const types: BtfType[] = [{ at: 0, kind: 0, name: '', sizeOrType: 0, members: [] }];
  let memberCount = 0;
  let at = 0;
  while (at < data.length) {
    if (types.length > TYPE_LIMIT) throw new Error(`.BTF has more than ${TYPE_LIMIT} types`);
    if (at + 12 > data.length) throw new Error(`.BTF's type ${types.length} is cut off`);
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 0x1f;
    const vlen = info & 0xffff;
    const isBitfields = info >>> 31 === 1;
    const common = { at, kind };
    const sizeOrType = view.getUint32(at + 8, true);
    const name = string(view.getUint32(at, true)) ?? '';
    at += 12;
    const perItem = EXTRA_EACH[kind] ?? 0;
    const extra = (EXTRA_ONCE[kind] ?? 0) + perItem * vlen;
    if (kind === 0 || kind > BTF_KIND.enum64)
      throw new Error(`.BTF's type ${types.length} is of unknown kind ${kind}`);
    if (at + extra > data.length) throw new Error(`.BTF's type ${types.length} is cut off`);
    if (kind === BTF_KIND.struct || kind === BTF_KIND.union) {
      memberCount += vlen;
      if (memberCount > MEMBER_LIMIT) throw new Error(`.BTF has more than ${MEMBER_LIMIT} members`);
      const members = Array.from({ length: vlen }, (_, i) => {
        const offset = view.getUint32(at + i * 12 + 8, true);
        return {
          name: string(view.getUint32(at + i * 12, true)) ?? '',
          type: view.getUint32(at + i * 12 + 4, true),
          offsetBits: isBitfields ? offset & 0xffffff : offset,
        };
      });
      types.push({ ...common, name, sizeOrType, members });
    } else if (kind === BTF_KIND.array) {
      const element = view.getUint32(at, true);
      types.push({ ...common, name, sizeOrType, members: [], element, count: view.getUint32(at + 8, true) });
    } else if (kind === BTF_KIND.datasec) {
      const variables = Array.from({ length: vlen }, (_, i) => ({
        type: view.getUint32(at + i * 12, true),
        offset: view.getUint32(at + i * 12 + 4, true),
        sizeBytes: view.getUint32(at + i * 12 + 8, true),
      }));
      types.push({ ...common, name, sizeOrType, members: [], variables });
    } else {
      types.push({ ...common, name, sizeOrType, members: [] });
    }
    at += extra;
  }
  return types;
}

const EXTRA_ONCE: Readonly<Record<number, number>> = {
  [BTF_KIND.int]: 4,
  [BTF_KIND.array]: 12,
  [BTF_KIND.var]: 4,
  [BTF_KIND.declTag]: 4,
};
const EXTRA_EACH: Readonly<Record<number, number>> = {
  [BTF_KIND.struct]: 12,
  [BTF_KIND.union]: 12,
  [BTF_KIND.enum]: 8,
  [BTF_KIND.funcProto]: 8,
  [BTF_KIND.datasec]: 12,
  [BTF_KIND.enum64]: 12,
};
