// Which kernel is measured in which mode, and both modes' results as one. The machine's own kernel has no exact mode; a
// kernel to boot has a timed one that is worth something where KVM works.

import { execute, type Results, type RunOptions } from './execute.ts';
import type { HookPlan } from './hooks.ts';
import type { LoadPlan } from './load-arms.ts';
import type { PlannedJob } from './plan.ts';
import { timeTailCalls } from './tail-call-time.ts';
import { executeTimed, type TimedRequest, type TimedResults } from './timed.ts';
import { findTimedVm } from './timed-vm.ts';

export type Mode = 'exact' | 'timed';
export type Modes = readonly Mode[];

export const EXACT_ONLY: Modes = ['exact'];

/**
 * With both modes asked for, each kernel is measured in the one that it has: a kernel to boot is counted, and timed, too,
 * only where `hasKvm`, since times of an emulator are for those who ask for them alone.
 */
export function kernelsByMode(
  kernels: readonly string[],
  modes: Modes,
  hasKvm = false,
): { readonly exact: readonly string[]; readonly timed: readonly string[] } {
  if (!modes.includes('timed')) return { exact: kernels, timed: [] };
  if (!modes.includes('exact')) return { exact: [], timed: kernels };
  return {
    exact: kernels.filter((kernel) => kernel !== 'host'),
    timed: kernels.filter((kernel) => hasKvm || kernel === 'host'),
  };
}

/** The same on this machine; says so where kernels are not timed that could be elsewhere. */
export async function findKernelsByMode(
  kernels: readonly string[],
  modes: Modes,
  options: RunOptions,
): Promise<ReturnType<typeof kernelsByMode>> {
  const booted = kernels.filter((kernel) => kernel !== 'host');
  if (booted.length === 0 || modes.length < 2) return kernelsByMode(kernels, modes);
  const { choice } = await findTimedVm(options);
  const hasKvm = choice.accelerator === 'kvm';
  if (!hasKvm)
    options.onWarning?.(
      `${booted.join(', ')}: counted and not timed, as KVM does not work here: ${choice.message}; --mode timed alone times QEMU's emulation`,
    );
  return kernelsByMode(kernels, modes, hasKvm);
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
  const isAskedFor = timed.rules.some(({ metric }) => metric === 'tail_call_ns');
  const calls = isAskedFor
    ? await timeTailCalls(timed.kernels, timed.bounds, options)
    : { measurements: [], timed: [] };
  return {
    targets: [...counted.targets, ...clocked.targets],
    measurements: [...counted.measurements, ...clocked.measurements, ...calls.measurements],
    tailCalls: counted.tailCalls,
    loads: counted.loads,
    timed: [...clocked.timed, ...calls.timed],
  };
}
