// Mode exact: what is checked out is measured against its base.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Report } from '../model/report.ts';
import type { Tools } from '../model/tools.ts';
import { check } from '../run/check.ts';
import type { RunOptions } from '../run/execute.ts';
import { createProgress } from '../run/progress.ts';
import { atItsKernel, lockBeside, readConfig } from '../run/project.ts';
import { kernelsOfShard, parseShard } from '../run/shard.ts';
import { DEFAULT_STATES_LIMIT_MB } from '../vm/saved-state.ts';
import { findAcceptances } from './acceptances.ts';
import { findSides } from './base.ts';
import { configNameOf, configPathOf } from './names.ts';
import type { ActionContext } from './ports.ts';

/** What is to be measured; known before anything is set up, so that a wrong budget file is told at once. */
export interface Request {
  readonly config: Config;
  readonly configPath: string;
  /** Relative to the workspace. */
  readonly configName: string;
  readonly kernels: readonly string[];
  readonly shard?: Report['shard'];
}

/** Throws TollgateError on a budget file or shard that is wrong, and on events under which nothing may be built. */
export function readRequest(context: ActionContext): Request {
  const { event, inputs } = context;
  if (event.unsafe !== undefined)
    throw new TollgateError('usage', `Cannot measure on the event '${event.name}'`, { hint: event.unsafe });
  const configPath = configPathOf(context);
  const configName = configNameOf(context);
  if (!existsSync(configPath))
    throw new TollgateError('usage', `Cannot read budget file '${configName}': no such file`, {
      hint: "the inputs 'working-directory' and 'config' say where it is; `node dist/cli.js init` writes one",
    });
  const config = readConfig(configPath, configName);
  const shard = inputs.shard === undefined ? undefined : parseShard(inputs.shard);
  const kernels = inputs.kernels ?? config.kernels;
  return {
    config,
    configPath,
    configName,
    kernels: shard ? kernelsOfShard(kernels, shard) : kernels,
    ...(shard ? { shard } : {}),
  };
}

export async function measureChange(context: ActionContext, request: Request, tools: Tools): Promise<Report> {
  const { event, version, runner, inputs } = context;
  const { configPath, configName, kernels, config, shard } = request;
  const sides = await runner.group('Find the base', () => findSides(context));
  try {
    const acceptances = await findAcceptances(context, sides);
    const report = await runner.group('Measure', async () =>
      check(
        { version, config, configPath, configName, kernels, explain: inputs.explain, ...sides, acceptances },
        { ...(await runOptions(context, request)), tools, buildEnv: context.safeEnv },
      ),
    );
    if (event.kind === 'pull-request' || event.kind === 'merge-group')
      for (const note of report.notes.filter((each) => each.startsWith('No base'))) runner.warning(note);
    return shard ? { ...report, shard } : report;
  } catch (cause) {
    throw inputs.kernels ? cause : atItsKernel(cause, configPath, configName);
  } finally {
    if ('remove' in sides.base) await sides.base.remove();
  }
}

async function runOptions(context: ActionContext, { configPath, config }: Request): Promise<RunOptions> {
  const { runner, cacheDir, distDir, signal, mirror, proxy } = context;
  const lock = await lockBeside(configPath);
  const cpu = config.machine?.cpu;
  return {
    cacheDir,
    distDir,
    baseDir: dirname(configPath),
    useSavedState: true,
    savedStatesLimitBytes: DEFAULT_STATES_LIMIT_MB * 1e6,
    onProgress: createProgress({ quiet: false, live: false, write: runner.info }).onProgress,
    onWarning: runner.warning,
    ...(lock ? { lock } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    ...(mirror === undefined ? {} : { mirror }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(signal ? { signal } : {}),
  };
}
