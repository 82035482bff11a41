import { expect, test } from 'vitest';
import type { Acceptance } from '../model/accept.ts';
import type { Verdict } from '../model/report.ts';
import { accept } from './accept.ts';
import type { Outcome } from './compare.ts';

const row = (metric: string, program: string, verdict: Verdict['verdict'] = 'over'): Verdict => ({
  target: 'debian:6.1/exact',
  object: 'build/lb.bpf.o',
  program,
  metric,
  unit: 'insns',
  verdict,
  why: 'because',
});
const outcome = (...verdicts: Verdict[]): Outcome => ({ verdicts, verdict: 'over', notes: [] });
const taken = (metric: string, program: string, part: Partial<Acceptance> = {}): Acceptance => ({
  metric,
  program,
  reason: 'it counts',
  by: 'commit',
  commit: 'abcdef0123456789',
  ...part,
});
const MARK = { by: 'commit', reason: 'it counts', commit: 'abcdef0123456789' } as const;

test('a row that is over and accepted stays over, says who took it, and fails nothing', () => {
  const over = row('run_insns', 'xdp_lb');
  const passed = row('total_insns', 'xdp_lb', 'pass');
  expect(accept(outcome(over, passed), [taken('run_insns', 'xdp_lb')])).toEqual({
    verdicts: [{ ...over, accepted: MARK }, passed],
    verdict: 'pass',
    notes: [],
  });
});

test.each<[string, Acceptance, Verdict, boolean]>([
  ['another metric', taken('total_insns', 'xdp_lb'), row('run_insns', 'xdp_lb'), false],
  ['another program', taken('run_insns', 'xdp_fw'), row('run_insns', 'xdp_lb'), false],
  ['every metric', taken('*', 'xdp_lb'), row('run_insns', 'xdp_lb'), true],
  ['programs by a glob', taken('run_insns', 'xdp_*'), row('run_insns', 'xdp_lb'), true],
  ['a program of an object', taken('run_insns', 'lb.bpf.o/xdp_lb'), row('run_insns', 'xdp_lb'), true],
  ["another object's program", taken('run_insns', 'fw.bpf.o/xdp_lb'), row('run_insns', 'xdp_lb'), false],
  ['every metric, where a program does not load', taken('*', '*'), row('load_ok', 'xdp_lb'), false],
  ['a rate under network load', taken('throughput_bps', 'load'), row('throughput_bps', 'load'), true],
  ['load_ok by its name', taken('load_ok', 'xdp_lb'), row('load_ok', 'xdp_lb'), true],
])('an acceptance of %s', (_, acceptance, over, takes) => {
  const { verdict, verdicts } = accept(outcome(over), [acceptance]);
  expect([verdict, verdicts[0]!.accepted]).toEqual(takes ? ['pass', MARK] : ['over', undefined]);
});

test('accepting one row leaves the others over', () => {
  const rows = [row('run_insns', 'xdp_lb'), row('run_insns', 'xdp_fw')];
  expect(accept(outcome(...rows), [taken('run_insns', 'xdp_lb')]).verdict).toBe('over');
});

test('a target that failed still fails the check after every cost is accepted', () => {
  const rows = [row('run_insns', 'xdp_lb'), row('*', '*', 'failed')];
  expect(accept(outcome(...rows), [taken('*', '*')]).verdict).toBe('failed');
});

test('a check without a verdict does not pass by an acceptance', () => {
  expect(accept({ verdicts: [], verdict: 'failed', notes: [] }, [taken('*', '*')]).verdict).toBe('failed');
});

test('an acceptance that takes nothing is told; a label, which is for whatever is over, is not', () => {
  const passed = row('run_insns', 'xdp_lb', 'pass');
  const acceptances = [taken('run_insns', 'xdp_lb'), taken('*', '*', { by: 'label', reason: 'label' })];
  expect(accept({ verdicts: [passed], verdict: 'pass', notes: ['first'] }, acceptances)).toEqual({
    verdicts: [passed],
    verdict: 'pass',
    notes: ['first', 'Nothing to accept for run_insns of xdp_lb (commit abcdef012345): no such row is over.'],
  });
});

test('two acceptances of one row are both of use', () => {
  const acceptances = [taken('run_insns', 'xdp_lb'), taken('*', 'xdp_*', { commit: '99' })];
  expect(accept(outcome(row('run_insns', 'xdp_lb')), acceptances).notes).toEqual([]);
});
