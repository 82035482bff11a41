// `tollgate check`: the gate. Head and base from the same saved state, against the budgets.

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { accept } from '../budget/accept.ts';
import { budgetChanges } from '../budget/changes.ts';
import { compare, type FailOn, type Outcome } from '../budget/compare.ts';
import { unmatchedBudgets, unmatchedPrograms } from '../budget/unmatched.ts';
import type { Acceptance } from '../model/accept.ts';
import { type Config, parseConfig } from '../model/config.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import { NETWORK_LOAD, type ProgramName, TAIL_CALL_KINDS } from '../model/match.ts';
import type { BudgetChange, Report, Verdict } from '../model/report.ts';
import { DEFAULT_BOUNDS, type Placement, type TimedBounds } from '../model/timed.ts';
import { buildReport } from '../report/build.ts';
import type { Base, NoBase } from './base.ts';
import { type BuildOptions, build } from './build.ts';
import { explainOver } from './causes.ts';
import { findStimulusFiles } from './command-files.ts';
import type { RunOptions } from './execute.ts';
import { mergeHookPlans, planHooks } from './hooks.ts';
import { planLoads } from './load-arms.ts';
import { loaderPrograms, planLoaders } from './loaders.ts';
import { EXACT_ONLY, executeModes, findKernelsByMode, type Modes } from './modes.ts';
import { findBuiltObjects, findObjects, type SideObject } from './objects.ts';
import { planJobs } from './plan.ts';
import { TIMED_LOAD } from './timed-load.ts';

export interface CheckRequest {
  readonly version: string;
  readonly config: Config;
  /** The budget file, which all of its paths are relative to. */
  readonly configPath: string;
  /** What reports call it: its path as the user gave it. */
  readonly configName: string;
  /** Instead of the file's own list. */
  readonly kernels?: readonly string[];
  /** What head is compared with. The caller removes it. */
  readonly base: Base | NoBase;
  /** Costs that are taken on purpose. */
  readonly acceptances?: readonly Acceptance[];
  /** Whether to say of rows that are over which lines made them so: their objects run once more. */
  readonly explain?: boolean;
  readonly modes?: Modes;
  /** Of timed mode. */
  readonly bounds?: TimedBounds;
  readonly placements?: readonly Placement[];
  /** Instead of the file's own. */
  readonly failOn?: FailOn;
  /** The commit that head is, where it is known. */
  readonly headCommit?: string;
}

type CheckOptions = RunOptions & BuildOptions;

/** Throws TollgateError on a budget file that does not fit the objects, and where there is nothing to measure. */
export async function check(request: CheckRequest, options: CheckOptions): Promise<Report> {
  const { config, base } = request;
  const directory = dirname(request.configPath);
  if (config.build !== undefined) await build('head', config.build, directory, options);
  const head = await findObjects(directory, config.objects);
  if (head.length === 0 && config.objects.length > 0)
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
  const { tools, distDir } = options;
  const loadersOf = (side: 'base' | 'head', directory: string) =>
    planLoaders({
      side,
      config,
      directory,
      inputsDirectory: dirname(request.configPath),
      tools,
    });
  const lookup = { directory, tools };
  const stimulusFiles = await findStimulusFiles(config, lookup);
  const hooks = mergeHookPlans([
    planHooks({ head, base: baseObjects }, { config, directory, distDir, stimulusFiles }),
    await loadersOf('head', directory),
    ...('missing' in base ? [] : [await loadersOf('base', base.directory)]),
  ]);
  const loadPlan = {
    ...{ head, config, directory, distDir },
    ...(reason === undefined ? { base: baseObjects } : {}),
  };
  const { exact, timed } = await findKernelsByMode(
    request.kernels ?? config.kernels,
    request.modes ?? EXACT_ONLY,
    options,
  );
  const results = await executeModes(
    { kernels: exact, jobs, hooks, loads: planLoads(loadPlan) },
    {
      ...{ kernels: timed, head, base: baseObjects, rules: config.budgets, config, directory },
      hooks,
      loads: planLoads({ ...loadPlan, defaults: TIMED_LOAD }),
      bounds: request.bounds ?? DEFAULT_BOUNDS,
      ...(request.placements ? { placements: request.placements } : {}),
    },
    options,
  );
  const failOn = request.failOn ?? config.fail_on;
  const compared = compare({
    ...results,
    rules: config.budgets,
    ...(failOn === undefined ? {} : { failOn }),
    base: reason === undefined ? { exists: true } : { exists: false, reason },
  });
  const { changes, notes } = changesOf(request, head);
  const accepted = accept(compared, request.acceptances ?? []);
  const sides = { head, base: baseObjects, config, directory };
  const explained = request.explain
    ? await explainOver(accepted, { ...sides, targets: results.targets }, options).catch((cause) => {
        options.signal?.throwIfAborted();
        return {
          ...accepted,
          notes: [...accepted.notes, `What is over is not explained: ${messageOf(cause)}`],
        };
      })
    : accepted;
  return {
    ...buildReport({
      version: request.version,
      ...results,
      outcome: placed(explained, head),
      notes: [...notes, ...config.warnings],
    }),
    config: { file: request.configName, kernels: [...config.kernels] },
    ...commitsOf(request),
    ...(changes.length > 0 ? { budgetChanges: changes } : {}),
  };
}

