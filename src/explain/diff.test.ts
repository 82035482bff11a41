import { expect, test } from 'vitest';
import type {
  ExplainedCall,
  ExplainedInstruction,
  ExplainedTailCall,
  Explanation,
} from '../model/explanation.ts';
import { diffExplanations, differenceOf } from './diff.ts';

const pair = (warm: number) => ({ cold: warm, warm });

interface Given {
  readonly text: string;
  /** Each instruction's code, and machine instructions. */
  readonly code?: readonly (readonly [string, number])[];
  readonly times?: number;
  readonly call?: readonly [name: string, times: number, insns: number];
  readonly tail?: readonly [to: string, direct: boolean];
}

/** A program whose lines follow from line 10 on. */
function explanation(side: 'base' | 'head', given: readonly Given[]): Explanation {
  const lines = given.map(({ text, code = [['b7', 1]], times = 1, call }, i) => ({
    program: 'lb',
    function: 'lb',
    file: 'lb.c',
    line: 10 + i,
    text,
    own: pair(code.reduce((sum, [, insns]) => sum + insns * times, 0)),
    called: pair(call?.[2] ?? 0),
  }));
  const place = (i: number) => {
    const { own: _own, called: _called, ...rest } = lines[i]!;
    return rest;
  };
  const total = lines.reduce((sum, { own, called }) => sum + own.warm + called.warm, 0);
  return {
    target: {
      id: 'debian:6.1/exact',
      kernel: 'debian:6.1',
      arch: 'x86_64',
      mode: 'exact',
      accelerator: 'tcg',
      status: 'ok',
      seconds: { boot: 0, load: 0, measure: 0 },
    },
    side,
    object: 'lb.o',
    program: 'lb',
    input: 'udp:64',
    packets: 1,
    insns: pair(total),
    outside: pair(0),
    lines,
    calls: given.flatMap(({ call }, i): ExplainedCall[] =>
      call
        ? [
            {
              ...place(i),
              insn: i,
              kind: 'helper',
              name: call[0],
              times: pair(call[1]),
              insns: pair(call[2]),
              functions: [],
            },
          ]
        : [],
    ),
    tailCalls: given.flatMap(({ tail }, i): ExplainedTailCall[] =>
      tail ? [{ ...place(i), insn: i, to: tail[0], direct: tail[1], times: pair(1) }] : [],
    ),
    instructions: given.flatMap(({ code = [['b7', 1]], times = 1 }, i): ExplainedInstruction[] =>
      code.map(([bytes, insns]) => ({
        ...place(i),
        insn: i,
        code: bytes.padEnd(16, '0'),
        times: pair(times),
        own: pair(insns * times),
      })),
    ),
    stacks: [],
    notes: [],
  };
}

const diff = (base: readonly Given[], head: readonly Given[]) =>
  diffExplanations(explanation('base', base), explanation('head', head), 'warm').map(
    ({ line, change, what }) => `${line} ${change} ${what}`,
  );

const A = { text: 'int a = 1;' };
const B = { text: 'return use(a);' };
const lookup = (insns: number, times = 1): Given => ({
  text: 'v = lookup(&m, &k);',
  call: ['bpf_map_lookup_elem', times, insns],
});

test.each<[string, readonly Given[], readonly Given[], readonly string[]]>([
  ['nothing changed', [A, B], [A, B], []],
  ['code that only moved is no change', [A, B], [B, A], []],
  ['a line is new', [A, B], [A, { text: 'x += 0;', code: [['07', 10]] }, B], ['11 10 new']],
  ['a line is gone', [A, B], [A], ['11 -1 gone']],
  [
    'a call is new',
    [A],
    [A, lookup(20)],
    ['11 21 new, with a call of bpf_map_lookup_elem (20 instructions)'],
  ],
  ['a helper takes longer', [lookup(20)], [lookup(25)], ['10 5 bpf_map_lookup_elem takes +5']],
  [
    'a helper is called more often',
    [lookup(20)],
    [lookup(40, 2)],
    ['10 20 calls bpf_map_lookup_elem 2 times instead of 1 (+20)'],
  ],
  [
    'another helper is called in a line that was edited',
    [{ text: 'add(&m, now_ns());', call: ['bpf_ktime_get_ns', 1, 10] }],
    [{ text: 'add(&m, now_tai_ns());', call: ['bpf_ktime_get_tai_ns', 1, 30] }],
    ['10 20 changed; no longer calls bpf_ktime_get_ns (-10); now calls bpf_ktime_get_tai_ns (+30)'],
  ],
  [
    'the compiler makes other code of the same line',
    [{ ...A, code: [['b7', 1]] }],
    [
      {
        ...A,
        code: [
          ['b7', 1],
          ['bf', 1],
        ],
      },
    ],
    ['10 1 the compiler makes other code of it (2 eBPF instructions run, 1 before)'],
  ],
  [
    'the JIT makes other code of the same eBPF',
    [{ ...A, code: [['b7', 1]] }],
    [{ ...A, code: [['b7', 3]] }],
    ['10 2 the JIT makes other machine code of the same eBPF'],
  ],
  [
    'a jump that leads elsewhere is the same eBPF',
    [{ ...A, code: [['55010200', 1]] }],
    [{ ...A, code: [['55010900', 2]] }],
    ['10 1 the JIT makes other machine code of the same eBPF'],
  ],
  ['a loop runs longer', [{ ...A, times: 2 }], [{ ...A, times: 5 }], ['10 3 it runs more often']],
  [
    'a tail call that is written in another way',
    [{ text: 'asm volatile("r1 = %[ctx]");', code: [['85', 2]], tail: ['v4', true] }],
    [{ text: 'bpf_tail_call(ctx, &jumps, step);', code: [['85', 9]], tail: ['v4', false] }],
    ['10 7 the tail call to v4 is no longer direct'],
  ],
])('%s', (_, base, head, expected) => {
  expect(diff(base, head)).toEqual(expected);
});

test('the changes add up to the difference, the greatest first', () => {
  const { warm, base, head } = differenceOf(
    explanation('base', [A, B, lookup(20)]),
    explanation('head', [A, { text: 'x();', code: [['b7', 3]] }, lookup(25)]),
  );
  expect(warm.map(({ change }) => change)).toEqual([5, 3, -1]);
  expect(head.warm - base.warm).toBe(7);
});

test('without a profile of the base there is no difference, and a reason', () => {
  const base = { ...explanation('base', [A]), absent: { reason: 'it does not load' } };
  expect(differenceOf(base, explanation('head', [A])).absent).toEqual({
    reason: 'the base has no profile: it does not load',
  });
});
