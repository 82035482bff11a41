// What a tail call costs, on one real kernel: chains on a straight line, a jump cheaper than a look-up, and no jump under
// a hardened JIT.

import { expect, test } from 'vitest';
import { tailCallCosts } from './tail-call-cost.ts';
import { KERNELS, labOptions } from './testing/lab.ts';

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
