// Times a program in place: the arms of exact mode, in turn in one process instead of each from a saved state, every round
// with loads and attachments of its own and in an order drawn by lot.

import { messageOf } from '../model/errors.ts';
import type { HookJob } from '../model/job.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import type { ArmRounds, TimedHookJob } from '../model/timed.ts';
import { blobIn, decodeJob } from '../model/window.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';
import { runHookJob } from './hooks.ts';
import { sleep } from './neighbours.ts';
import { type Steering, steerSoftirqs } from './placement.ts';
import type { Bed } from './stimulus.ts';
import { CHEAPER_QUARTER, type TimingGuest, type Watch, watch } from './timed.ts';

type ArmRecord = Extract<GuestRecord, { type: 'arm-rounds' }>;
type Events = Extract<GuestRecord, { type: 'events' }>;

const REST_MS = 1;
const CLOCK_READS = 1000;

/** Does the job to its last record but `end`. */
export function runTimedHookJob(guest: TimedHookGuest, job: TimedHookJob): void {
  const { bed, cpu } = guest;
  const steering = job.placement === 'split' && !('reason' in bed) ? steerSoftirqs(bed, cpu) : undefined;
  try {
    takeRounds(guest, job, steering);
  } finally {
    if (steering && !('reason' in steering)) steering.release();
  }
}

type TimedHookGuest = TimingGuest & { readonly bed: Bed | Absent; readonly isShared: boolean };

function takeRounds(guest: TimedHookGuest, job: TimedHookJob, steering: Steering | Absent | undefined): void {
  const { channel, timing, cpu, bed, isShared } = guest;
  const started = process.hrtime.bigint();
  const seconds = () => Number(process.hrtime.bigint() - started) / 1e9;
  const ticksPerNs = timing.tscPerNs();
  const arms = job.arms.map((blob) => {
    const own = blobIn(guest.window, blob);
    return { window: own, job: decodeJob(own) as HookJob };
  });
  const run = (arm: (typeof arms)[number], during?: Watch['during']): Events[] => {
    const events: Events[] = [];
    const collect = (record: unknown) => {
      if ((record as GuestRecord).type !== 'events') return;
      const { stimulus, ...rest } = record as Events;
      events.push({ ...rest, stimulus: unspun(stimulus) });
    };
    const refused = steering && ('reason' in steering ? steering : whyNotSplit(arm.job));
    if (refused) return nothingOf(arm.job, refused);
    try {
      const own = { window: arm.window, channel: { ...channel, send: collect }, bed, isShared };
      runHookJob({ ...own, ...(during ? { during } : {}) }, steering ? spun(arm.job) : arm.job);
    } catch (cause) {
      // A stimulus that lost its patience: on a busy machine that says nothing of the hook.
      return nothingOf(arm.job, { reason: messageOf(cause).slice(0, 2000) });
    }
    return events;
  };
  const rounds: Events[][][] = [];
  const discarded = { interrupted: 0, steal: 0, frequency: 0 };
  const random = seededRandom(job.seed);
  const first = warmUp();
  const isAbsent = first.map((events) => events.some(({ absent }) => absent));
  while (rounds.length < job.bounds.mostRounds && seconds() < job.bounds.seconds) {
    const { during, why: disturbance } = watch(cpu); // loading and attaching may take as long as they want
    const taken: Events[][] = arms.map(() => []);
    for (const i of shuffled(arms.length, random)) if (!isAbsent[i]) taken[i] = run(arms[i]!, during);
    const isBroken = taken.flat().some(({ absent }) => absent);
    const why = isBroken ? 'interrupted' : disturbance();
    if (why) discarded[why]++;
    else rounds.push(taken);
    sleep(REST_MS);
  }
  for (const [arm, events] of first.entries())
    for (const { stimulus, absent } of events)
      channel.send(
        absent
          ? { type: 'arm-rounds', arm, stimulus, ...NONE, absent }
          : recordOf(
              arm,
              stimulus,
              rounds.map((taken) => taken[arm]!.find((each) => each.stimulus === stimulus)!),
              ticksPerNs,
            ),
      );
  channel.send({
    type: 'hook-rounds',
    discarded,
    clockNs: round(quantile(timing.tscReads(CLOCK_READS), 0.5) / ticksPerNs),
    seconds: round(seconds()),
  });

  /** Neighbours are resolved, code is loaded; and what no arm takes is known, or that no packet comes over. */
  function warmUp(): Events[][] {
    const handedOver = steering && !('reason' in steering) ? steering.handedOver() : 0;
    const all = arms.map((arm) => run(arm));
    if (!steering || 'reason' in steering) return all;
    const count = steering.handedOver() - handedOver;
    const sent = Math.max(...all.flat().map((events) => events.sent.length));
    if (count >= sent) return all;
    const reason = `of ${sent} packets in an arm only ${count} were handed to CPU ${steering.cpu} by receive packet steering`;
    return arms.map((arm) => nothingOf(arm.job, { reason }));
  }
}

const nothingOf = ({ stimuli }: HookJob, absent: Absent): Events[] =>
  stimuli.map(({ name }) => ({ type: 'events', stimulus: name, sent: [], done: [], absent }));

/** For who spins instead of sleeping until the packet comes over from the other CPU: waking up is another figure. */
const SPUN: Readonly<Record<string, string>> = { udp: 'udp_spin', udp_rtt: 'udp_rtt_spin' };

const spun = (job: HookJob): HookJob => ({
  ...job,
  stimuli: job.stimuli.map((task) => ({ ...task, name: SPUN[task.name]! })),
});

const unspun = (name: string) => Object.keys(SPUN).find((plain) => SPUN[plain] === name) ?? name;

function whyNotSplit({ stimuli }: HookJob): Absent | undefined {
  const other = stimuli.find(({ name }) => !(name in SPUN));
  return other && { reason: `'${other.name}' is not sent with its softirqs on another CPU: only udp is` };
}

const NONE: Omit<ArmRounds, 'stimulus'> = {
  ...{ sent: [], done: [], mean: [], p50: [], p99: [] },
  ...{ count: 0, lost: 0 },
};

function recordOf(arm: number, stimulus: string, rounds: readonly Events[], ticksPerNs: number): ArmRecord {
  const arrived = rounds.map(({ done }) => done.filter((ticks) => ticks >= 0));
  const ns = (ticks: number) => round(ticks / ticksPerNs);
  const of = (share: number, all: readonly (readonly number[])[]) =>
    all.map((values) => (values.length === 0 ? -1 : ns(quantile(values, share))));
  const count = rounds.reduce((sum, { done }) => sum + done.length, 0);
  return {
    type: 'arm-rounds',
    arm,
    stimulus,
    sent: of(
      CHEAPER_QUARTER,
      rounds.map(({ sent }) => sent),
    ),
    done: of(CHEAPER_QUARTER, arrived),
    mean: arrived.map((values) =>
      values.length === 0 ? -1 : ns(values.reduce((sum, value) => sum + value, 0) / values.length),
    ),
    p50: of(0.5, arrived),
    p99: of(0.99, arrived),
    count,
    lost: count - arrived.reduce((sum, { length }) => sum + length, 0),
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;

/** 0 to `count` - 1 in an order drawn by lot. */
export function shuffled(count: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ({ i, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .map(({ i }) => i);
}
