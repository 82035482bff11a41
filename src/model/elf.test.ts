import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseObject } from './elf.ts';
import { TollgateError } from './errors.ts';

const TRANSCRIPTS = join(import.meta.dirname, '../../fixtures/transcripts');
const nestedBytes = readFileSync(join(TRANSCRIPTS, 'nested.bpf.o'));

/** Everything the object reader tells apart, with no header of ours or of the system's. */
const SOURCE = `
typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
static void *(*lookup)(void *, const void *) = (void *)1;
static u64 (*ktime)(void) = (void *)5;
static u32 (*prandom)(void) = (void *)7;
static long (*loop)(u32, void *, void *, u64) = (void *)181;
extern void bpf_rcu_read_lock(void) __attribute__((section(".ksyms")));
struct value { u64 packets; u32 last[3]; };
typedef const volatile struct value value_t;
struct { __uint(type, 9); __uint(max_entries, 4096); __type(key, u32); __type(value, value_t); __uint(map_flags, 2); __uint(pinning, 1); } seen SEC(".maps");
struct inner { __uint(type, 2); __uint(max_entries, 7); __type(key, u32); __type(value, u64); };
struct { __uint(type, 13); __uint(max_entries, 3); __uint(key_size, 16); __array(values, struct inner); } outer SEC(".maps");
struct { __uint(type, 3); __uint(max_entries, 2); __uint(key_size, 4); __array(values, int (void *)); } jumps SEC(".maps");
const volatile u32 limit = 5;
u32 counters[10];
u32 start = 1;
static __attribute__((noinline)) int add(u32 a) { return a + prandom(); }
__attribute__((noinline)) int twice(u32 a) { return add(a) + add(a + 1); }
static int turn(u32 i, void *x) { *(u64 *)x += ktime(); return 0; }
SEC("xdp") int first(void *ctx) { counters[3]++; return twice(limit) & 1; }
SEC("xdp") int second(void *ctx) { u32 k = start; return lookup(&seen, &k) != 0; }
SEC("?tc/ingress") int third(void *ctx) { u64 x = 0; loop(3, turn, &x, 0); return x; }
SEC("fentry.s/vfs_read") int fourth(u64 *ctx) { bpf_rcu_read_lock(); return 0; }
SEC("xdp_old_style") int fifth(void *ctx) { return 2; }
SEC("mine") int sixth(void *ctx) { return lookup(&outer, 0) == lookup(&jumps, 0); }
char _license[] SEC("license") = "Dual BSD/GPL";
`;

let folder: string;
let objectPath: string;

async function compile(source: string, name: string, ...args: string[]): Promise<string> {
  const sourcePath = join(folder, `${name}.c`);
  const path = join(folder, `${name}.o`);
  writeFileSync(sourcePath, source);
  await execa('clang', ['-g', '-O2', '-target', 'bpf', '-mcpu=v3', ...args, '-c', sourcePath, '-o', path]);
  return path;
}

const load = (path: string) => parseObject(readFileSync(path), 'test.bpf.o');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-elf-'));
  objectPath = await compile(SOURCE, 'object');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = {
  sleepable: false,
  legacySection: false,
  autoload: true,
  calls: [],
  callsSubprograms: [],
  kfuncs: [],
  usesKfunc: false,
  drawsRandom: false,
  readsClock: false,
};

test('programs carry type, calls and what they reach through subprograms and callbacks', () => {
  const programs = load(objectPath).programs.map(({ insnCount, linkedInsnCount, ...rest }) => rest);
  expect(programs).toEqual([
    {
      ...plain,
      name: 'first',
      section: 'xdp',
      type: 'xdp',
      attachType: 'xdp',
      calls: [7],
      callsSubprograms: ['twice', 'add'],
      drawsRandom: true,
    },
    { ...plain, name: 'second', section: 'xdp', type: 'xdp', attachType: 'xdp', calls: [1] },
    {
      ...plain,
      name: 'third',
      section: '?tc/ingress',
      type: 'sched_cls',
      attachType: 'tcx_ingress',
      autoload: false,
      calls: [5, 181],
      callsSubprograms: ['turn'],
      readsClock: true,
    },
    {
      ...plain,
      name: 'fourth',
      section: 'fentry.s/vfs_read',
      type: 'tracing',
      attachType: 'trace_fentry',
      sleepable: true,
      kfuncs: ['bpf_rcu_read_lock'],
      usesKfunc: true,
    },
    {
      ...plain,
      name: 'fifth',
      section: 'xdp_old_style',
      type: 'xdp',
      attachType: 'xdp',
      legacySection: true,
    },
    { ...plain, name: 'sixth', section: 'mine', calls: [1] },
  ]);
});

