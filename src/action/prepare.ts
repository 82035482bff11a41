// Before measuring the runner is made ready, with what earlier runs kept; after it what was made is kept for later runs.

import { messageOf } from '../model/errors.ts';
import type { Report } from '../model/report.ts';
import type { Tools } from '../model/tools.ts';
import { keptFiles, knowUnpacked } from '../run/kept.ts';
import { lockBeside } from '../run/project.ts';
import { restoreCache } from '../setup/cache.ts';
import { machinePaths, setUp } from '../setup/index.ts';
import type { Request } from './check.ts';
import type { ActionContext } from './ports.ts';

export interface Prepared {
  readonly tools: Tools;
  /** Keeps for later runs what this one fetched and made. Never throws. */
  readonly keep: (report: Report) => Promise<void>;
}

/** Throws TollgateError where the machine lacks what cannot be had. */
export async function prepare(context: ActionContext, request: Request): Promise<Prepared> {
  const { version, inputs, cacheDir, mirror, proxy, signal, runner, safeEnv } = context;
  const since = new Date();
  const machine = machinePaths(safeEnv.PATH);
  const lock = await lockBeside(request.configPath);
  const { kernels } = request;
  const cache = inputs.cache
    ? await runner.group('Restore the cache', () =>
        restoreCache({
          cacheDir,
          store: context.cache,
          log: runner,
          machine,
          version,
          kernels,
          ...(lock ? { lock } : {}),
        }),
      )
    : undefined;
  const { tools } = await setUp({
    machine,
    cacheDir,
    env: safeEnv,
    log: runner,
    ...(mirror === undefined ? {} : { mirror }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(signal ? { signal } : {}),
  });
  if (cache) knowUnpacked(cacheDir, await cache.unpack(tools));
  return {
    tools,
    keep: async ({ targets }) => {
      if (!cache) return;
      const digests = targets.flatMap(({ digest }) => digest ?? []);
      await runner.group('Keep what was made', async () => {
        try {
          await cache.save(await keptFiles(cacheDir, { digests, since }), tools);
        } catch (cause) {
          runner.warning(`Could not keep what was made: ${messageOf(cause)}`);
        }
      });
    },
  };
}
