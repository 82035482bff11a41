// Timed mode: one job for each object, with both of its sides, and figures of the rounds that come back. How many are
// compared in all decides how sure each verdict has to be.

import { resolveBudgets } from '../budget/resolve.ts';
import { type TimedRounds, timedLimits } from '../budget/timed.ts';
import type { BudgetRule } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Measurement, Side, Target } from '../model/report.ts';
import {
  FALSE_ALARMS,
  type Placement,
  type TimedArm,
  type TimedBounds,
  type TimedJob,
  type TimedLimit,
} from '../model/timed.ts';
import { encodeJob } from '../model/window.ts';
import { collect } from './collect.ts';
import type { RunOptions } from './execute.ts';
import type { HookPlan } from './hooks.ts';
import { type LoadPlan, NO_LOADS, type PlannedLoad } from './load-arms.ts';
import type { SideObject } from './objects.ts';
import { type PlanOptions, planInputs } from './plan.ts';
import { targetErrorOf } from './target-error.ts';
import { type Timed, timedMeasurements } from './timed-figures.ts';
import {
  collectTimedHook,
  hookBounds,
  type PlannedTimedHook,
  placedInput,
  planTimedHooks,
} from './timed-hooks.ts';
import { collectTimedLoad, encodeTimedLoad, loadMs, loadTests } from './timed-load.ts';
import { alone } from './timed-lock.ts';
import { onThisMachine, type RunTimed, type TimedFacts, type TimedPlace } from './timed-place.ts';
import { findTimedVm, inTimedVm, type TimedVm } from './timed-vm.ts';

export interface TimedRequest extends Pick<PlanOptions, 'config' | 'directory'> {
  readonly kernels: readonly string[];
  readonly head: readonly SideObject[];
  readonly base: readonly SideObject[];
  readonly rules: readonly BudgetRule[];
  /** Programs in place, of both sides. */
  readonly hooks?: HookPlan;
  readonly loads?: LoadPlan;
  /** Of programs in place; default: all on one CPU. */
  readonly placements?: readonly Placement[];
  readonly bounds: TimedBounds;
}

export interface TimedResults extends Timed {
  readonly targets: readonly Target[];
}

/** Times head, and base with it, on each kernel, one after the other, and never beside another timed run: they would time one another. */
export async function executeTimed(request: TimedRequest, options: RunOptions): Promise<TimedResults> {
  const vm = request.kernels.some((kernel) => kernel !== 'host') ? await findTimedVm(options) : undefined;
  const planned = new Map(request.kernels.map((kernel) => [kernel, planTimed(request, kernel)]));
  const { loads } = request.loads ?? NO_LOADS;
  const tests =
    [...planned.values()].flat().reduce((sum, { tests }) => sum + tests, 0) +
    request.kernels.reduce((sum, kernel) => sum + loads.length * loadTests(request.rules, kernel), 0);
  const hooks = request.hooks
    ? planTimedHooks(request.hooks, request.bounds, request.placements ?? ['same'])
    : [];
  if (request.kernels.length === 0) return { targets: [], measurements: [], timed: [] };
  return await alone(() => timeAll(planned, { hooks, loads }, tests, vm, request, options), options);
}

async function timeAll(
  planned: ReadonlyMap<string, readonly PlannedTimed[]>,
  inPlace: InPlace,
  tests: number,
  vm: TimedVm | undefined,
  request: TimedRequest,
  options: RunOptions,
): Promise<TimedResults> {
  const results: TimedResults[] = [];
  for (const [kernel, jobs] of planned) {
    const level = FALSE_ALARMS / Math.max(1, tests);
    const place =
      vm && kernel !== 'host'
        ? inTimedVm(kernel, vm, longestMs({ jobs, ...inPlace }, request.bounds), options)
        : onThisMachine(options);
    results.push(await timeOn(kernel, place, { jobs, ...inPlace }, { ...request, level }, options));
  }
  return {
    targets: results.flatMap(({ targets }) => targets),
    measurements: results.flatMap(({ measurements }) => measurements),
    timed: results.flatMap(({ timed }) => timed),
  };
}

/** Programs where they are attached, alone and under network load. */
interface InPlace {
  readonly hooks: readonly PlannedTimedHook[];
  readonly loads: readonly PlannedLoad[];
}

