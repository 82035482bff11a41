// What a hook costs in place, from its arms: nothing attached, an empty program, the user's own. Each event of a stimulus
// has a count; the value that repeats is an arm's figure, and a difference of two arms the hook's. What the counts are of
// (instructions, later nanoseconds) is not looked at here.

import type { MetricName } from '../model/metrics.ts';
import { distribution, percentile, steadyValue } from '../model/percentile.ts';
import type { Absent } from '../model/report.ts';
import { BATCH_EVENTS, type Stimulus } from '../model/stimuli.ts';
import type { Figure } from './measurement.ts';

/** One arm's events, in order; `done` is -1 where one got lost. */
export interface Events {
  readonly sent: readonly number[];
  readonly done: readonly number[];
}

export interface HookArm {
  /** Packets have a rate that gets through and one that doesn't; other events have none. */
  readonly unit: Stimulus['unit'];
  readonly stream: Events | Absent;
  /** Of a stimulus that has round trips, in the arm that the figures are of. */
  readonly roundTrips?: Events | Absent;
}

export interface HookArms {
  readonly nothing: HookArm;
  /** Left out: nobody knows where the own program is attached, and what is there without it. */
  readonly empty?: HookArm;
  /** Left out: the empty program is the one that the figures are of. */
  readonly own?: HookArm;
  /** A program that drops what it can, where drop_pps is wanted of that and not of the one the others are of. */
  readonly drop?: HookArm['stream'];
}

/** What is beside a figure: how many events it is of. `mean` holds what the value that repeats leaves out. */
export interface EventCount {
  readonly count: number;
  readonly lost: number;
  readonly mean?: number;
}

export interface HookFigure extends Figure {
  readonly events?: EventCount;
}

/**
 * All figures of one program at one hook, each with a value or the reason why it has none. `per`: each count is of the run
 * of a command, which makes so many events.
 */
export function hookFigures({ nothing, empty, own, drop }: HookArms, per?: number): HookFigure[] {
  const subject = own ?? empty ?? nothing;
  const difference = (metric: MetricName, more: HookArm, less: HookArm) =>
    differenceOf(metric, more.stream, less.stream, per);
  return [
    ...(empty ? [difference('hook_insns', empty, nothing)] : []),
    ...(own ? [difference('hook_total_insns', own, nothing)] : []),
    ...(own && empty ? [difference('hook_program_insns', own, empty)] : []),
    ...(subject.unit === 'packet' ? [dropRate(drop ?? subject.stream), passRate(subject.stream)] : []),
    ...(subject.roundTrips ? roundTripFigures(subject.roundTrips) : []),
  ];
}

interface Summary extends EventCount {
  /** The value that repeats, of the events that were not lost; undefined where all were. */
  readonly steady?: number;
  readonly mean?: number;
}

function summary(done: readonly number[]): Summary {
  const arrived = done.filter((value) => value >= 0);
  const counts = { count: done.length, lost: done.length - arrived.length };
  return arrived.length === 0
    ? counts
    : { ...counts, steady: steadyValue(arrived), mean: undisturbedMean(arrived) };
}

/** The mean of the cheapest batch: the others have a timer tick in them. To 3 decimals. */
function undisturbedMean(values: readonly number[]): number {
  const size = Math.min(BATCH_EVENTS, values.length);
  const sums = Array.from({ length: Math.floor(values.length / size) }, (_, batch) =>
    values.slice(batch * size, (batch + 1) * size).reduce((sum, value) => sum + value, 0),
  );
  return Math.round((1000 * Math.min(...sums)) / size) / 1000;
}

function differenceOf(
  metric: MetricName,
  more: Events | Absent,
  less: Events | Absent,
  per: number | undefined,
): HookFigure {
  if ('reason' in more) return { metric, absent: more };
  if ('reason' in less) return { metric, absent: less };
  if (per !== undefined) return { metric, ...differenceOfRuns(more.done, less.done, per) };
  const [a, b] = [summary(more.done), summary(less.done)];
  const counts = { count: a.count, lost: a.lost };
  const refuse = (reason: string) => ({ metric, events: counts, absent: { reason } });
  if (a.lost !== b.lost)
    return refuse(
      `other events get lost with it than without: ${a.lost} of ${a.count} against ${b.lost} of ${b.count}`,
    );
  if (a.steady === undefined || b.steady === undefined) return refuse('every event gets lost');
  const mean = Math.round(1000 * (a.mean! - b.mean!)) / 1000;
  return { metric, value: a.steady - b.steady, events: { ...counts, mean } };
}

/**
 * A process takes pages as they come, and no value repeats in most of its runs. But both arms begin with the same memory, and
 * the same run of each finds it alike: their differences, of which this is the median.
 */
function differenceOfRuns(more: readonly number[], less: readonly number[], per: number) {
  const { p50, mean } = distribution(more.map((value, i) => value - less[i]!));
  const each = (value: number) => Math.round((1000 * value) / per) / 1000;
  return { value: each(p50), events: { count: more.length * per, lost: 0, mean: each(mean) } };
}

function dropRate(stream: Events | Absent): HookFigure {
  return rate('drop_pps', stream, ({ sent }, { count, lost }) => (lost === count ? sent : undefined));
}

function passRate(stream: Events | Absent): HookFigure {
  return rate('pass_pps', stream, ({ done }, { lost }) => (lost === 0 ? done : undefined));
}

/** Packets a second, from what each costs; where some get through and some don't there is no such rate. */
function rate(
  metric: MetricName,
  stream: Events | Absent,
  costsOf: (events: Events, counts: EventCount) => readonly number[] | undefined,
): HookFigure {
  if ('reason' in stream) return { metric, absent: stream };
  const { count, lost } = summary(stream.done);
  const events = { count, lost };
  const costs = costsOf(stream, events);
  return costs
    ? { metric, value: Math.round(NS_PER_SECOND / undisturbedMean(costs)), events }
    : { metric, events, absent: { reason: `${count - lost} of ${count} packets get through` } };
}

const NS_PER_SECOND = 1e9;

function roundTripFigures(trips: Events | Absent): HookFigure[] {
  const metrics = [
    ['rtt_p50_ns', 50],
    ['rtt_p99_ns', 99],
  ] as const;
  if ('reason' in trips) return metrics.map(([metric]) => ({ metric, absent: trips }));
  const { count, lost } = summary(trips.done);
  const sorted = [...trips.done].sort((a, b) => a - b);
  return metrics.map(([metric, percent]) => ({
    metric,
    events: { count, lost },
    ...(lost === 0
      ? { value: percentile(sorted, percent) }
      : { absent: { reason: `${lost} of ${count} round trips get lost` } }),
  }));
}
