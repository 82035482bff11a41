// `tollgate check`: the gate. Head and base from the same saved state, against the budgets.

import { dirname } from 'node:path';
import { compare } from '../budget/compare.ts';
import { unmatchedBudgets, unmatchedPrograms } from '../budget/unmatched.ts';
import type { Config } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { ProgramName } from '../model/match.ts';
import type { Report } from '../model/report.ts';
import { buildReport } from '../report/build.ts';
import { type Base, baseFromDirectory, baseFromGit, build } from './base.ts';
import { execute, type RunOptions } from './execute.ts';
import { findObjects, type SideObject } from './objects.ts';
import { planJobs } from './plan.ts';

export interface CheckRequest {
  readonly version: string;
  readonly config: Config;
  /** The budget file, which all of its paths are relative to. */
  readonly configPath: string;
  /** Instead of the file's own list. */
  readonly kernels?: readonly string[];
  readonly baseDirectory?: string;
  readonly baseReference?: string;
}

/** Throws TollgateError on a budget file that does not fit the objects, and where there is nothing to measure. */
export async function check(request: CheckRequest, options: RunOptions): Promise<Report> {
  const { config } = request;
  const directory = dirname(request.configPath);
  const base = await findBase(request, directory, options);
  try {
    if (config.build !== undefined) await build('head', config.build, directory, options);
    const head = await findObjects(directory, config.objects);
    if (head.length === 0)
      throw new TollgateError(
        'config',
        `Cannot check '${request.configPath}': no object matches ${config.objects.join(', ')}`,
        {
          hint:
            config.build === undefined
              ? "build the objects first, or name the command under 'build:'"
              : 'does the build put them there?',
        },
      );
    const { objects: baseObjects, reason } = await objectsOfBase(base, config, options);
    requireMatches(config, head, baseObjects);

    const plan = (side: 'base' | 'head', objects: readonly SideObject[]) =>
      planJobs({ side, objects, config, directory });
    const jobs = [...plan('head', head), ...plan('base', baseObjects)];
    const results = await execute(request.kernels ?? config.kernels, jobs, options);
    const outcome = compare({
      ...results,
      rules: config.budgets,
      base: reason === undefined ? { exists: true } : { exists: false, reason },
    });
    return buildReport({ version: request.version, ...results, outcome, notes: config.warnings });
  } finally {
    await base?.remove();
  }
}

async function findBase(
  request: CheckRequest,
  directory: string,
  options: RunOptions,
): Promise<Base | undefined> {
  if (request.baseDirectory !== undefined) return baseFromDirectory(request.baseDirectory);
  if (request.baseReference !== undefined)
    return await baseFromGit(directory, request.baseReference, options.signal);
  return undefined;
}

/** Base's objects, or the reason why there are none: absolute budgets hold without them. */
async function objectsOfBase(
  base: Base | undefined,
  config: Config,
  options: RunOptions,
): Promise<{ objects: readonly SideObject[]; reason?: string }> {
  if (!base) return { objects: [], reason: 'neither --base nor --base-ref was given' };
  try {
    if (config.build !== undefined) await build('base', config.build, base.directory, options);
    const objects = await findObjects(base.directory, config.objects);
    if (objects.length > 0) return { objects };
    return { objects, reason: `it has no object that matches ${config.objects.join(', ')}` };
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    options.onWarning?.(cause.details.tail ? `${cause.message}\n${cause.details.tail}` : cause.message);
    return { objects: [], reason: cause.message };
  }
}

function requireMatches(config: Config, head: readonly SideObject[], base: readonly SideObject[]): void {
  const names = (objects: readonly SideObject[]): ProgramName[] =>
    objects.flatMap(({ name, spec }) =>
      spec.programs.map(({ name: program }) => ({ object: name, program })),
    );
  const fault =
    unmatchedPrograms(config.programs, names(head), names(base)) ??
    unmatchedBudgets(config.budgets, names(head), names(base));
  if (fault) throw fault;
}
