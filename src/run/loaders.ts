// What the project's own loaders attach: each arm is a job, one with the loader started and one without, and the figures
// of its programs come with the first.

import { type Config, type LoaderConfig, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { JobInput, LoaderJob, SoughtProgram } from '../model/job.ts';
import type { ProgramName } from '../model/match.ts';
import { programTypeByName } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Measurement, Side } from '../model/report.ts';
import { parseStimulus, stimulusLabel } from '../model/stimuli.ts';
import type { Tools } from '../model/tools.ts';
import { encodeJob, type PlaceBlob } from '../model/window.ts';
import { figureOf } from './collect.ts';
import { commandJob, type FoundFile, findFiles } from './command-files.ts';
import { addJob, type HookPlan, type PlannedHook, type PlannedLoader, tasksOf } from './hooks.ts';
import { inputsFor } from './inputs.ts';
import { fitting } from './plan.ts';

export interface LoaderPlanOptions {
  readonly side: Side;
  readonly config: Pick<Config, 'loaders' | 'programs'>;
  /** Where the loaders' files are looked up: the project at that side. */
  readonly directory: string;
  /** Where the budget file's relative pcap paths start. */
  readonly inputsDirectory: string;
  readonly tools?: Tools | undefined;
}

/**
 * Throws TollgateError ('config') where head lacks a file that the budget file names. A base that lacks one has no such
 * loader yet.
 */
export async function planLoaders(options: LoaderPlanOptions): Promise<HookPlan> {
  const jobs = new Map<string, Uint8Array>();
  const planned = await Promise.all(
    options.config.loaders.map(async (loader) => {
      const files = await filesOf(loader, options);
      return files ? [planLoader(loader, files, options, jobs)] : [];
    }),
  );
  const all = planned.flat();
  return { hooks: all.map(({ hook }) => hook), loaders: all.map(({ loader }) => loader), jobs };
}

/** As budgets and entries under `programs:` name them: each loader is a program, too, that of all it attaches. */
export function loaderPrograms({ loaders }: Pick<Config, 'loaders'>): ProgramName[] {
  return loaders.flatMap(({ name, programs }) =>
    [name, ...programs.map((program) => program.name)].map((program) => ({ object: name, program })),
  );
}

function planLoader(
  loader: LoaderConfig,
  files: readonly FoundFile[],
  { side, config, inputsDirectory }: LoaderPlanOptions,
  jobs: Map<string, Uint8Array>,
): { hook: PlannedHook; loader: PlannedLoader } {
  const { name, ready } = loader;
  const stimulus = parseStimulus(loader.stimulus)!;
  const job = (isStarted: boolean) =>
    addJob(
      jobs,
      fitting(name, () =>
        encodeJob(
          (place): LoaderJob => ({
            format: 1,
            task: 'loader',
            name,
            ...commandJob(loader, files, place),
            ...(ready === undefined ? {} : { ready }),
            isStarted,
            programs: loader.programs.map(
              (program): SoughtProgram => ({
                ...program,
                inputs: inputsOf({ object: name, program: program.name }, config, inputsDirectory, place),
              }),
            ),
            stimuli: tasksOf(stimulus),
          }),
        ),
      ),
    );
  const arms = { nothing: job(false), own: job(true) };
  const input = `loader, ${stimulusLabel(stimulus)}`;
  return {
    hook: { side, object: name, program: name, input, stimulus, arms },
    loader: { side, name, programs: loader.programs.map((program) => program.name), arm: arms.own },
  };
}

/** Those that the budget file gives, or the type's own where it says the type. */
function inputsOf(
  name: ProgramName,
  { programs }: LoaderPlanOptions['config'],
  directory: string,
  place: PlaceBlob,
): JobInput[] {
  const { type, inputs } = programConfig(programs, name);
  if (type === undefined && inputs === undefined) return [];
  const takes = programTypeByName(type ?? (inputs!.some(isContext) ? 'sk_lookup' : 'xdp'));
  return inputsFor(takes, inputs, directory, name.program).map(({ name: input, packets, context }) => ({
    name: input,
    packets: packets.map(place),
    ...(context ? { context: place(context) } : {}),
  }));
}

const isContext = (input: unknown) => typeof input === 'object' && input !== null && 'context' in input;

/** Undefined where base has not all of them. */
async function filesOf(
  { name, files, place }: LoaderConfig,
  { side, directory, tools }: LoaderPlanOptions,
): Promise<readonly FoundFile[] | undefined> {
  const found = await findFiles(files, { directory, tools });
  if (!('problem' in found)) return found;
  if (side === 'base') return undefined;
  throw new TollgateError('config', `Cannot start loader '${name}': ${found.problem}`, { place });
}

/** The figures of a loader's programs, and whether it was ready itself. Throws TollgateError ('infrastructure') on what nobody asked for. */
export function collectLoader(
  target: string,
  { side, name, programs }: PlannedLoader,
  records: readonly GuestRecord[],
): Measurement[] {
  const known = new Set([name, ...programs]);
  return records.flatMap((record): Measurement[] => {
    if (record.type !== 'measurement') return [];
    const figure = figureOf(target, { target, side, object: name, program: record.program }, known, record);
    return [{ ...figure, ...(record.log === undefined ? {} : { log: record.log.slice(-4000) }) }];
  });
}
