// Network load in timed mode, its arms in turn in one process: for a check, head and base among them, and for `load --mode
// timed`. On this machine's own kernel, or in a VM whose clock is a real one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveBudgets } from '../budget/resolve.ts';
import { timedLimits } from '../budget/timed.ts';
import { resolveKernel } from '../kernels/index.ts';
import { loadRounds, loadTimeFigures, TIMED_LOAD_METRICS } from '../measurements/load-time.ts';
import type { BudgetRule } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { LoadTime, LoadTimeArm } from '../model/load-time.ts';
import { LOAD, NETWORK_LOAD } from '../model/match.ts';
import type { MetricName } from '../model/metrics.ts';
import type { GuestRecord, LoadRound } from '../model/records.ts';
import type { Absent, Side, Target } from '../model/report.ts';
import type { Discards, TimedBounds, TimedLoadArm, TimedLoadJob } from '../model/timed.ts';
import { encodeJob } from '../model/window.ts';
import { findProgram } from '../vm/load-files.ts';
import type { RunOptions } from './execute.ts';
import { filesFor, type LoadDefaults, noLoadOf, type PlannedLoad } from './load-arms.ts';
import { targetErrorOf } from './target-error.ts';
import { NO_ROUND, type Timed, timedMeasurements } from './timed-figures.ts';
import { alone } from './timed-lock.ts';
import { onThisMachine, type RunTimed, type TimedFacts } from './timed-place.ts';
import { findTimedVm, inTimedVm, type TimedVm } from './timed-vm.ts';

/** What a run sends where the budget file does not say: long enough that iperf3's start and end are little of it. */
export const TIMED_LOAD: LoadDefaults = { bytes: 64 << 20, pps: 0 };

/** Rounds that each load has in a check: nothing stops early there, and a round is seconds. */
const ROUNDS = 40;
const SECONDS_TIMES = 12;

/** A load is several runs of iperf3 a round: it has twelve times as long as a program. */
export function loadBounds({ mostRounds, seconds }: TimedBounds): TimedBounds {
  const rounds = Math.min(ROUNDS, mostRounds);
  return { leastRounds: rounds, mostRounds: rounds, seconds: SECONDS_TIMES * seconds };
}

/** How many limits a check tests on each of its loads. */
export function loadTests(rules: readonly BudgetRule[], kernel: string): number {
  const budgets = resolveBudgets(rules, NETWORK_LOAD, kernel);
  return TIMED_LOAD_METRICS.reduce((sum, metric) => sum + timedLimits(budgets.get(metric)).length, 0);
}

/** One load of a check, for `collectTimedLoad` to read. */
export async function encodeTimedLoad(
  kernel: string,
  planned: PlannedLoad,
  bounds: TimedBounds,
  options: RunOptions,
): Promise<Uint8Array> {
  return await encode(kernel, planned, armsOf(planned), loadBounds(bounds), options);
}

/** To lay out the way, to load the monitor, and for a last round in an emulator. */
const START_MS = 120_000;
const ARM_MS = 30_000;

export function loadMs({ arms }: PlannedLoad, bounds: TimedBounds): number {
  return deadlineMs(arms.length + 1, loadBounds(bounds));
}

const deadlineMs = (arms: number, { seconds }: TimedBounds) => START_MS + arms * ARM_MS + seconds * 1000;

type NamedArm = TimedLoadArm & { readonly name: string };

/** Nothing twice: how far the second is from the first is noise. */
function armsOf({ arms }: PlannedLoad): NamedArm[] {
  return arms.flatMap((arm) => {
    const named = { ...arm, sampleHz: 0 };
    return arm.number === 0 ? [named, { ...named, name: `${arm.name}, again` }] : [named];
  });
}

const SEED = 1;

async function encode(
  kernel: string,
  planned: PlannedLoad,
  arms: readonly NamedArm[],
  bounds: TimedBounds,
  options: RunOptions,
): Promise<Uint8Array> {
  const { load, programs } = planned;
  const isHost = kernel === HOST;
  const files = isHost ? undefined : await filesFor(planned, await resolveKernel(kernel, options), options);
  return encodeJob(
    (place): TimedLoadJob => ({
      ...{ format: 1, task: 'timed-load', bounds, seed: SEED },
      attached: programs(place),
      ...load,
      arms: arms.map(({ name: _, ...arm }) => arm),
      monitor: place(readFileSync(join(options.distDir, 'bpf/netcpu.bpf.o'))),
      ...(files
        ? { files: Object.fromEntries([...files].map(([name, bytes]) => [name, place(bytes)])) }
        : { iperf3: findProgram('iperf3', options.tools) }),
    }),
  );
}

const HOST = 'host';

