// `tollgate measure --hooks --operations`: where what each hook adds goes, by kind of operation, from the exact profile of
// one event with nothing and one with an empty program attached.

import { inPlaceOf } from '../explain/event.ts';
import type { HookOperation, HookOperations } from '../model/hook-operations.ts';
import { findQemu } from '../vm/qemu.ts';
import type { Session } from '../vm/session.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { eventTaker } from './explain-in-place.ts';
import { type HookPlan, planAllHooks } from './hooks.ts';
import { createPool, machinesAtOnce, pooled } from './pool.ts';

export interface OperationsRequest {
  readonly version: string;
  readonly kernels: readonly string[];
  /** These alone, as 'xdp native'; without it every hook in each of its variants. */
  readonly hooks?: readonly string[];
}

/** A kernel that fails is one without hooks. */
export async function hookOperations(
  { version, kernels, hooks: wanted }: OperationsRequest,
  options: RunOptions,
): Promise<HookOperations> {
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const plan = planAllHooks(options.distDir, { toldOfCode: true });
  const rows = plan.hooks.filter(
    ({ program, arms }) => arms.nothing !== arms.empty && (wanted?.includes(program) ?? true),
  );
  const tables = await Promise.all(
    kernels.map(async (kernel) => {
      const { target, result } = await onKernel(kernel, qemu, pool, options, async (session, told) => {
        const machine: Session = pooled(session, pool, options.signal);
        let done = 0;
        const take = eventTaker(machine, plan.jobs, { ...options, qemu }, (ran) => {
          told(ran);
          done++;
          const total = 2 * rows.length;
          options.onProgress?.({ task: kernel, phase: 'measure', message: 'hooks', done, total });
        });
        return await Promise.all(rows.map((row) => operationsOf(row, take)));
      });
      return { target, hooks: result ?? [] };
    }),
  );
  return { schema: 1, tool: { name: 'tollgate', version }, kernels: tables };
}

async function operationsOf(
  { program: hook, input, stimulus, arms }: HookPlan['hooks'][number],
  take: ReturnType<typeof eventTaker>,
): Promise<HookOperation> {
  const [nothing, empty] = await Promise.all([
    take(arms.nothing, stimulus.name),
    take(arms.empty!, stimulus.name),
  ]);
  const row = { hook, stimulus: input };
  if ('reason' in empty) return { ...row, absent: empty };
  if ('reason' in nothing) return { ...row, absent: nothing };
  const { nothing: before, empty: after, operations } = inPlaceOf({ nothing, empty });
  return { ...row, insns: { nothing: before, empty: after, operations } };
}
