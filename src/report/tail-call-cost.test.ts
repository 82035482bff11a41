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
  expect(rendered('terminal').split('\n').slice(0, 7)).toEqual([
    'kernel      set-up   hook  slot      function called before  jit     tail_call_insns  residual  call itself',
    'debian:6.1  default  xdp   constant  no                      direct               13         0            8',
    'debian:6.1  default  tc    computed  yes                     -                     -         -            -',
    '',
    'tail_call_insns: instructions that each call more adds to a chain of 0 to 33, by least squares; residual: the chain farthest from that line; call itself: those of the call, without arguments and the next program.',
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
