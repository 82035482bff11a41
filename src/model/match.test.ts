import { expect, test } from 'vitest';
import { comparePrecedence, matchGlob, matchKernel, matchProgram } from './match.ts';

const LB = { object: 'build/lb.bpf.o', program: 'xdp_lb' };

test.each<[string, boolean]>([
  ['xdp_lb', true],
  ['*', true],
  ['xdp_*', true],
  ['xdp_?b', true],
  ['{xdp,tc}_lb', true],
  ['xdp', false],
  ['XDP_LB', false],
  ['lb.bpf.o/xdp_lb', true],
  ['lb.*/xdp_*', true],
  ['other.o/xdp_lb', false],
  ['build/lb.bpf.o/xdp_lb', false],
  ['!tc', false],
])('the pattern %s matches build/lb.bpf.o/xdp_lb: %s', (pattern, matches) => {
  expect(matchProgram(pattern, LB) !== undefined).toBe(matches);
});

test.each<[winner: string, loser: string]>([
  ['xdp_lb', 'xdp_*'],
  ['xdp_lb', '*'],
  ['xdp_*', '*'],
  ['xdp_l*', 'xdp_*'],
  ['lb.bpf.o/xdp_lb', 'xdp_lb'],
  ['lb.bpf.o/xdp_lb', 'lb.*/xdp_lb'],
  ['xdp_lb', 'lb.bpf.o/xdp_*'],
  ['lb.bpf.o/*', '*'],
  ['xdp_*', 'lb.bpf.o/*'],
])('%s is closer to xdp_lb than %s', (winner, loser) => {
  expect(comparePrecedence(matchProgram(winner, LB)!, matchProgram(loser, LB)!)).toBeGreaterThan(0);
});

test.each<[readonly string[] | undefined, number | undefined]>([
  [undefined, -1],
  [['*'], 0],
  [['debian:*'], 1],
  [['debian:6.1'], 2],
  [['debian:*', 'debian:6.1'], 2],
  [['debian:5.10'], undefined],
  [[], undefined],
])('kernel globs %j fit debian:6.1 by %s', (globs, rank) => {
  expect(matchKernel(globs, 'debian:6.1')).toEqual(rank === undefined ? undefined : [rank]);
});

test('a star crosses the slashes of a path reference', () => {
  expect(matchGlob('path:*', 'path:/boot/vmlinuz')).toBe(1);
});
