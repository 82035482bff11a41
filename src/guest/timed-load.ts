// Network load on the machine's own kernel, timed: iperf3 between two namespaces of ours, client, server and softirqs on one
// processor; the arms in turn and in an order drawn by lot. What is attached is file descriptors: it goes with the process.

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
import { type Loadable, ObjectRejected } from './libbpf/object.ts';
import { type Attached, attach, type LoadTools, loadOne, runOnce } from './load.ts';
import { startMonitor } from './monitor.ts';
import type { Bed } from './stimulus.ts';
import { type TimingGuest, watch } from './timed.ts';
import { shuffled } from './timed-hooks.ts';
import { layOut } from './way.ts';

type LoadGuest = TimingGuest & { readonly bed: Bed | Absent; readonly folder: string };

const CLOCK_READS = 1000;

/** Does the job to its last record but `end`. */
export async function runTimedLoadJob(guest: LoadGuest, job: TimedLoadJob): Promise<void> {
  const { channel, timing, cpu, bed } = guest;
  if ('reason' in bed) return channel.send({ type: 'no-load', absent: bed });
  const started = process.hrtime.bigint();
  const seconds = () => Number(process.hrtime.bigint() - started) / 1e9;
  const ticksPerNs = timing.tscPerNs();
  const way = layOut(bed, job.link ?? { over: 'veth' });
  const hooks = { ...guest, bed, isShared: true } as const;
  const loaded = job.attached.map((each) => loadOne(hooks, each));
  const tools: LoadTools = {
    load: join(guest.folder, 'native/load'),
    place: 'on-host',
    iperf3: job.iperf3,
    env: { PATH: '/usr/bin:/bin' },
    reportPath: join(tmpdir(), `tollgate-iperf3-${process.pid}`),
  };
  const missing = new Set<string>();
  let loadable: Loadable | undefined;

  const attachArm = (arm: TimedLoadArm): Attached[] | Absent => {
    const attached: Attached[] = [];
    try {
      for (const [i, each] of job.attached.entries()) {
        if (each.arm !== arm.number) continue;
        const one = loaded[i]!;
        const absent = 'reason' in one ? one : whyNotHere(each.attach.hook);
        if (absent) throw new HookRefused(absent.reason);
        attached.push(attach(hooks, way, each, one as Exclude<typeof one, Absent>));
      }
      return attached;
    } catch (cause) {
      for (const { detach } of attached.reverse()) detach();
      if (!(cause instanceof ObjectRejected || cause instanceof HookRefused)) throw cause;
      return { reason: cause.message.slice(0, 2000) };
    }
  };
  const run = async (arm: TimedLoadArm): Promise<LoadRound | Absent> => {
    const attached = attachArm(arm);
    if ('reason' in attached) return attached;
    const { sampleHz } = arm;
    const monitor =
      sampleHz === undefined
        ? undefined
        : startMonitor(
            guest.window,
            { name: 'netcpu.bpf.o', elf: job.monitor, ...(sampleHz > 0 ? { sampleHz } : {}) },
            loadable,
          );
    loadable ??= monitor?.loadable;
    try {
      for (const each of monitor?.missing ?? []) missing.add(each);
      const before = monitor?.read(cpu).times;
      const load = await runOnce(way, job.run, tools, monitor ? [monitor] : []);
      const after = monitor?.read(cpu).times;
      const ns = Object.entries(after ?? {}).map(([event, until]) => [
        event,
        until - before![event as keyof typeof before],
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
    } finally {
      monitor?.close();
      for (const { detach } of attached.reverse()) detach();
    }
  };

  const found = await inTurn(job, run, { seconds, cpu });
  for (const [arm, { rounds, absent }] of found.arms.entries())
    channel.send({ type: 'load-rounds', arm, rounds, missing: [...missing], ...(absent ? { absent } : {}) });
  channel.send({
    type: 'hook-rounds',
    discarded: found.discarded,
    clockNs: quantile(timing.clockReads(CLOCK_READS), 0.5),
    seconds: Math.round(1000 * seconds()) / 1000,
  });
}

interface FoundArm {
  readonly rounds: LoadRound[];
  absent?: Absent;
}

/** A first run of each arm is for warmth, and says which are not to be had here. A disturbed round is run again while there is time. */
async function inTurn(
  { arms, bounds, seed }: TimedLoadJob,
  run: (arm: TimedLoadArm) => Promise<LoadRound | Absent>,
  { seconds, cpu }: { readonly seconds: () => number; readonly cpu: number },
) {
  const found: FoundArm[] = arms.map(() => ({ rounds: [] }));
  const discarded = { interrupted: 0, steal: 0, frequency: 0 };
  const random = seededRandom(seed);
  for (const [i, arm] of arms.entries()) {
    const first = await run(arm);
    if ('reason' in first) found[i]!.absent = first;
  }
  let kept = 0;
  while (kept < bounds.mostRounds && seconds() < bounds.seconds) {
    const { begin, why: disturbance } = watch(cpu);
    const end = begin();
    const taken = new Map<number, LoadRound>();
    for (const i of shuffled(arms.length, random)) {
      if (found[i]!.absent) continue;
      const one = await run(arms[i]!);
      if (!('reason' in one)) taken.set(i, one);
    }
    end();
    const why = disturbance();
    if (why) {
      discarded[why]++;
      continue;
    }
    kept++;
    for (const [i, one] of taken) found[i]!.rounds.push(one);
  }
  return { arms: found, discarded };
}
