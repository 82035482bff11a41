// Which kernel is measured in which mode, and both modes' results as one. The machine's own kernel has no exact mode, and
// alone has a timed one.

import { TollgateError } from '../model/errors.ts';
import { execute, type Results, type RunOptions } from './execute.ts';
import type { HookPlan } from './hooks.ts';
import type { LoadPlan } from './load-arms.ts';
import type { PlannedJob } from './plan.ts';
import { executeTimed, type TimedRequest, type TimedResults } from './timed.ts';

export type Mode = 'exact' | 'timed';
export type Modes = readonly Mode[];

export const EXACT_ONLY: Modes = ['exact'];

/**
 * With both modes asked for, each kernel is measured in the one that it has. Throws TollgateError ('usage') where a kernel
 * to boot is to be measured in timed mode alone.
 */
export function kernelsByMode(
  kernels: readonly string[],
  modes: Modes,
): { readonly exact: readonly string[]; readonly timed: readonly string[] } {
  const isTimed = modes.includes('timed');
  const booted = kernels.find((kernel) => kernel !== 'host');
  if (booted !== undefined && !modes.includes('exact'))
    throw new TollgateError(
      'usage',
      `Cannot measure '${booted}' in timed mode: only this machine's own kernel is timed`,
      { hint: "--kernel host; or --mode exact,timed, which counts on the others and times on 'host'" },
    );
  return {
    exact: modes.includes('exact') ? kernels.filter((kernel) => !(isTimed && kernel === 'host')) : [],
    timed: isTimed ? kernels.filter((kernel) => kernel === 'host') : [],
  };
}

/** Exact first; timing has the machine to itself then. */
export async function executeModes(
  exact: {
    readonly kernels: readonly string[];
    readonly jobs: readonly PlannedJob[];
    readonly hooks: HookPlan;
    readonly loads: LoadPlan;
  },
  timed: TimedRequest,
  options: RunOptions,
): Promise<Results & Pick<TimedResults, 'timed'>> {
  const counted =
    exact.kernels.length > 0
      ? await execute(exact.kernels, exact.jobs, options, exact.hooks, exact.loads)
      : { targets: [], measurements: [], tailCalls: [], loads: [] };
  const clocked = await executeTimed(timed, options);
  return {
    targets: [...counted.targets, ...clocked.targets],
    measurements: [...counted.measurements, ...clocked.measurements],
    tailCalls: counted.tailCalls,
    loads: counted.loads,
    timed: clocked.timed,
  };
}
