import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { straightLineLength } from './jit.ts';

const loaded: Record<string, { jited: string }> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/transcripts/loaded-6.18.json'), 'utf8'),
);
const emptyOnes = Object.entries(loaded).filter(([name]) => name.startsWith('empty_'));
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('each empty program of a real kernel runs 7 instructions in its image and 1 in the return thunk', () => {
  expect(
    Object.fromEntries(emptyOnes.map(([name, { jited }]) => [name, straightLineLength(bytes(jited))])),
  ).toEqual({
    empty_cgroup_skb: 8,
    empty_raw_tp: 8,
    empty_socket: 8,
    empty_syscall: 8,
    empty_tc: 8,
    empty_tc_unspec: 8,
    empty_xdp: 8,
  });
});

// Built by hand from arch/x86/net/bpf_jit_comp.c of the version named.
const IMAGES: readonly (readonly [string, string, number])[] = [
  ['5.10: nop5, nop2, push, mov, constant, leave, ret', '0f1f440000 6690 55 4889e5 b802000000 c9 c3', 7],
  ['5.10 with the empty stack made room for', '0f1f440000 6690 55 4889e5 4881ec00000000 31c0 c9 c3', 8],
  ['6.1: xor for the tail call counter', '0f1f440000 31c0 55 4889e5 31c0 c9 c3', 7],
  ['6.1 with straight-line speculation padding', '0f1f440000 6690 55 4889e5 31c0 c9 c3 cc', 7],
  ['6.12: nop3 for the tail call counter', '0f1f440000 0f1f00 55 4889e5 b801000000 c9 c3 cc cc cc', 7],
  ['with indirect branch tracking', 'f30f1efa 0f1f440000 0f1f00 f30f1efa 55 4889e5 31c0 c9 c3', 9],
  ['with the poison of endbr', '660f1f00 0f1f440000 0f1f00 0f1f40d6 55 4889e5 31c0 c9 c3', 9],
  ['a negative constant of 64 bits', '0f1f440000 6690 55 4889e5 48c7c0ffffffff c9 c3', 7],
  ['a large constant', '0f1f440000 6690 55 4889e5 48b88877665544332211 c9 c3', 7],
  ['callee-saved registers', '0f1f440000 6690 55 4889e5 53 4155 4156 4157 31c0 415f 415e 415d 5b c9 c3', 15],
  ['a jump inside the image', '0f1f440000 6690 55 4889e5 31c0 eb03 cccccc c9 c3', 8],
  [
    'long nops of every length',
    '90 6690 0f1f00 0f1f4000 0f1f440000 660f1f440000 0f1f8000000000 0f1f840000000000 c3',
    9,
  ],
];

test.each(IMAGES)('%s', (_name, hex, count) => {
  expect(straightLineLength(bytes(hex))).toBe(count);
});

test('the instructions are those that objdump disassembles', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-jit-'));
  const path = join(folder, 'image.bin');
  const images = [...emptyOnes.map(([name, { jited }]) => [name, jited] as const), ...IMAGES];
  try {
    for (const [name, hex] of images) {
      writeFileSync(path, bytes(hex));
      const { stdout } = await execa('objdump', ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-w', path]);
      const shown = stdout
        .split('\n')
        .flatMap((line) => /^\s+[0-9a-f]+:\t[0-9a-f ]+\t(\w+)/.exec(line)?.[1] ?? []);
      const padding = shown.filter((mnemonic) => mnemonic === 'int3').length;
      const thunk = shown.at(-1) === 'jmp' ? 1 : 0;
      expect({ name, count: shown.length - padding + thunk, shown }).toEqual({
        name,
        count: straightLineLength(bytes(hex)),
        shown,
      });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each([
  ['', 'it ends without a return'],
  ['0f1f4400005548', 'unknown instruction 48 at byte 6'],
  ['55 4889e5', 'it ends without a return'],
  ['0fa2 c3', 'unknown instruction 0fa2c3 at byte 0'],
  ['90 ebfd c3', 'unknown instruction ebfdc3 at byte 1'],
  ['e9fbffffff', 'unknown instruction e9fbffffff at byte 0'],
  ['ebfd', 'unknown instruction ebfd at byte 0'],
  ['b80200', 'unknown instruction b80200 at byte 0'],
])('image %j is refused with its bytes', (hex, what) => {
  expect(() => straightLineLength(bytes(hex))).toThrow(
    expect.objectContaining({ kind: 'infrastructure', message: expect.stringContaining(what) }),
  );
});
