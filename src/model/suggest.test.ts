import { expect, test } from 'vitest';
import { didYouMean, suggest } from './suggest.ts';

test.each<[string, string[], string | undefined]>([
  ['run_insn', ['total_insns', 'run_insns'], 'run_insns'],
  ['run_inssn', ['run_insns'], 'run_insns'],
  ['Kernels', ['kernels'], 'kernels'],
  ['kernles', ['kernels', 'objects'], 'kernels'],
  ['upd', ['udp', 'tcp'], 'udp'],
  ['latency', ['run_insns', 'map_count'], undefined],
  ['', ['x'], 'x'],
  ['x', [], undefined],
  ['x'.repeat(100_000), ['run_insns'], undefined],
])('of %s among %j, %s is meant', (name, candidates, meant) => {
  expect(suggest(name, candidates)).toBe(meant);
});

test('a suggestion reads as a question', () => {
  expect(didYouMean('upd', ['udp'])).toBe("did you mean 'udp'?");
});
