// `tollgate measure`: every metric of the given objects, no budget file needed.

import { relative } from 'node:path';
import type { Config } from '../model/config.ts';
import type { Report } from '../model/report.ts';
import { DEFAULT_BOUNDS, type Placement, type TimedBounds } from '../model/timed.ts';
import { buildReport } from '../report/build.ts';
import { findStimulusFiles } from './command-files.ts';
import type { RunOptions } from './execute.ts';
import { mergeHookPlans, planAllHooks, planHooks } from './hooks.ts';
import { planLoads } from './load-arms.ts';
import { planLoaders } from './loaders.ts';
import { EXACT_ONLY, executeModes, findKernelsByMode, type Modes } from './modes.ts';
import { readObject } from './objects.ts';
import { planJobs } from './plan.ts';
import { TIMED_LOAD } from './timed-load.ts';

export interface MeasureRequest {
  readonly version: string;
  readonly objects: readonly string[];
  readonly kernels: readonly string[];
  /** Whether to measure what each hook costs, with programs of ours. */
  readonly hooks?: boolean;
  readonly modes?: Modes;
  /** Of timed mode. */
  readonly bounds?: TimedBounds;
  readonly placements?: readonly Placement[];
  /** Inputs, maps and tail calls of a budget file may be used; its budgets are not. */
  readonly config?: Pick<Config, 'programs' | 'map_sizes' | 'loaders' | 'load'>;
}

/** Throws TollgateError on objects that cannot be read. */
export async function measure(request: MeasureRequest, options: RunOptions): Promise<Report> {
  const objects = request.objects.map((path) => readObject(path, relative(options.baseDir, path) || path));
  const plan = {
    side: 'head',
    objects,
    config: request.config ?? { programs: {}, loaders: [] },
    directory: options.baseDir,
  } as const;
  const { distDir, tools } = options;
  const lookup = { directory: options.baseDir, tools };
  const stimulusFiles = await findStimulusFiles(plan.config, lookup);
  const hooks = mergeHookPlans([
    planHooks({ head: objects }, { ...plan, distDir, stimulusFiles }),
    await planLoaders({ ...plan, inputsDirectory: options.baseDir, tools }),
    ...(request.hooks ? [planAllHooks(distDir)] : []),
  ]);
  const loadPlan = { ...plan, head: objects, distDir };
  const { exact, timed } = await findKernelsByMode(request.kernels, request.modes ?? EXACT_ONLY, options);
  const results = await executeModes(
    { kernels: exact, jobs: planJobs(plan), hooks, loads: planLoads(loadPlan) },
    {
      ...{
        kernels: timed,
        head: objects,
        base: [],
        rules: [],
        config: plan.config,
        directory: plan.directory,
      },
      hooks,
      loads: planLoads({ ...loadPlan, defaults: TIMED_LOAD }),
      bounds: request.bounds ?? DEFAULT_BOUNDS,
      ...(request.placements ? { placements: request.placements } : {}),
    },
    options,
  );
  return buildReport({ version: request.version, ...results });
}
