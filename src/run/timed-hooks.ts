// Timed mode in place: the plan of exact mode, its arms in one job for each program, head and base together.

import { hookRounds, packetRates, roundTrip, type TimedArms } from '../measurements/timed-hook.ts';
import { TollgateError } from '../model/errors.ts';
import { metricOf } from '../model/metrics.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, Measurement, Side } from '../model/report.ts';
import { stimulusByName } from '../model/stimuli.ts';
import type { ArmRounds, Placement, TimedBounds, TimedHookJob } from '../model/timed.ts';
import { encodeJob } from '../model/window.ts';
import type { HookPlan, PlannedHook } from './hooks.ts';
import { NO_ROUND, type Timed, timedMeasurements } from './timed-figures.ts';

/** One program at one hook, with both sides. */
export interface PlannedTimedHook {
  readonly placement: Placement;
  readonly head?: PlannedHook;
  readonly base?: PlannedHook;
  readonly bytes: Uint8Array;
}

/** Rounds that each program at a hook has: nothing stops early there. */
const HOOK_ROUNDS = 40;
const SEED = 1;

/**
 * Figures of hooks alone are head's; a program that only one side attaches has that side's. A project's own loader is left
 * out: it would attach to what is not ours.
 */
export function planTimedHooks(
  { hooks, jobs }: HookPlan,
  bounds: TimedBounds,
  placements: readonly Placement[],
): PlannedTimedHook[] {
  const pairs = new Map<string, Partial<Record<Side, PlannedHook>>>();
  for (const hook of hooks.filter(({ arms }) => arms.empty !== undefined)) {
    const key = JSON.stringify([hook.object, hook.program, hook.input]);
    pairs.set(key, { ...pairs.get(key), [hook.side]: hook });
  }
  return [...pairs.values()].flatMap((sides) => placements.map((placement) => planPair(sides, placement)));

  function planPair(sides: Partial<Record<Side, PlannedHook>>, placement: Placement): PlannedTimedHook {
    const { arms } = (sides.head ?? sides.base)!;
    const keys = [
      ...[arms.nothing, arms.nothing, arms.empty!],
      ...(['head', 'base'] as const).flatMap((side) => sides[side]?.arms.own ?? []),
    ];
    return {
      ...sides,
      placement,
      bytes: encodeJob<TimedHookJob>((place) => ({
        format: 1,
        task: 'timed-hook',
        arms: keys.map((key) => place(jobs.get(key)!)),
        placement,
        bounds: hookBounds(bounds),
        seed: SEED,
      })),
    };
  }
}

/** What the report calls the place: 'tc ingress, udp:64, softirq on another CPU'. */
export function placedInput({ placement, head, base }: PlannedTimedHook): string {
  const { input } = (head ?? base)!;
  return placement === 'split' ? `${input}, softirq on another CPU` : input;
}

export function hookBounds({ mostRounds, seconds }: TimedBounds): TimedBounds {
  const rounds = Math.min(HOOK_ROUNDS, mostRounds);
  return { leastRounds: rounds, mostRounds: rounds, seconds: Math.max(seconds, 1) };
}

/** Throws TollgateError ('infrastructure') on an `error` record and where an arm is missing. */
export function collectTimedHook(
  target: string,
  planned: PlannedTimedHook,
  bounds: TimedBounds,
  records: readonly GuestRecord[],
): Timed {
  const error = records.find((record) => record.type === 'error');
  if (error)
    throw new TollgateError('infrastructure', `${target}: the guest failed at a hook: ${error.message}`, {
      reason: 'guest-error',
    });
  const any = (planned.head ?? planned.base)!;
  const { unit, roundTrip: trips, name } = stimulusByName(any.stimulus.name)!;
  const facts = records.find((record) => record.type === 'hook-rounds');
  const armOf = (arm: number, stimulus: string): ArmRounds | Absent => {
    const found = records.find(
      (record) => record.type === 'arm-rounds' && record.arm === arm && record.stimulus === stimulus,
    );
    if (found?.type !== 'arm-rounds' || !facts)
      throw new TollgateError(
        'infrastructure',
        `${target}: the guest tells nothing of stimulus '${stimulus}'`,
        { reason: 'bad-records' },
      );
    if (found.absent) return found.absent;
    return found.done.length === 0 ? NO_ROUND : found;
  };
  const of = { target, object: any.object, program: any.program, input: placedInput(planned) };
  const absent = (reason: Absent): Timed => ({
    measurements: [{ ...of, side: 'head', metric: 'hook_ns', unit: 'ns', absent: reason }],
    timed: [],
  });
  const [nothing, nothingAgain] = [armOf(0, name), armOf(1, name)];
  if ('reason' in nothing) return absent(nothing);
  if ('reason' in nothingAgain) return absent(nothingAgain);
  const { own } = any.arms;
  const arms: TimedArms = {
    nothing,
    nothingAgain,
    empty: armOf(2, name),
    ...(own !== undefined && planned.head ? { head: armOf(3, name) } : {}),
    ...(own !== undefined && planned.base ? { base: armOf(planned.head ? 4 : 3, name) } : {}),
  };
  const note = `two readings of the clock take ${facts!.clockNs} ns, in every arm alike`;
  const { discarded, seconds } = facts!;
  const nameOf = (metric: string) => ({ ...of, metric, bounds: hookBounds(bounds) });
  const costs = hookRounds(arms, { discarded, seconds }).map(({ metric, rounds }) =>
    timedMeasurements(nameOf(metric), rounds, note, ['head']),
  );
  const rates = unit === 'packet' ? packetRates(arms, { discarded, seconds }) : [];
  const found = [
    ...costs,
    ...rates.map(({ metric, rounds }) => timedMeasurements(nameOf(metric), rounds, undefined, [])),
  ];
  // Of a program that only base has there are none: figures of packets are head's.
  const isTripped = own === undefined || planned.head !== undefined;
  const trip = trips === undefined || !isTripped ? undefined : armOf(own === undefined ? 2 : 3, trips);
  const figures = [
    ...(trip && !('reason' in trip)
      ? ([50, 99] as const).flatMap((percent) => {
          const figure = roundTrip(trip, percent, SEED);
          return figure ? [{ metric: `rtt_p${percent}_ns`, ...figure }] : [];
        })
      : []),
  ];
  return {
    measurements: [
      ...found.flatMap(({ measurements }) => measurements),
      ...rates.flatMap(({ metric, absent }) =>
        (Object.entries(absent) as [Side, Absent][]).map(
          ([side, reason]): Measurement => ({
            ...of,
            side,
            metric,
            unit: metricOf(metric).unit,
            absent: reason,
          }),
        ),
      ),
      ...figures.map(
        ({ metric, value, interval }): Measurement => ({
          ...of,
          side: 'head',
          metric,
          unit: metricOf(metric).unit,
          value,
          interval: [...interval],
        }),
      ),
    ],
    timed: found.flatMap(({ timed }) => timed),
  };
}