interface AllPlanned extends InPlace {
  readonly jobs: readonly PlannedTimed[];
}

interface PlannedTimed {
  readonly sides: Readonly<Partial<Record<Side, SideObject>>>;
  readonly limits: TimedJob['limits'];
  /** Limits that are tested: one for each input. */
  readonly tests: number;
  /** Programs and inputs. */
  readonly subjects: number;
  readonly encode: (level: number) => Uint8Array;
}

function planTimed({ head, base, rules, bounds, ...how }: TimedRequest, kernel: string): PlannedTimed[] {
  const names = [...new Set([...head, ...base].map(({ name }) => name))];
  return names.map((name, index): PlannedTimed => {
    const sides = {
      head: head.find((object) => object.name === name),
      base: base.find((object) => object.name === name),
    };
    const present = (['head', 'base'] as const).flatMap((side) => {
      const object = sides[side];
      return object ? [{ side, object, programs: planInputs({ ...how, side }, object) }] : [];
    });
    const { programs } = present[0]!;
    const limits = Object.fromEntries(
      programs.map((program) => [
        program.name,
        limitsOf(rules, { object: name, program: program.name }, kernel),
      ]),
    );
    return {
      sides: Object.fromEntries(present.map(({ side, object }) => [side, object])),
      limits,
      tests: programs.reduce((sum, program) => sum + program.inputs.length * limits[program.name]!.length, 0),
      subjects: programs.reduce((sum, { inputs }) => sum + inputs.length, 0),
      encode: (level) =>
        encodeJob<TimedJob>((place) => ({
          format: 1,
          task: 'timed',
          arms: present.map(
            ({ side, object, programs }): TimedArm => ({
              side,
              object: object.name,
              elf: place(object.bytes),
              programs: programs.map(({ inputs, ...program }) => ({
                ...program,
                inputs: inputs.map(({ name, packets, context }) => ({
                  name,
                  packets: packets.map(place),
                  ...(context ? { context: place(context) } : {}),
                })),
              })),
              mapSizes: how.config.map_sizes ?? {},
            }),
          ),
          limits,
          bounds,
          level,
          seed: SEED + index,
        })),
    };
  });
}

const SEED = 1;

function limitsOf(
  rules: readonly BudgetRule[],
  name: { readonly object: string; readonly program: string },
  kernel: string,
): TimedLimit[] {
  return timedLimits(resolveBudgets(rules, name, kernel).get('run_ns'));
}

async function timeOn(
  kernel: string,
  place: TimedPlace,
  { jobs, hooks, loads }: AllPlanned,
  { bounds, level }: { readonly bounds: TimedBounds; readonly level: number },
  options: RunOptions,
): Promise<TimedResults> {
  const id = `${kernel}/timed`;
  let [started, boot] = [Date.now(), 0];
  const seconds = () => ({ boot, load: 0, measure: Math.round(Date.now() - started) / 1000 });
  const common = { id, kernel, arch: 'x86_64', mode: 'timed', accelerator: 'none' } as const;
  let facts: Partial<Target> = {};
  /** What the place says of itself says more than what its kernel sees of it. */
  let placeFacts: TimedFacts = {};
  const measurements: Measurement[] = [];
  const timed: TimedRounds[] = [];
  try {
    const total = jobs.length + hooks.length + loads.length;
    const doJob = async (
      run: RunTimed,
      done: number,
      message: string,
      job: Uint8Array,
      deadlineMs: number,
    ) => {
      options.onProgress?.({ task: kernel, phase: 'measure', message, done, total });
      const records = await run(job, deadlineMs);
      const machine = records.find((record) => record.type === 'machine');
      if (machine) {
        const { release, version, libbpf, cpu } = machine;
        facts = { release, version, libbpf, cpu, ...placeFacts };
        if (done === 0) for (const warning of machine.warnings) options.onWarning?.(`${kernel}: ${warning}`);
      }
      return records;
    };
    const tell = (told: TimedFacts) => {
      placeFacts = { ...placeFacts, ...told };
      facts = { ...facts, ...placeFacts };
    };
    await place(tell, async (run, bootSeconds) => {
      [started, boot] = [Date.now(), bootSeconds];
      for (const [done, job] of jobs.entries()) {
        const { name } = (job.sides.head ?? job.sides.base)!;
        const records = await doJob(run, done, name, job.encode(level), jobMs(job, bounds));
        const found = collectTimed(id, job, bounds, records);
        measurements.push(...found.measurements);
        timed.push(...found.timed);
      }
      for (const [i, hook] of hooks.entries()) {
        const message = `${(hook.head ?? hook.base)!.program} at ${placedInput(hook)}`;
        const records = await doJob(run, jobs.length + i, message, hook.bytes, hookMs(bounds));
        const found = collectTimedHook(id, hook, bounds, records);
        measurements.push(...found.measurements);
        timed.push(...found.timed);
      }
      for (const [i, load] of loads.entries()) {
        const bytes = await encodeTimedLoad(kernel, load, bounds, options);
        const done = jobs.length + hooks.length + i;
        const records = await doJob(run, done, load.input, bytes, loadMs(load, bounds));
        const found = collectTimedLoad(id, load, bounds, records);
        measurements.push(...found.measurements);
        timed.push(...found.timed);
      }
    });
    options.onProgress?.({ task: kernel, phase: 'done' });
    return { targets: [{ ...common, ...facts, status: 'ok', seconds: seconds() }], measurements, timed };
  } catch (cause) {
    const error = targetErrorOf(cause, options);
    return {
      targets: [{ ...common, ...facts, status: 'failed', seconds: seconds(), error }],
      measurements: [],
      timed: [],
    };
  }
}

