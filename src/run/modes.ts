// Which kernel is measured in which mode, and both modes' results as one. The machine's own kernel has no exact mode;
// a timed VM is the same kernel on another clock, and another target.

import { execute, type Results, type RunOptions } from './execute.ts';
import type { HookPlan } from './hooks.ts';
import type { PlannedJob } from './plan.ts';
import { executeTimed, type TimedRequest, type TimedResults } from './timed.ts';

export type Mode = 'exact' | 'timed';
export type Modes = readonly Mode[];

export const EXACT_ONLY: Modes = ['exact'];

/** With both modes asked for, 'host' is measured in the one that it has. */
export function kernelsByMode(
  kernels: readonly string[],
  modes: Modes,
): { readonly exact: readonly string[]; readonly timed: readonly string[] } {
  const isTimed = modes.includes('timed');
  return {
    exact: modes.includes('exact') ? kernels.filter((kernel) => !(isTimed && kernel === 'host')) : [],
    timed: isTimed ? kernels : [],
  };
}

/** Exact first; timing has the machine to itself then. */
export async function executeModes(
  exact: {
    readonly kernels: readonly string[];
    readonly jobs: readonly PlannedJob[];
    readonly hooks: HookPlan;
  },
  timed: TimedRequest,
  options: RunOptions,
): Promise<Results & Pick<TimedResults, 'timed'>> {
  const counted =
    exact.kernels.length > 0
      ? await execute(exact.kernels, exact.jobs, options, exact.hooks)
      : { targets: [], measurements: [], tailCalls: [] };
  const clocked = await executeTimed(timed, options);
  return {
    targets: [...counted.targets, ...clocked.targets],
    measurements: [...counted.measurements, ...clocked.measurements],
    tailCalls: counted.tailCalls,
    timed: clocked.timed,
  };
}