test('maps carry type, sizes and flags from BTF, data sections become arrays', () => {
  const object = load(objectPath);
  expect(object.license).toBe('Dual BSD/GPL');
  expect(object.notes).toEqual([]);
  const u32Array = { type: { name: 'array', number: 2 }, keySize: 4, maxEntries: 1, flags: 0, from: 'data' };
  const sections = (name: string) => ['.rodata', '.bss', '.data'].indexOf(name);
  expect([...object.maps].sort((a, b) => sections(a.name) - sections(b.name))).toEqual([
    {
      name: 'seen',
      type: { name: 'lru_hash', number: 9 },
      keySize: 4,
      valueSize: 24,
      maxEntries: 4096,
      flags: 2,
      pinned: true,
      from: '.maps',
    },
    {
      name: 'outer',
      type: { name: 'hash_of_maps', number: 13 },
      keySize: 16,
      valueSize: 4,
      maxEntries: 3,
      flags: 0,
      inner: { type: { name: 'array', number: 2 }, keySize: 4, valueSize: 8, maxEntries: 7, flags: 0 },
      from: '.maps',
    },
    {
      name: 'jumps',
      type: { name: 'prog_array', number: 3 },
      keySize: 4,
      valueSize: 4,
      maxEntries: 2,
      flags: 0,
      from: '.maps',
    },
    { ...u32Array, name: '.rodata', valueSize: 4, flags: 0x80 },
    { ...u32Array, name: '.bss', valueSize: 40 },
    { ...u32Array, name: '.data', valueSize: 4 },
  ]);
});

test('programs and maps are those that libbpf itself finds (bpftool gen skeleton)', async () => {
  for (const path of [objectPath, join(TRANSCRIPTS, 'nested.bpf.o'), join(TRANSCRIPTS, 'rejected.bpf.o')]) {
    const { stdout } = await execa('bpftool', ['gen', 'skeleton', path, 'name', 'skeleton']);
    const namesOf = (kind: string) =>
      [...stdout.matchAll(new RegExp(`^\\t\\tstruct ${kind} \\*(\\w+);$`, 'gm'))].map((match) => match[1]);
    const object = load(path);
    expect(object.programs.map(({ name }) => name).sort()).toEqual(namesOf('bpf_program').sort());
    // libbpf's names of data sections have no dot in a skeleton.
    expect(object.maps.map(({ name }) => name.replace('.', '')).sort()).toEqual(namesOf('bpf_map').sort());
  }
});

test('instruction counts are those of llvm-objdump', async () => {
  const { stdout } = await execa('llvm-objdump', ['-d', objectPath]);
  // One line per instruction; ld_imm64 takes two slots, so the count is what its addresses say.
  const counts = new Map<string, number>();
  let name = '';
  for (const line of stdout.split('\n')) {
    const label = /^[0-9a-f]{16} <((?!LBB)\w+)>:$/.exec(line);
    if (label) name = label[1]!;
    else if (/^\s+\d+:\t/.test(line))
      counts.set(name, (counts.get(name) ?? 0) + (line.includes(':\t18 ') ? 2 : 1));
  }
  for (const program of load(objectPath).programs) {
    const parts = [program.name, ...program.callsSubprograms];
    expect(program.insnCount).toBe(counts.get(program.name));
    expect(program.linkedInsnCount).toBe(parts.reduce((sum, part) => sum + counts.get(part)!, 0));
  }
});

