import { expect, test } from 'vitest';
import type { Report, TailCall } from '../model/report.ts';
import { tailCallLines } from './tail-calls.ts';

const RUN = { program: 'lb', input: 'udp:64', packets: 2, taken: 4, empty: 0, limit: 0, beyond: 0 };
const SITE: TailCall = {
  target: 'debian:6.1/exact',
  side: 'head',
  object: 'lb.bpf.o',
  program: 'lb',
  function: 'lb',
  insn: 7,
  file: 'src/lb.bpf.c',
  line: 97,
  text: 'bpf_tail_call(ctx, &table, 0);',
  maps: ['table'],
  slots: [0],
  jit: 'direct',
  why: 'one map and one constant slot on every path: a jump',
  filled: [{ map: 'table', slot: 0, program: 'parse_v4' }],
  isFilled: 'all',
  runs: [RUN],
};
const linesOf = (site: Partial<TailCall>, verbose = false) => {
  const { slots, ...computed } = { ...SITE, ...site };
  const tailCalls = [site.jit === 'indirect' ? computed : { ...computed, slots: slots ?? [] }];
  return tailCallLines({ tailCalls } as unknown as Report, 'debian:6.1/exact', verbose);
};

test.each([
  ['a jump that goes somewhere is told where all are asked for', {}, []],
  [
    'a look-up is told with the reason and what a jump takes',
    { jit: 'indirect', isFilled: 'some', why: 'the slot is computed' },
    [
      'tail call (indirect) in lb, lb.bpf.c:97: table[computed], parse_v4 in some; the slot is computed; 2 a packet in lb (udp:64)',
    ],
  ],
  [
    'a jump that goes nowhere is told with what came of it',
    { filled: [], isFilled: 'none', runs: [{ ...RUN, taken: 0, empty: 2 }] },
    [
      'tail call (direct) in lb, lb.bpf.c:97: table[0], nothing in it; went on behind the call, an empty slot: 1 a packet in lb (udp:64)',
    ],
  ],
  [
    'an inline function is told with the line that called it',
    {
      near: { file: 'src/lb.bpf.c', line: 161 },
      file: '/usr/include/bpf/bpf_helpers.h',
      line: 154,
      runs: [{ ...RUN, limit: 2 }],
    },
    [
      'tail call (direct) in lb, bpf_helpers.h:154 near lb.bpf.c:161: table[0], parse_v4; 2 a packet in lb (udp:64); went on behind the call, over the limit of 33: 1 a packet in lb (udp:64)',
    ],
  ],
] as const)('%s', (_, site, lines) => {
  expect(linesOf(site as Partial<TailCall>)).toEqual(lines);
});

test('all are told where they are asked for, but not those of base or another target', () => {
  expect(linesOf({}, true)).toEqual([
    'tail call (direct) in lb, lb.bpf.c:97: table[0], parse_v4; 2 a packet in lb (udp:64)',
  ]);
  expect(linesOf({ side: 'base' }, true)).toEqual([]);
  expect(linesOf({ target: 'debian:5.10/exact' }, true)).toEqual([]);
});