/** To start, and to load what takes the verifier long. */
const START_MS = 60_000;
const SUBJECT_MS = 20_000;

const jobMs = ({ subjects }: PlannedTimed, { seconds }: TimedBounds) =>
  START_MS + subjects * (seconds * 1000 + SUBJECT_MS);
const hookMs = (bounds: TimedBounds) => START_MS + hookBounds(bounds).seconds * 1000 + SUBJECT_MS;

function longestMs({ jobs, hooks, loads }: AllPlanned, bounds: TimedBounds): number {
  return Math.max(
    ...jobs.map((job) => jobMs(job, bounds)),
    ...hooks.map(() => hookMs(bounds)),
    ...loads.map((load) => loadMs(load, bounds)),
  );
}

function collectTimed(
  target: string,
  { sides }: PlannedTimed,
  bounds: TimedBounds,
  records: readonly GuestRecord[],
): Timed {
  const error = records.find((record) => record.type === 'error');
  if (error)
    throw new TollgateError('infrastructure', `${target}: the guest failed: ${error.message}`, {
      reason: 'guest-error',
    });
  const statics = splitBySide(records).flatMap(({ side, records }) => {
    const object = sides[side];
    return object ? collect(target, { side, object }, records) : [];
  });
  const found = records.flatMap((record): Timed[] => {
    if (record.type !== 'rounds') return [];
    const { type: _, program, input, note, absent, ...rounds } = record;
    requireKnown(target, sides, program);
    const { name: object } = (sides.head ?? sides.base)!;
    const name = { target, object, program, input, metric: 'run_ns', bounds };
    return [timedMeasurements(name, absent ?? rounds, note, Object.keys(sides) as Side[])];
  });
  return {
    measurements: [...statics, ...found.flatMap(({ measurements }) => measurements)],
    timed: found.flatMap(({ timed }) => timed),
  };
}

function splitBySide(records: readonly GuestRecord[]): { side: Side; records: GuestRecord[] }[] {
  const parts: { side: Side; records: GuestRecord[] }[] = [];
  for (const record of records) {
    if (record.type === 'side') parts.push({ side: record.side, records: [] });
    else if (record.type !== 'rounds' && record.type !== 'machine') parts.at(-1)?.records.push(record);
  }
  return parts;
}

function requireKnown(target: string, sides: PlannedTimed['sides'], program: string): void {
  if (Object.values(sides).some(({ spec }) => spec.programs.some(({ name }) => name === program))) return;
  throw new TollgateError(
    'infrastructure',
    `${target}: the guest reports rounds of '${program}', which nobody asked for`,
    { reason: 'bad-records' },
  );
}