/** A row that is over is of a program: where that begins in its source, unless the row says a closer line. */
function placed(outcome: Outcome, head: readonly SideObject[]): Outcome {
  const verdicts = outcome.verdicts.map((row): Verdict => {
    if (row.verdict !== 'over' || row.where) return row;
    const line = head.find(({ name }) => name === row.object)?.spec.lineInfo(row.program, 0);
    return line && line.line > 0 ? { ...row, where: { file: line.file, line: line.line } } : row;
  });
  return { ...outcome, verdicts };
}

function commitsOf({ base, headCommit }: CheckRequest): Pick<Report, 'commits'> {
  const commits = {
    ...('commit' in base && base.commit !== undefined ? { base: base.commit } : {}),
    ...(headCommit === undefined ? {} : { head: headCommit }),
  };
  return Object.keys(commits).length > 0 ? { commits } : {};
}

/** How head's budget file differs from base's, where base has one that can be read. */
function changesOf(
  { base, config, configPath }: CheckRequest,
  head: readonly SideObject[],
): { changes: BudgetChange[]; notes: readonly string[] } {
  if ('missing' in base) return { changes: [], notes: [] };
  const path = join(base.directory, basename(configPath));
  const text = base.configText ?? (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  if (text === undefined) {
    const note = `What this change allows is not compared: the base has no '${basename(configPath)}'.`;
    return { changes: [], notes: [note] };
  }
  try {
    return {
      changes: budgetChanges(parseConfig(text, basename(path)), config, [
        ...programNames(head),
        ...(config.load ? [NETWORK_LOAD] : []),
        ...TAIL_CALL_KINDS,
      ]),
      notes: [],
    };
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    const note = `What changes in the budget file is not known, as base's cannot be read: ${messageOf(cause)}`;
    return { changes: [], notes: [note] };
  }
}

/** Base's objects, or the reason why there are none: absolute budgets hold without them. */
async function objectsOfBase(
  base: Base | NoBase,
  config: Config,
  options: CheckOptions,
): Promise<{ objects: readonly SideObject[]; reason?: string }> {
  if ('missing' in base) return { objects: [], reason: base.missing };
  try {
    if (config.build !== undefined && !base.built) await build('base', config.build, base.directory, options);
    const find = base.built ? findBuiltObjects : findObjects;
    const objects = await find(base.directory, config.objects);
    if (objects.length > 0 || config.objects.length === 0) return { objects };
    return { objects, reason: `it has no object that matches ${config.objects.join(', ')}` };
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    options.onWarning?.(cause.details.tail ? `${cause.message}\n${cause.details.tail}` : cause.message);
    return { objects: [], reason: cause.message };
  }
}

function requireMatches(config: Config, head: readonly SideObject[], base: readonly SideObject[]): void {
  const [own, before] = [[...programNames(head), ...loaderPrograms(config)], programNames(base)];
  const fault =
    unmatchedPrograms(config.programs, own, before) ?? unmatchedBudgets(config.budgets, own, before);
  if (fault) throw fault;
}

function programNames(objects: readonly SideObject[]): ProgramName[] {
  return objects.flatMap(({ name, spec }) =>
    spec.programs.map(({ name: program }) => ({ object: name, program })),
  );
}
