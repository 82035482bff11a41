// `tollgate load --mode timed`: network load on this machine's own kernel, its arms in turn in one process.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTimeFigures } from '../measurements/load-time.ts';
import { TollgateError } from '../model/errors.ts';
import type { LoadTime, LoadTimeArm } from '../model/load-time.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Target } from '../model/report.ts';
import type { TimedBounds, TimedLoadArm, TimedLoadJob } from '../model/timed.ts';
import { encodeJob } from '../model/window.ts';
import { findProgram } from '../vm/load-files.ts';
import type { RunOptions } from './execute.ts';
import { runOnHost } from './host.ts';
import type { PlannedLoad } from './load-arms.ts';
import { targetErrorOf } from './target-error.ts';

/** With `ofMonitor` the arms are not the load's: nothing is attached, and the monitor in one way after another. */
export async function timeLoads(
  {
    planned,
    bounds,
    ofMonitor,
  }: { readonly planned: readonly PlannedLoad[]; readonly bounds: TimedBounds; readonly ofMonitor: boolean },
  options: RunOptions,
): Promise<LoadTime[]> {
  const times: LoadTime[] = [];
  for (const each of planned) {
    options.onProgress?.({
      task: HOST,
      phase: 'measure',
      message: each.input,
      done: times.length,
      total: planned.length,
    });
    times.push(await timeLoad(each, ofMonitor ? MONITOR_ARMS : armsOf(each), bounds, options));
  }
  options.onProgress?.({ task: HOST, phase: 'done' });
  return times;
}

const HOST = 'host';
const SEED = 1;
const DEADLINE_MS = 120_000;

type NamedArm = TimedLoadArm & { readonly name: string };

/** Nothing twice: how far the second is from the first is noise. */
function armsOf({ arms }: PlannedLoad): NamedArm[] {
  return arms.flatMap((arm) => {
    const named = { ...arm, sampleHz: 0 };
    return arm.number === 0 ? [named, { ...named, name: `${arm.name}, again` }] : [named];
  });
}

const MONITOR_ARMS: readonly NamedArm[] = [
  { name: 'no monitor', number: 0 },
  { name: 'no monitor, again', number: 0 },
  { name: 'counters alone', number: 0, sampleHz: 0 },
  ...[99, 999, 4999].map((sampleHz) => ({ name: `and ${sampleHz} Hz`, number: 0, sampleHz })),
];

async function timeLoad(
  planned: PlannedLoad,
  arms: readonly NamedArm[],
  bounds: TimedBounds,
  options: RunOptions,
): Promise<LoadTime> {
  const { load } = planned;
  const started = Date.now();
  const seconds = () => ({ boot: 0, load: 0, measure: Math.round(Date.now() - started) / 1000 });
  const common = {
    id: 'host/timed',
    kernel: HOST,
    arch: 'x86_64',
    mode: 'timed',
    accelerator: 'none',
  } as const;
  let facts: Pick<Target, 'release' | 'cpu' | 'libbpf' | 'version'> = {};
  try {
    const job = encodeJob(
      (place): TimedLoadJob => ({
        ...{ format: 1, task: 'timed-load', bounds, seed: SEED },
        attached: planned.programs(place),
        ...load,
        arms: arms.map(({ name: _, ...arm }) => arm),
        monitor: place(readFileSync(join(options.distDir, 'bpf/netcpu.bpf.o'))),
        iperf3: findProgram('iperf3', options.tools),
      }),
    );
    const records = await runOnHost(job, DEADLINE_MS + bounds.seconds * 1000, options);
    const machine = records.find((record) => record.type === 'machine');
    if (machine) {
      const { release, version, libbpf, cpu } = machine;
      facts = { release, version, libbpf, cpu };
      for (const warning of machine.warnings) options.onWarning?.(`${HOST}: ${warning}`);
    }
    const target: Target = { ...common, ...facts, status: 'ok', seconds: seconds() };
    return { target, load, ...collectLoadTimes(arms, records) };
  } catch (cause) {
    const error = targetErrorOf(cause, options);
    return {
      target: { ...common, ...facts, status: 'failed', seconds: seconds(), error },
      ...{ load, arms: [], missing: [] },
      discarded: { interrupted: 0, steal: 0, frequency: 0 },
    };
  }
}

function collectLoadTimes(
  arms: readonly NamedArm[],
  records: readonly GuestRecord[],
): Pick<LoadTime, 'arms' | 'discarded' | 'missing'> {
  const failed = (message: string, reason: string) =>
    new TollgateError('infrastructure', `host/timed: ${message}`, { reason });
  for (const record of records) {
    if (record.type === 'error')
      throw failed(`the guest failed under network load: ${record.message}`, 'guest-error');
    if (record.type === 'no-load') throw failed(record.absent.reason, 'guest-error');
  }
  const found = arms.map((_, i) =>
    records.find((record) => record.type === 'load-rounds' && record.arm === i),
  );
  const facts = records.find((record) => record.type === 'hook-rounds');
  const [first] = found;
  if (first?.type !== 'load-rounds' || facts?.type !== 'hook-rounds')
    throw failed('the guest tells nothing of its network load', 'bad-records');
  return {
    discarded: facts.discarded,
    missing: first.missing,
    arms: found.map((record, i): LoadTimeArm => {
      const { name } = arms[i]!;
      if (record?.type !== 'load-rounds') throw failed(`the guest tells nothing of '${name}'`, 'bad-records');
      if (record.absent) return { arm: name, figures: record.absent };
      if (record.rounds.length === 0 || record.rounds.length !== first.rounds.length)
        return { arm: name, figures: { reason: 'every round was disturbed from outside' } };
      return { arm: name, figures: loadTimeFigures(record.rounds, first.rounds, SEED) };
    }),
  };
}
