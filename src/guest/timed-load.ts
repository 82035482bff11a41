// Network load on a kernel with a real clock: iperf3 between two namespaces of ours, client, server and softirqs on one
// processor; the arms in turn and in an order drawn by lot, each with loads of its programs of its own. On the machine's own
// kernel what is attached is file descriptors: it goes with the process.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HookRefused } from '../model/hooks/hook.ts';
import { parseIperf3 } from '../model/iperf3.ts';
import type { LoadRound } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import type { TimedLoadArm, TimedLoadJob } from '../model/timed.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';
import { whyNotHere } from './hooks.ts';
import type { Loadable } from './libbpf/object.ts';
import { attach, IN_VM, type LoadTools, loadOne, putFiles, runOnce } from './load.ts';
import { type Monitor, startMonitor } from './monitor.ts';
import type { Bed } from './stimulus.ts';
import { type TimingGuest, watch } from './timed.ts';
import { shuffled } from './timed-hooks.ts';
import { layOut, type Way } from './way.ts';

type LoadGuest = TimingGuest & {
  readonly bed: Bed | Absent;
  readonly folder: string;
  readonly isShared: boolean;
};

const CLOCK_READS = 1000;

/** Does the job to its last record but `end`. */
export async function runTimedLoadJob(guest: LoadGuest, job: TimedLoadJob): Promise<void> {
  const { channel, timing, cpu } = guest;
  const started = process.hrtime.bigint();
  const seconds = () => Number(process.hrtime.bigint() - started) / 1e9;
  const bench = layBench(guest, job);
  if ('reason' in bench) return channel.send({ type: 'no-load', absent: bench });
  const monitors = keepMonitors(guest, job);
  try {
    const ticksPerNs = timing.tscPerNs();
    const run = (arm: TimedLoadArm) => runArm(guest, job, bench, monitors, arm, ticksPerNs);
    const found = await inTurn(job, run, { seconds, cpu });
    const missing = [...monitors.missing];
    for (const [arm, { rounds, absent }] of found.arms.entries())
      channel.send({ type: 'load-rounds', arm, rounds, missing, ...(absent ? { absent } : {}) });
    channel.send({
      type: 'hook-rounds',
      discarded: found.discarded,
      clockNs: quantile(timing.clockReads(CLOCK_READS), 0.5),
      seconds: Math.round(1000 * seconds()) / 1000,
    });
  } finally {
    monitors.close();
  }
}

interface Bench {
  readonly bed: Bed;
  readonly way: Way;
  readonly tools: LoadTools;
}

/** What all runs have; or why this kernel has none of it. */
function layBench({ window, bed, folder }: LoadGuest, job: TimedLoadJob): Bench | Absent {
  if ('reason' in bed) return bed;
  const moduleFolder = job.files && putFiles(window, job.files);
  const tools: LoadTools =
    job.iperf3 === undefined
      ? IN_VM
      : {
          load: join(folder, 'native/load'),
          place: 'on-host',
          iperf3: job.iperf3,
          env: { PATH: '/usr/bin:/bin' },
          reportPath: join(tmpdir(), `tollgate-iperf3-${process.pid}`),
        };
  try {
    return { bed, tools, way: layOut(bed, job.link ?? { over: 'veth' }, moduleFolder) };
  } catch (cause) {
    if (!(cause instanceof HookRefused)) throw cause;
    return { reason: said(cause) };
  }
}

interface Monitors {
  readonly missing: ReadonlySet<string>;
  /** Attached until `release`. Throws ObjectRejected. */
  readonly take: (sampleHz: number | undefined) => Monitor | undefined;
  readonly release: (monitor: Monitor | undefined) => void;
  readonly close: () => void;
}

/** Where all arms are watched alike one monitor stays attached: attaching takes longer than many a run. */
function keepMonitors({ window }: LoadGuest, { arms, monitor: elf }: TimedLoadJob): Monitors {
  const isKept = arms.every(({ sampleHz }) => sampleHz === arms[0]!.sampleHz);
  const missing = new Set<string>();
  let loadable: Loadable | undefined;
  let kept: Monitor | undefined;
  return {
    missing,
    take: (sampleHz) => {
      if (sampleHz === undefined || kept) return kept;
      const sampling = sampleHz > 0 ? { sampleHz } : {};
      const monitor = startMonitor(window, { name: 'netcpu.bpf.o', elf, ...sampling }, loadable);
      loadable ??= monitor.loadable;
      for (const each of monitor.missing) missing.add(each);
      if (isKept) kept = monitor;
      return monitor;
    },
    release: (monitor) => {
      if (monitor !== kept) monitor?.close();
    },
    close: () => kept?.close(),
  };
}

