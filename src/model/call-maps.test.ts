import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mapsOfCalls } from './call-maps.ts';
import { parseObject } from './elf.ts';

/** Instructions as 'opcode destination source offset', and 'map' for an ld_imm64 of map m into that register. */
const CODES = {
  'r1 = m': ['18010000', '00000000'],
  'r2 = m': ['18020000', '00000000'],
  'r6 = m': ['18060000', '00000000'],
  'r1 = r6': ['bf610000'],
  'r1 = r7': ['bf710000'],
  'r2 = 0': ['b7020000'],
  'r1 = 0': ['b7010000'],
  'r1 += r2': ['0f210000'],
  'if r2 goto +1': ['15020100'],
  'if r2 goto +2': ['15020200'],
  'goto +1': ['05000100'],
  call: ['85000000'],
  exit: ['95000000'],
} as const;

const mapOf = (names: readonly (keyof typeof CODES)[]) => {
  const slots = names.flatMap((name) => CODES[name]);
  const code = Buffer.from(slots.map((slot) => `${slot}00000000`).join(''), 'hex');
  const last = slots.length - 1;
  return mapsOfCalls(code, [last], (insn) => `map at ${insn}`).get(last);
};

test.each<[string, readonly (keyof typeof CODES)[], string | undefined]>([
  ['loaded as the first argument', ['r1 = m', 'r2 = 0', 'call'], 'map at 0'],
  ['loaded as the second', ['r1 = 0', 'r2 = m', 'call'], 'map at 1'],
  ['kept in another register', ['r6 = m', 'r1 = r6', 'call'], 'map at 0'],
  ['kept over another call', ['r6 = m', 'call', 'r1 = r6', 'call'], 'map at 0'],
  ['lost in another call', ['r1 = m', 'call', 'call'], undefined],
  ['behind a branch that is not taken', ['r1 = m', 'if r2 goto +1', 'call', 'call'], undefined],
  ['with another way there', ['if r2 goto +2', 'r1 = m', 'call'], undefined],
  ['where code jumps over', ['r1 = m', 'goto +1', 'exit', 'call'], undefined],
  ['computed', ['r1 = m', 'r1 += r2', 'call'], undefined],
  ['unknown from the beginning', ['r1 = r7', 'call'], undefined],
])('a map %s', (_, names, expected) => {
  expect(mapOf(names)).toBe(expected);
});

test('the calls of an object name its maps', () => {
  const path = join(import.meta.dirname, '../../fixtures/lb/built/base/build/lb.bpf.o');
  const { functions } = parseObject(readFileSync(path), 'lb.bpf.o');
  const named = functions.map(({ name, calls }) => [
    name,
    [...calls.values()].flatMap((call) => (call.kind === 'helper' && call.map ? [call.map] : [])),
  ]);
  expect(Object.fromEntries(named)).toMatchObject({
    xdp_lb: expect.arrayContaining(['stats', 'scratch', 'jump_table']),
    lb_v4: expect.arrayContaining(['services', 'connections', 'jump_table']),
  });
});
