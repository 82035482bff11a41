// What a tail call costs, on real kernels: chains on a straight line, a jump cheaper than a look-up, no jump under a
// hardened JIT, and in place, under network load, the same as by test run.

import { expect, test } from 'vitest';
import { tailCallCosts } from './tail-call-cost.ts';
import { KERNELS, labOptions, OUTER_KERNELS } from './testing/lab.ts';

test('each call more costs the same, a look-up more than a jump, and blinding leaves look-ups alone', async () => {
  const { costs } = await tailCallCosts(
    { version: 'test', kernels: KERNELS.slice(-1), setups: ['default', 'hardened'], hooks: ['xdp'] },
    labOptions(),
  );
  expect(costs.map(({ target, spectreV2 }) => [target.error, spectreV2?.split(';')[0]])).toEqual([
    [undefined, 'Mitigation: Retpolines'],
    [undefined, 'Mitigation: Retpolines'],
  ]);
  const rows = costs.flatMap(({ setup, chains }) =>
    chains.map(({ slot, afterCall, jit, residual }) => [setup, slot, afterCall, jit, residual]),
  );
  expect(rows).toEqual([
    ['default', 'constant', false, 'direct', 0],
    ['default', 'computed', false, 'indirect', 0],
    ['default', 'constant', true, 'direct', 0],
    ['default', 'computed', true, 'indirect', 0],
    ['hardened', 'constant', false, 'indirect', 0],
    ['hardened', 'computed', false, 'indirect', 0],
    ['hardened', 'constant', true, 'indirect', 0],
    ['hardened', 'computed', true, 'indirect', 0],
  ]);
  const [direct, computed] = costs[0]!.chains;
  expect(computed!.tail_call_insns).toBeGreaterThan(direct!.tail_call_insns!);
  expect(direct!.tail_call_insns).toBeGreaterThan(direct!.call_insns!);
});

test('in place, as kprobes under iperf3, chains cost what they do by test run, at every hit', async () => {
  const { costs } = await tailCallCosts(
    { version: 'test', kernels: OUTER_KERNELS, setups: ['default'], hooks: ['xdp'], under: 'iperf3' },
    labOptions(),
  );
  expect(costs.map(({ target }) => target.error)).toEqual(OUTER_KERNELS.map(() => undefined));
  const rows = costs.flatMap(({ target, chains }) =>
    chains.map(({ slot, insns, tail_call_insns, inPlace }) => {
      if (!inPlace || 'reason' in inPlace) return [target.kernel, slot, inPlace];
      expect(inPlace.hits).toBeGreaterThan(100);
      // a timer's tick makes a difference to few hits, and adds to the kernel's account alone
      expect(inPlace.otherHits / inPlace.hits).toBeLessThan(0.05);
      expect(inPlace.statsSlope / tail_call_insns!).toBeGreaterThan(0.999);
      expect(inPlace.statsSlope / tail_call_insns!).toBeLessThan(1.05);
      expect(inPlace.insns).toEqual(insns);
      return [target.kernel, slot, tail_call_insns, inPlace.tail_call_insns, inPlace.residual];
    }),
  );
  const expected = OUTER_KERNELS.flatMap((kernel) => {
    const isOld = ['debian:5.10', 'debian:6.1'].includes(kernel);
    const [constant, computed] = isOld ? [13, 23] : [19, 29];
    return [
      [kernel, 'constant', constant, constant, 0],
      [kernel, 'computed', computed, computed, 0],
    ];
  });
  expect(rows).toEqual(expected);
});
