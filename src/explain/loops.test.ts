import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FunctionSpec, ProgramSpec } from '../model/elf.ts';
import { parseObject } from '../model/elf.ts';
import { loopsOf } from './loops.ts';

/** 'jN' may jump to instruction N, 'gN' always does, '.' is anything else; each instruction is a line of its own, from 10 on. */
function part(name: string, code: string): FunctionSpec {
  const words = code.split(' ');
  const lineAt = (insn: number) => ({ file: 'lb.c', line: 10 + insn, column: 1, text: `${name} ${insn}` });
  const bytes = words.map((word, at) => {
    const insn = Buffer.alloc(8);
    insn[0] = { '.': 0xb7, j: 0x55, g: 0x05 }[word[0]!]!;
    if (word !== '.') insn.writeInt16LE(Number(word.slice(1)) - at - 1, 2);
    return insn;
  });
  return {
    name,
    section: 1,
    start: 0,
    insnCount: words.length,
    code: Buffer.concat(bytes),
    calls: new Map(),
    lineAt,
    ownLineAt: lineAt,
  };
}

const find = (functions: readonly FunctionSpec[], visits: readonly number[]) =>
  loopsOf(
    'lb',
    {
      programs: [
        {
          name: 'lb',
          callsSubprograms: functions.slice(1).map(({ name }) => name),
        } as unknown as ProgramSpec,
      ],
      functions,
    },
    new Map(visits.entries()),
  ).map(
    (loop) => `${loop.text} to ${loop.lastLine}: ${loop.visits}/${loop.instructions}, ${loop.rounds} rounds`,
  );

test.each<[string, readonly FunctionSpec[], readonly number[], readonly string[]]>([
  ['none', [part('lb', '. j2 . .')], [1, 1, 1, 1], []],
  [
    'none, but code that branches share and that lies before them',
    [part('lb', 'j3 . g6 . . g1 .')],
    [9, 9, 9, 9, 9, 9, 9],
    [],
  ],
  ['one', [part('lb', '. . . j1 .')], [1, 5, 5, 5, 1], ['lb 1 to 13: 15/3, 5 rounds']],
  ['one with two ways back', [part('lb', '. . j1 j1 .')], [1, 5, 5, 3, 1], ['lb 1 to 13: 13/3, 5 rounds']],
  [
    'one in another',
    [part('lb', '. . j2 j1 .'), part('sub', '.')],
    [1, 3, 9, 3, 1, 7],
    ['lb 1 to 13: 15/3, 3 rounds', 'lb 2 to 12: 9/1, 9 rounds'],
  ],
  [
    'one in a subprogram',
    [part('lb', '. .'), part('sub', '. j0')],
    [1, 1, 4, 4],
    ['sub 0 to 11: 8/2, 4 rounds'],
  ],
  ['one that is left in its first round', [part('lb', '. j0')], [1, 1], []],
])('loops: %s', (_, functions, visits, expected) => {
  expect(find(functions, visits)).toEqual(expected);
});

test("a loop of an object begins with its 'for'", () => {
  const path = join(import.meta.dirname, '../../fixtures/verifier/built/walk_short.bpf.o');
  const spec = parseObject(readFileSync(path), 'walk_short.bpf.o');
  const visits = new Map(Array.from({ length: spec.programs[0]!.linkedInsnCount }, (_, insn) => [insn, 2]));
  expect(loopsOf('walk', spec, visits)).toMatchObject([
    {
      file: expect.stringMatching(/walk_short\.bpf\.c$/),
      line: 15,
      lastLine: 18,
      text: 'for (__u32 i = 0; i < ROUNDS; i++) {',
      rounds: 2,
    },
  ]);
});
