import { expect, test } from 'vitest';
import { kernelsByMode } from './modes.ts';

const ALL = ['debian:6.12', 'host'];

test.each([
  { modes: ['exact'], kernels: ['debian:6.12'], hasKvm: true, exact: ['debian:6.12'], timed: [] },
  { modes: ['exact', 'timed'], kernels: ALL, hasKvm: false, exact: ['debian:6.12'], timed: ['host'] },
  { modes: ['exact', 'timed'], kernels: ALL, hasKvm: true, exact: ['debian:6.12'], timed: ALL },
  { modes: ['timed'], kernels: ALL, hasKvm: false, exact: [], timed: ALL },
] as const)(
  'in $modes of $kernels some are counted and some timed (KVM: $hasKvm)',
  ({ modes, kernels, hasKvm, exact, timed }) =>
    expect(kernelsByMode(kernels, modes, hasKvm)).toEqual({ exact, timed }),
);