/** Whose figures an arm's are: of the load itself where nothing is ever attached. For both sides the same run is enough. */
interface Row {
  readonly program: string;
  readonly head: string;
  readonly base?: string;
}

function rowsOf({ arms }: PlannedLoad): readonly Row[] {
  const names = arms.map(({ name }) => name);
  const has = (name: string) => names.includes(name);
  return [
    ...(has('head') ? [{ program: LOAD, head: 'head', ...(has('base') ? { base: 'base' } : {}) }] : []),
    { program: names.length === 1 ? LOAD : `${LOAD} (nothing)`, head: 'nothing', base: 'nothing' },
    ...(has('empty') ? [{ program: `${LOAD} (empty)`, head: 'empty', base: 'empty' }] : []),
  ];
}

/**
 * Figures of one load of a check, with the rounds that verdicts are made of. Throws TollgateError ('infrastructure') on an
 * `error` record and where an arm is missing.
 */
export function collectTimedLoad(
  target: string,
  planned: PlannedLoad,
  bounds: TimedBounds,
  records: readonly GuestRecord[],
): Timed {
  const told = toldOf(target, armsOf(planned), records);
  const all = rowsOf(planned).flatMap((row) =>
    TIMED_LOAD_METRICS.map((metric) => {
      const { object } = NETWORK_LOAD;
      const { program } = row;
      const name = { target, object, program, input: planned.input, metric, bounds: loadBounds(bounds) };
      return rowMeasurements(name, row, told);
    }),
  );
  return {
    measurements: all.flatMap(({ measurements }) => measurements),
    timed: all.flatMap(({ timed }) => timed.filter(({ program }) => program === LOAD)),
  };
}

type Named = Parameters<typeof timedMeasurements>[0] & { readonly metric: MetricName };

/** A side that could not be run says why, beside the other's figures. */
function rowMeasurements(name: Named, row: Row, told: Told): Timed {
  const sides = (['head', 'base'] as const).filter((side) => row[side] !== undefined);
  const absentOf = (side: Side) => told.nothing ?? told.absent.get(row[side]!);
  const absences = sides.flatMap((side) => {
    const absent = absentOf(side);
    return absent ? timedMeasurements(name, absent, undefined, [side]).measurements : [];
  });
  const present = sides.filter((side) => !absentOf(side));
  if (present.length === 0) return { measurements: absences, timed: [] };
  const roundsOf = (arm: string | undefined) => (arm === undefined ? [] : (told.rounds.get(arm) ?? []));
  const rounds = loadRounds(
    name.metric,
    {
      head: roundsOf(row.head),
      base: roundsOf(row.base),
      nothing: roundsOf('nothing'),
      nothingAgain: roundsOf('nothing, again'),
    },
    told.facts,
  );
  const found = timedMeasurements(name, rounds, undefined, present);
  return { measurements: [...found.measurements, ...absences], timed: found.timed };
}

interface Told {
  /** By the arm's name; as many of each. */
  readonly rounds: ReadonlyMap<string, readonly LoadRound[]>;
  /** Why an arm has none; and why none has. */
  readonly absent: ReadonlyMap<string, Absent>;
  readonly nothing?: Absent;
  readonly facts: { readonly discarded: Discards; readonly seconds: number };
  readonly missing: readonly string[];
}

function toldOf(target: string, arms: readonly NamedArm[], records: readonly GuestRecord[]): Told {
  const failed = (message: string, reason: string) =>
    new TollgateError('infrastructure', `${target}: ${message}`, { reason });
  const absent = noLoadOf(target, records);
  if (absent) return { ...NOTHING_TOLD, nothing: absent };
  const facts = records.find((record) => record.type === 'hook-rounds');
  const found = arms.map(({ name }, i) => {
    const record = records.find((record) => record.type === 'load-rounds' && record.arm === i);
    if (record?.type !== 'load-rounds' || !facts)
      throw failed(`the guest tells nothing of network load with '${name}'`, 'bad-records');
    return { ...record, name };
  });
  const count = Math.max(...found.map(({ rounds }) => rounds.length));
  if (found.some(({ rounds, absent }) => !absent && rounds.length !== count))
    throw failed('the guest tells of arms that ran more often than others', 'bad-records');
  // Without what ran with nothing attached there is no floor, and no load either.
  const nothing = found.slice(0, 2).find(({ absent }) => absent)?.absent;
  return {
    rounds: new Map(found.flatMap(({ name, absent, rounds }) => (absent ? [] : [[name, rounds]]))),
    absent: new Map(found.flatMap(({ name, absent }) => (absent ? [[name, absent]] : []))),
    ...(nothing || count === 0 ? { nothing: nothing ?? NO_ROUND } : {}),
    facts: { discarded: facts!.discarded, seconds: facts!.seconds },
    missing: found[0]!.missing,
  };
}