test('source lines are those of llvm-objdump, instruction by instruction', async () => {
  const { stdout } = await execa('llvm-objdump', [
    '-d',
    '-l',
    '--section=xdp',
    join(TRANSCRIPTS, 'nested.bpf.o'),
  ]);
  const object = parseObject(nestedBytes, 'nested.bpf.o');
  let name = '';
  let first = 0;
  let line: number | undefined;
  let checked = 0;
  for (const text of stdout.split('\n')) {
    const label = /^[0-9a-f]{16} <((?!LBB)\w+)>:$/.exec(text);
    const source = /^; .*\.c:(\d+)$/.exec(text);
    const insn = /^\s+(\d+):\t/.exec(text);
    if (label) {
      name = label[1]!;
      first = Number.parseInt(text, 16) / 8;
      line = undefined;
    }
    if (source) line = Number(source[1]);
    if (insn && line) {
      expect(object.lineInfo(name, Number(insn[1]) - first)?.line).toBe(line);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(25);
});

test("source lines follow libbpf's order of subprograms, as a kernel's log shows", () => {
  const log = readFileSync(join(TRANSCRIPTS, 'verbose-6.18-handle_nested.txt'), 'utf8');
  const object = parseObject(nestedBytes, 'nested.bpf.o');
  let said: { text: string; line: number } | undefined;
  const checked = new Set<number>();
  for (const line of log.split('\n')) {
    const comment = /^; (.*) @ nested\.bpf\.c:(\d+)$/.exec(line);
    const insn = /^(\d+): \([0-9a-f]{2}\) /.exec(line);
    // Line 0 is code of the compiler's own: ours keeps the line before it.
    if (comment && comment[2] !== '0') said = { text: comment[1]!.trim(), line: Number(comment[2]) };
    if (!insn || !said) continue;
    const index = Number(insn[1]);
    if (!comment && checked.has(index)) continue;
    const own = object.lineInfo('handle_nested', index);
    // The kernel prints a line when it changes; the next instructions are of the same.
    expect({ index, text: own?.text, line: own?.line }).toEqual({ index, ...said });
    checked.add(index);
  }
  expect(checked.size).toBeGreaterThan(60);
  expect(object.lineInfo('handle_nested', 76)).toBeUndefined();
  expect(object.lineInfo('empty_xdp', 2)).toBeUndefined();
  expect(object.lineInfo('no_such', 0)).toBeUndefined();
});

test('a line is found by its text where the text is unique', () => {
  const object = parseObject(nestedBytes, 'nested.bpf.o');
  expect(object.findLineByText('handle_nested', '  return leaf(index) + 1;')).toEqual({
    file: './nested.bpf.c',
    line: 26,
    column: 9,
    text: 'return leaf(index) + 1;',
  });
  expect(object.findLineByText('handle_nested', 'volatile char bytes[640];')).toBeUndefined();
  expect(object.findLineByText('empty_xdp', 'return leaf(index) + 1;')).toBeUndefined();
});

test('an object without type information has programs and no lines', async () => {
  const path = await compile(
    '__attribute__((section("xdp"), used)) int p(void *c) { return 2; }',
    'bare',
    '-g0',
  );
  const object = load(path);
  expect(object.programs.map(({ name, type }) => ({ name, type }))).toEqual([{ name: 'p', type: 'xdp' }]);
  expect(object.maps).toEqual([]);
  expect(object.lineInfo('p', 0)).toBeUndefined();
});

test('maps of the older "maps" section are read', async () => {
  const path = await compile(
    `struct def { unsigned type, key, value, max, flags; };
     __attribute__((section("maps"), used)) struct def a = { 1, 4, 8, 100, 1 };
     __attribute__((section("maps"), used)) struct def b = { 2, 4, 16, 3, 0 };`,
    'legacy',
  );
  expect(load(path).maps).toEqual([
    {
      name: 'a',
      type: { name: 'hash', number: 1 },
      keySize: 4,
      valueSize: 8,
      maxEntries: 100,
      flags: 1,
      from: 'maps',
    },
    {
      name: 'b',
      type: { name: 'array', number: 2 },
      keySize: 4,
      valueSize: 16,
      maxEntries: 3,
      flags: 0,
      from: 'maps',
    },
  ]);
});

describe('objects that are none are told apart', () => {
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(nestedBytes);
    change(bytes);
    return bytes;
  };
  const cases: [string, string, Uint8Array][] = [
    ['not-elf', 'an empty file', new Uint8Array()],
    ['not-elf', 'a script', Buffer.from('#!/bin/sh\nexit 0\n'.repeat(9))],
    ['not-elf', 'LLVM bitcode', Buffer.from('4243c0de00000000', 'hex')],
    ['truncated', 'the first 40 bytes', nestedBytes.subarray(0, 40)],
    ['truncated', 'half of the file', nestedBytes.subarray(0, nestedBytes.length / 2)],
    ['wrong-endian', 'big-endian', changed((bytes) => bytes.writeUInt8(2, 5))],
    ['wrong-class', '32-bit', changed((bytes) => bytes.writeUInt8(1, 4))],
    ['wrong-machine', 'x86-64', changed((bytes) => bytes.writeUInt16LE(62, 18))],
    ['malformed', 'no sections', changed((bytes) => bytes.writeUInt16LE(0, 60))],
    ['truncated', 'a section table far away', changed((bytes) => bytes.writeBigUInt64LE(2n ** 63n, 40))],
  ];
  test.each(cases)('%s: %s', (reason, _what, bytes) => {
    const error = errorOf(() => parseObject(bytes, 'build/x.bpf.o'));
    expect(error).toBeInstanceOf(TollgateError);
    expect((error as TollgateError).kind).toBe('config');
    expect((error as TollgateError).details.reason).toBe(reason);
    expect((error as TollgateError).message).toMatch(/^Cannot read object 'build\/x\.bpf\.o': /);
  });
});

test('no byte flipped or cut off makes the reader crash, hang or throw anything but its own error', () => {
  const bytes = Buffer.from(nestedBytes);
  const random = generator(1);
  for (let round = 0; round < 3000; round++) {
    const victim = Buffer.from(round % 10 === 0 ? bytes.subarray(0, random() % bytes.length) : bytes);
    for (let i = 0; i < 1 + (round % 8); i++)
      if (victim.length > 0) victim[random() % victim.length] = random() & 255;
    const error = errorOf(() => {
      const object = parseObject(victim, 'fuzzed');
      for (const program of object.programs) object.lineInfo(program.name, program.insnCount);
    });
    if (error !== undefined) expect(error).toBeInstanceOf(TollgateError);
  }
});

function errorOf(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A small linear congruential generator: the same rounds on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 3;
  };
}
