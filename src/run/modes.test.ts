import { expect, test } from 'vitest';
import { TollgateError } from '../model/errors.ts';
import { kernelsByMode } from './modes.ts';

const ALL = ['debian:6.12', 'host'];

test.each([
  { modes: ['exact'], kernels: ALL, exact: ALL, timed: [] },
  { modes: ['exact', 'timed'], kernels: ALL, exact: ['debian:6.12'], timed: ['host'] },
  { modes: ['timed'], kernels: ['host'], exact: [], timed: ['host'] },
] as const)('in $modes of $kernels some are counted and some timed', ({ modes, kernels, exact, timed }) =>
  expect(kernelsByMode(kernels, modes)).toEqual({ exact, timed }),
);

test('a kernel to boot is not timed, nor passed over in silence', () =>
  expect(() => kernelsByMode(ALL, ['timed'])).toThrow(TollgateError));
