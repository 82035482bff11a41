import { expect, test } from 'vitest';
import type { TailCallCosts } from '../model/tail-call-cost.ts';
import { TAIL_CALL_COST_RENDERERS } from './tail-call-cost.ts';

const COSTS: TailCallCosts = {
  schema: 1,
  tool: { name: 'tollgate', version: '0' },
  costs: [
    {
      target: {
        ...{
          id: 'debian:6.1/exact',
          kernel: 'debian:6.1',
          arch: 'x86_64',
          mode: 'exact',
          accelerator: 'tcg',
        },
        ...{ status: 'ok', seconds: { boot: 0, load: 0, measure: 0 } },
      },
      setup: 'default',
      says: 'as the kernel boots',
      spectreV2: 'Mitigation: Retpolines',
      chains: [
        {
          ...{ hook: 'xdp', slot: 'constant', afterCall: false, jit: 'direct' },
          ...{ tail_call_insns: 13, residual: 0, call_insns: 8, lengths: [0, 33], insns: [7, 436] },
        },
        {
          ...{ hook: 'tc', slot: 'computed', afterCall: true, lengths: [], insns: [] },
          absent: { reason: 'the kernel refuses it' },
        },
      ],
    },
  ],
};
const rendered = (name: string) => TAIL_CALL_COST_RENDERERS.find((each) => each.name === name)!.render(COSTS);

test('the table has a row for each chain, and below it what it was measured on', () => {
  expect(rendered('terminal').split('\n').slice(0, 8)).toEqual([
    'kernel      set-up   hook  slot      function called before  jit     tail_call_insns  residual  call itself',
    'debian:6.1  default  xdp   constant  no                      direct               13         0            8',
    'debian:6.1  default  tc    computed  yes                     -                     -         -            -',
    '',
    'tail_call_insns: instructions that each call more adds to a chain of 0 to 33, by least squares; residual: the chain farthest from that line; call itself: those of the call, without arguments and the next program.',
    '',
    'debian:6.1/exact, default (as the kernel boots): tcg, exact mode; spectre_v2: Mitigation: Retpolines',
    'tc, computed: the kernel refuses it',
  ]);
});

test('markdown has the same, and JSON all of it', () => {
  expect(rendered('markdown').split('\n')[2]).toBe(
    '| debian:6.1 | default | xdp | constant | no | direct | 13 | 0 | 8 |',
  );
  expect(JSON.parse(rendered('json'))).toEqual(COSTS);
});

test('where chains were measured in place, both slopes stand side by side', () => {
  const [cost] = COSTS.costs;
  const [chain, other] = cost!.chains;
  const inPlace = {
    ...{
      at: 'tcp_v4_rcv',
      bytes: 4 << 20,
      hits: 205,
      otherHits: 0,
      insns: [7, 436],
      statsInsns: [48, 477.5],
    },
    ...{ tail_call_insns: 13, residual: 0, statsSlope: 13.015 },
  };
  const reason = 'this kernel has no such function';
  const chains = [
    { ...chain!, inPlace },
    { ...chain!, tail_call_insns: 14, inPlace },
    { ...other!, inPlace: { reason } },
  ];
  const { render } = TAIL_CALL_COST_RENDERERS.find(({ name }) => name === 'markdown')!;
  const lines = render({ ...COSTS, costs: [{ ...cost!, chains }] }).split('\n');
  expect(lines.slice(2, 5).map((line) => line.split(' | ').slice(-8))).toEqual([
    ['13', '0', '8', '13', '0', '13.015', '205', 'yes |'],
    ['14', '0', '8', '13', '0', '13.015', '205', 'no |'],
    ['-', '-', '-', '-', '-', '-', '-', '- |'],
  ]);
  expect(lines).toContain(`- computed, in place: ${reason}`);
  expect(lines.find((line) => line.startsWith('- constant, in place'))).toMatch(
    /205 hits of each chain, .* 7, 436;/,
  );
});
