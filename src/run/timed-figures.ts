// From rounds to a report's measurements, whatever they are rounds of.

import type { TimedRounds } from '../budget/timed.ts';
import { floorNs, timedChange, timedChangeP, timedFigure, timedRatio } from '../measurements/timed.ts';
import { metricOf } from '../model/metrics.ts';
import type { Absent, Measurement, Side } from '../model/report.ts';
import type { Rounds, TimedBounds } from '../model/timed.ts';

/** Figures, and the rounds that verdicts are made of. */
export interface Timed {
  readonly measurements: readonly Measurement[];
  readonly timed: readonly TimedRounds[];
}

export const NO_ROUND: Absent = {
  reason: 'every round was disturbed from outside, or none fitted into the time there is',
};

const SEED = 1;

/** `sides`: those that there should be a figure of. */
export function timedMeasurements(
  { input, bounds, ...name }: Omit<TimedRounds, 'rounds'>,
  rounds: Rounds | Absent,
  note: string | undefined,
  sides: readonly Side[],
): Timed {
  const { unit, decimals } = metricOf(name.metric);
  const of = (side: Side) => ({ ...name, ...(input === '' ? {} : { input }), unit, side });
  const absent = (reason: Absent): Timed => ({
    measurements: sides.map((side) => ({ ...of(side), absent: reason })),
    timed: [],
  });
  if ('reason' in rounds) return absent(rounds);
  const present = (['head', 'base'] as const).filter((side) => rounds[side].length > 0);
  if (present.length === 0) return absent(NO_ROUND);
  const { discarded, runsInBatch, seconds, empty } = rounds;
  const facts = {
    rounds: { count: empty.length, discarded, floor: floorNs(rounds, SEED, decimals), runsInBatch, seconds },
    ...(note === undefined ? {} : { note }),
  };
  return {
    measurements: present.map((side) => {
      const { value, interval } = timedFigure(rounds, side, SEED, decimals);
      const change = side === 'head' && present.length === 2 ? changeOf(rounds, bounds, decimals) : undefined;
      return { ...of(side), value, interval: [...interval], ...facts, ...(change ? { change } : {}) };
    }),
    timed: [{ ...name, input, bounds, rounds }],
  };
}

function changeOf(
  rounds: Rounds,
  bounds: TimedBounds,
  decimals: number | undefined,
): NonNullable<Measurement['change']> {
  const { value, interval } = timedChange(rounds, SEED, decimals);
  const ratio = timedRatio(rounds, SEED, decimals);
  return {
    value,
    interval: [...interval],
    p: timedChangeP(rounds, bounds),
    ...(ratio ? { percent: ratio.value, percentInterval: [...ratio.interval] } : {}),
  };
}
