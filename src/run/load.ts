// `tollgate load`: what network load costs on each kernel, in each arm.

import type { LoadCost } from '../model/load-cost.ts';
import { findQemu } from '../vm/qemu.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { type PlannedLoad, runArms } from './load-arms.ts';
import { createPool, machinesAtOnce, pooled } from './pool.ts';

/** Runs every arm of every load on every kernel. Throws as `execute` does; a kernel that fails is a failed target without arms. */
export async function measureLoad(
  kernels: readonly string[],
  planned: readonly PlannedLoad[],
  options: RunOptions,
): Promise<LoadCost[]> {
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const found = await Promise.all(
    [...new Set(kernels)].map(async (reference) => {
      const { target, result } = await onKernel(
        reference,
        qemu,
        pool,
        options,
        async (session, told, kernel) =>
          runArms(planned, pooled(session, pool, options.signal), kernel, { ...options, qemu }, told),
      );
      return planned.map(({ load }, i): LoadCost => ({ target, load, arms: result?.[i] ?? [] }));
    }),
  );
  return found.flat();
}
