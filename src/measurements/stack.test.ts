import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deepestStack } from './stack.ts';
import { parseVerifierStats } from './verifier-log.ts';

interface Loaded {
  readonly log: string;
  readonly subprogStarts: readonly number[];
  readonly xlated: string;
}
const loaded: Record<string, Loaded> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/transcripts/loaded-6.18.json'), 'utf8'),
);

/** Instructions from [code, src_reg, off, imm] rows; anything else is r0 = 0. */
function program(size: number, rows: Record<number, [number, number, number, number]>): Uint8Array {
  const bytes = Buffer.alloc(size * 8);
  for (let at = 0; at < size; at++) {
    const [code, source, off, imm] = rows[at] ?? [0xb7, 0, 0, 0];
    bytes.writeUInt8(code, at * 8);
    bytes.writeUInt8(source << 4, at * 8 + 1);
    bytes.writeInt16LE(off, at * 8 + 2);
    bytes.writeInt32LE(imm, at * 8 + 4);
  }
  return bytes;
}
const call = (off: number, imm: number): [number, number, number, number] => [0x85, 1, off, imm];

test('a real program on 6.18: the chain over middle and leaf, not the sum of all five', () => {
  const { log, xlated, subprogStarts } = loaded.handle_nested!;
  const depths = parseVerifierStats(log)!.stackDepths!;
  // 40 handle_nested, 96 middle, 64 leaf, 128 shallow, 40 handle_turn (by bpf_loop)
  expect(depths).toEqual([40, 96, 64, 128, 40]);
  const bytes = Buffer.from(xlated, 'hex');
  expect(deepestStack(depths, bytes, subprogStarts)).toBe(40 + 96 + 64);
  expect(deepestStack(depths, bytes)).toBe(40 + 96 + 64);
  // With a deeper callback or sibling the chain goes there.
  expect(deepestStack([40, 96, 64, 128, 400], bytes, subprogStarts)).toBe(440);
  expect(deepestStack([40, 96, 64, 200, 40], bytes, subprogStarts)).toBe(240);
});

test('a program without subprograms has its own depth', () => {
  const { log, xlated } = loaded.empty_xdp!;
  expect(deepestStack(parseVerifierStats(log)!.stackDepths!, Buffer.from(xlated, 'hex'))).toBe(0);
});

test.each([
  ['JITed: imm is the index', { 0: call(3, 1), 5: call(2, 2) }],
  ['interpreted: imm is the interpreter', { 0: call(3, 25_488), 5: call(2, -96) }],
  ['interpreted, addresses hidden: imm is 0', { 0: call(3, 0), 5: call(2, 0) }],
] as [string, Record<number, [number, number, number, number]>][])(
  'calls are followed in a dump, %s',
  (_form, rows) => {
    expect(deepestStack([8, 16, 32], program(12, rows), [0, 4, 8])).toBe(56);
    expect(deepestStack([8, 16, 32], program(12, rows))).toBe(56);
  },
);

test('a global function nobody calls, kept by 5.10, is no part of a chain', () => {
  const none = program(12, {});
  expect(deepestStack([8, 300, 32], none)).toBe(8);
  expect(deepestStack([8, 300, 32], none, [0, 4, 8])).toBe(8);
  // Index 1 is never called, 2 is.
  expect(deepestStack([8, 300, 32], program(12, { 0: call(7, 2) }))).toBe(40);
  expect(deepestStack([8, 300, 32], program(12, { 0: call(7, 2) }), [0, 4, 8])).toBe(40);
});

test('a second half of an ld_imm64 is no instruction', () => {
  const rows = { 0: [0x18, 0, 0, 0x85] as [number, number, number, number], 1: call(1000, 7), 2: call(1, 1) };
  expect(deepestStack([8, 16], program(6, rows))).toBe(24);
});

test('a call over more than 32,767 instructions is followed by its wrapped distance', () => {
  const target = 40_000;
  const rows = { 0: call(((target - 1) << 16) >> 16, 1) };
  expect(deepestStack([8, 16], program(target + 4, rows), [0, target])).toBe(24);
});

test.each([
  ['no depths', [], {}, [0]],
  ['fewer starts than depths', [8, 16], {}, [0]],
  ['more subprograms called than depths', [8, 16], { 0: call(3, 1), 1: call(6, 2) }, undefined],
  ['a call of no index where the order does not tell', [8, 16, 32], { 0: call(3, 0) }, undefined],
  ['a call into the middle of a subprogram', [8, 16], { 0: call(4, 0) }, [0, 4]],
  ['recursion', [8, 16], { 0: call(3, 1), 5: call(-2, 1) }, [0, 4]],
] as [string, number[], Record<number, [number, number, number, number]>, number[] | undefined][])(
  'contradictions are errors: %s',
  (_what, depths, rows, starts) => {
    expect(() => deepestStack(depths, program(12, rows), starts)).toThrow(/^Cannot tell the stack/);
  },
);