const NONE: Discards = { interrupted: 0, steal: 0, frequency: 0 };
const NOTHING_TOLD: Told = {
  ...{ rounds: new Map(), absent: new Map() },
  ...{ facts: { discarded: NONE, seconds: 0 }, missing: [] },
};

export interface TimeLoadsRequest {
  readonly kernels: readonly string[];
  readonly planned: readonly PlannedLoad[];
  readonly bounds: TimedBounds;
  /** The arms are not the load's then: nothing is attached, and the monitor in one way after another. */
  readonly ofMonitor: boolean;
}

const MONITOR_ARMS: readonly NamedArm[] = [
  { name: 'no monitor', number: 0 },
  { name: 'no monitor, again', number: 0 },
  { name: 'counters alone', number: 0, sampleHz: 0 },
  ...[99, 999, 4999].map((sampleHz) => ({ name: `and ${sampleHz} Hz`, number: 0, sampleHz })),
];

/** Every load on every kernel, one after the other, and never beside another timed run. A kernel that fails is a failed target without arms. */
export async function timeLoads(request: TimeLoadsRequest, options: RunOptions): Promise<LoadTime[]> {
  const { kernels } = request;
  const vm = kernels.some((kernel) => kernel !== HOST) ? await findTimedVm(options) : undefined;
  const work = async () => {
    const times: LoadTime[] = [];
    for (const kernel of new Set(kernels)) times.push(...(await timeLoadsOn(kernel, vm, request, options)));
    return times;
  };
  return await alone(work, options);
}

async function timeLoadsOn(
  kernel: string,
  vm: TimedVm | undefined,
  { planned, bounds, ofMonitor }: TimeLoadsRequest,
  options: RunOptions,
): Promise<LoadTime[]> {
  const plans = planned.map((each) => ({ planned: each, arms: ofMonitor ? MONITOR_ARMS : armsOf(each) }));
  const longestMs = Math.max(...plans.map(({ arms }) => deadlineMs(arms.length, bounds)));
  const place = vm && kernel !== HOST ? inTimedVm(kernel, vm, longestMs, options) : onThisMachine(options);
  const id = `${kernel}/timed`;
  const common = { id, kernel, arch: 'x86_64', mode: 'timed', accelerator: 'none' } as const;
  const times: LoadTime[] = [];
  let [started, boot] = [Date.now(), 0];
  let facts: Partial<Target> = {};
  const seconds = () => ({ boot, load: 0, measure: Math.round(Date.now() - started) / 1000 });
  const tell = (told: TimedFacts) => {
    facts = { ...facts, ...told };
  };
  const one = async (run: RunTimed, { planned, arms }: (typeof plans)[number]): Promise<LoadTime> => {
    const { load, input } = planned;
    const done = times.length;
    options.onProgress?.({ task: kernel, phase: 'measure', message: input, done, total: plans.length });
    const job = await encode(kernel, planned, arms, bounds, options);
    const records = await run(job, longestMs);
    const machine = records.find((record) => record.type === 'machine');
    if (machine) {
      const { release, version, libbpf, cpu } = machine;
      facts = { release, version, libbpf, cpu, ...facts };
      for (const warning of machine.warnings) options.onWarning?.(`${kernel}: ${warning}`);
    }
    const told = toldOf(id, arms, records);
    const target: Target = { ...common, ...facts, status: 'ok', seconds: seconds() };
    return { target, load, ...loadTimeOf(arms, told) };
  };
  try {
    await place(tell, async (run, bootSeconds) => {
      [started, boot] = [Date.now(), bootSeconds];
      for (const plan of plans) times.push(await one(run, plan));
    });
  } catch (cause) {
    const error = targetErrorOf(cause, options);
    const target: Target = { ...common, ...facts, status: 'failed', seconds: seconds(), error };
    for (const { planned } of plans.slice(times.length))
      times.push({ target, load: planned.load, arms: [], missing: [], discarded: NONE });
  }
  options.onProgress?.({ task: kernel, phase: 'done' });
  return times;
}

function loadTimeOf(
  arms: readonly NamedArm[],
  { rounds, absent, nothing, facts, missing }: Told,
): Pick<LoadTime, 'arms' | 'discarded' | 'missing'> {
  const reference = rounds.get(arms[0]!.name);
  return {
    ...{ discarded: facts.discarded, missing },
    arms: arms.map(({ name }): LoadTimeArm => {
      const own = rounds.get(name);
      const figures =
        own && reference && !nothing
          ? loadTimeFigures(own, reference, SEED)
          : (absent.get(name) ?? nothing ?? NO_ROUND);
      return { arm: name, figures };
    }),
  };
}