/** One run; or why there is none, be it for this once. */
async function runArm(
  guest: LoadGuest,
  job: TimedLoadJob,
  { bed, way, tools }: Bench,
  monitors: Monitors,
  arm: TimedLoadArm,
  ticksPerNs: number,
): Promise<LoadRound | Absent> {
  const hooks = { ...guest, bed, channel: SILENT };
  const undo: (() => void)[] = [];
  try {
    const monitor = monitors.take(arm.sampleHz);
    undo.push(() => monitors.release(monitor));
    for (const each of job.attached.filter(({ arm: of }) => of === arm.number)) {
      const absent = whyNotHere(each.attach.hook);
      if (absent) return absent;
      const one = loadOne(hooks, each);
      if ('reason' in one) return one;
      undo.push(() => one.object.close());
      undo.push(attach(hooks, way, each, one).detach);
    }
    const before = monitor?.read(guest.cpu).times;
    const load = await runOnce(way, job.run, tools, monitor ? [monitor] : []);
    const after = monitor?.read(guest.cpu).times;
    const ns = Object.entries(after ?? {}).map(([event, until]) => [
      event,
      Math.max(0, until - before![event as keyof typeof before]),
    ]);
    const { bytes, bitsPerSecond, lost } = parseIperf3(load.iperf3);
    return {
      ns: Object.fromEntries(ns),
      elapsedNs: Math.round(load.insns / ticksPerNs),
      bytes,
      packets: load.there.packets + load.back.packets,
      bitsPerSecond,
      lost: lost ?? load.there.dropped + load.back.dropped,
    };
  } catch (cause) {
    // Whatever it is, it is this arm's; what no arm can do is in every arm's reason.
    if (!(cause instanceof Error)) throw cause;
    return { reason: said(cause) };
  } finally {
    for (const each of undo.reverse()) each();
  }
}

/** Where code of programs lies is nobody's question here. */
const SILENT = { send: () => {}, reset: () => {} };

const said = ({ message }: Error) => message.slice(0, 2000);

interface FoundArm {
  readonly rounds: LoadRound[];
  absent?: Absent;
}

/** A first run may fail for a neighbour's sake. */
const FIRST_TRIES = 3;

/**
 * A first run of each arm is for warmth, and says which are not to be had here. A round in which a run fails is disturbed,
 * and one that is disturbed is run again while there is time.
 */
async function inTurn(
  { arms, bounds, seed }: TimedLoadJob,
  run: (arm: TimedLoadArm) => Promise<LoadRound | Absent>,
  { seconds, cpu }: { readonly seconds: () => number; readonly cpu: number },
) {
  const found: FoundArm[] = arms.map(() => ({ rounds: [] }));
  const discarded = { interrupted: 0, steal: 0, frequency: 0 };
  const random = seededRandom(seed);
  for (const [i, arm] of arms.entries()) {
    let first = await run(arm);
    for (let tries = 1; 'reason' in first && tries < FIRST_TRIES; tries++) first = await run(arm);
    if ('reason' in first) found[i]!.absent = first;
  }
  const here = [...arms.keys()].filter((i) => !found[i]!.absent);
  let kept = 0;
  while (here.length > 0 && kept < bounds.mostRounds && seconds() < bounds.seconds) {
    const { begin, why: disturbance } = watch(cpu);
    const end = begin();
    const taken = new Map<number, LoadRound>();
    for (const i of shuffled(arms.length, random)) {
      if (!here.includes(i)) continue;
      const one = await run(arms[i]!);
      if (!('reason' in one)) taken.set(i, one);
    }
    end();
    const why = taken.size < here.length ? 'interrupted' : disturbance();
    if (why) {
      discarded[why]++;
      continue;
    }
    kept++;
    for (const [i, one] of taken) found[i]!.rounds.push(one);
  }
  return { arms: found, discarded };
}
