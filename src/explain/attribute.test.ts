import { expect, test } from 'vitest';
import type { CallSpec, FunctionSpec } from '../model/elf.ts';
import { sumPairs } from '../model/explanation.ts';
import { attribute, type CodeImage } from './attribute.ts';
import type { CallPaths } from './callpaths.ts';
import { parseSymbols } from './symbols.ts';

const LOOKUP = 1;
const TAIL_CALL = 12;

/** A function of one instruction a line, 16 bytes of machine code each. */
function image(program: string, address: bigint, calls: Readonly<Record<number, CallSpec>>): CodeImage {
  const source = (insn: number) => ({
    file: `src/${program}.c`,
    line: 10 + insn,
    column: 1,
    text: `${insn};`,
  });
  const spec: FunctionSpec = {
    name: program,
    section: 1,
    start: 0,
    insnCount: 4,
    code: new Uint8Array(32).fill(0xb7),
    calls: new Map(Object.entries(calls).map(([insn, call]) => [Number(insn), call])),
    lineAt: source,
    ownLineAt: source,
  };
  const insns = [0, 1, 2, 3].map((insn) => ({ offset: 16 * insn, insn }));
  return { program, address, sizeBytes: 64, name: program, spec, insns };
}

const IMAGES = [
  image('first', 0x1000n, { 1: { kind: 'helper', id: LOOKUP }, 2: { kind: 'helper', id: TAIL_CALL } }),
  image('second', 0x2000n, {}),
];
const SYMBOLS = parseSymbols(
  '0000000000009000 bpf_map_lookup_elem\n0000000000009100 jhash\n0000000000009200 thunk\n',
);

/** first calls a helper that calls jhash, tail-calls second, which leaves through a thunk. */
const PATHS: CallPaths = {
  packets: 1,
  passes: 2,
  runs: new Map(),
  warm: [],
  blocks: new Map([
    [0, [0x1000n, 0x1008n, 0x1010n]],
    [1, [0x9000n, 0x9004n]],
    [2, [0x9100n]],
    [3, [0x1020n]],
    [4, [0x2010n, 0x2020n]],
    [5, [0x9200n]],
  ]),
  paths: new Map([
    [1, { parent: 0, site: 0x1010n }],
    [2, { parent: 1, site: 0x9004n }],
    [3, { parent: 0, site: 0x2020n }],
  ]),
  counts: [
    { path: 0, block: 0, cold: 1, warm: 2 },
    { path: 1, block: 1, cold: 1, warm: 2 },
    { path: 2, block: 2, cold: 9, warm: 10 },
    { path: 0, block: 3, cold: 1, warm: 2 },
    { path: 0, block: 4, cold: 1, warm: 1 },
    { path: 3, block: 5, cold: 1, warm: 1 },
  ],
  tailCalls: [{ site: 0x1020n, target: 0x2010n, cold: 1, warm: 1, isDirect: true }],
};

const found = attribute(PATHS, IMAGES, SYMBOLS);

test('every instruction is in one line or under one call', () => {
  expect(found.insns).toEqual({ cold: 3 + 2 + 9 + 1 + 2 + 1, warm: 6 + 4 + 10 + 2 + 2 + 1 });
  const inLines = sumPairs(found.lines.flatMap(({ own, called }) => [own, called]));
  const inRows = sumPairs([
    ...found.instructions.map(({ own }) => own),
    ...found.calls.map(({ insns }) => insns),
  ]);
  expect([inLines, inRows]).toEqual([found.insns, found.insns]);
});

test('a call has the functions of the kernel that run under it, by the object as it is named there', () => {
  const [lookup, thunk] = found.calls;
  expect(lookup).toEqual({
    program: 'first',
    function: 'first',
    file: 'src/first.c',
    line: 11,
    text: '1;',
    insn: 1,
    kind: 'helper',
    name: 'bpf_map_lookup_elem',
    times: { cold: 1, warm: 2 },
    insns: { cold: 11, warm: 14 },
    functions: [
      { name: 'jhash', insns: { cold: 9, warm: 10 } },
      { name: 'bpf_map_lookup_elem', insns: { cold: 2, warm: 4 } },
    ],
  });
  expect([thunk?.kind, thunk?.name, thunk?.program]).toEqual(['kernel', 'thunk', 'second']);
});

test('a tail call is told where it went, and where it fell through', () => {
  expect(
    found.tailCalls.map(({ program, line, to, direct, times }) => ({ program, line, to, direct, times })),
  ).toEqual([
    { program: 'first', line: 12, to: 'second', direct: true, times: { cold: 1, warm: 1 } },
    { program: 'first', line: 12, to: undefined, direct: undefined, times: { cold: 0, warm: 1 } },
  ]);
});

test('stacks lead from the program over line and helper to the function', () => {
  expect(found.stacks.map(({ frames, insns }) => [frames.join(' > '), insns.warm])).toEqual([
    ['first > first.c:10', 4],
    ['first > first.c:11', 2],
    ['first > first.c:11 > bpf_map_lookup_elem', 4],
    ['first > first.c:11 > bpf_map_lookup_elem > jhash', 10],
    ['first > first.c:12', 2],
    ['second > second.c:11', 1],
    ['second > second.c:12', 1],
    ['second > second.c:12 > thunk', 1],
  ]);
});

test('code of which nothing is known counts as one instruction', () => {
  const [known, other] = IMAGES as [CodeImage, CodeImage];
  const { spec: _, ...blind } = { ...known, insns: [] };
  const { instructions } = attribute(PATHS, [blind, other], SYMBOLS);
  expect(instructions.filter(({ program }) => program === 'first')).toEqual([
    {
      program: 'first',
      function: 'first',
      insn: 0,
      code: '',
      times: { cold: 1, warm: 2 },
      own: { cold: 4, warm: 8 },
    },
  ]);
});
