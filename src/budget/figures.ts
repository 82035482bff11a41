// Measurements side by side: what head and base say of the same thing, by target and program.

import { TollgateError } from '../model/errors.ts';
import type { ProgramName } from '../model/match.ts';
import type { Measurement, Side } from '../model/report.ts';

/** One side's figure; `low` and `high` are the interval of a timed one and the value itself of an exact one. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Pair {
  readonly head?: Measurement;
  readonly base?: Measurement;
}

export interface ProgramFigures extends ProgramName {
  /** By input ('' for none) and metric. */
  readonly pairs: ReadonlyMap<string, Pair>;
}

/**
 * Figures by target, then by program in the order of their names. Throws TollgateError (infrastructure) on two
 * different figures for the same thing.
 */
export function indexFigures(
  measurements: readonly Measurement[],
): ReadonlyMap<string, readonly ProgramFigures[]> {
  const targets = new Map<string, Map<string, { name: ProgramName; pairs: Map<string, Pair> }>>();
  for (const measurement of measurements) {
    const { target, object, program, input, metric, side } = measurement;
    const programs = targets.get(target) ?? new Map();
    targets.set(target, programs);
    const key = JSON.stringify([object, program]);
    const entry = programs.get(key) ?? { name: { object, program }, pairs: new Map() };
    programs.set(key, entry);
    const pair = entry.pairs.get(pairKey(input, metric)) ?? {};
    const known = pair[side];
    if (known !== undefined && known.value !== measurement.value) {
      const what = `${metric} of '${object}/${program}'${input === undefined ? '' : ` (${input})`} on ${target}, ${side}`;
      throw new TollgateError(
        'infrastructure',
        `Cannot compare ${what}: it has two figures, ${known.value ?? 'none'} and ${measurement.value ?? 'none'}`,
      );
    }
    entry.pairs.set(pairKey(input, metric), { ...pair, [side]: measurement });
  }
  const byName = (a: ProgramName, b: ProgramName) =>
    byText(a.object, b.object) || byText(a.program, b.program);
  return new Map(
    [...targets].map(([target, programs]) => [
      target,
      [...programs.values()].map(({ name, pairs }) => ({ ...name, pairs })).sort(byName),
    ]),
  );
}

/** The figure, or undefined where it is absent. */
export function figureOf(measurement: Measurement | undefined): Figure | undefined {
  if (measurement?.value === undefined) return undefined;
  const [low, high] = measurement.interval ?? [measurement.value, measurement.value];
  return { value: measurement.value, low, high };
}

/** Where a program's figure stands in its pairs. */
export function pairKey(input: string | undefined, metric: string): string {
  return JSON.stringify([input ?? null, metric]);
}

/** Whether that side knows the program at all. */
export function hasSide(pairs: ProgramFigures['pairs'], side: Side): boolean {
  return [...pairs.values()].some((pair) => pair[side] !== undefined);
}

/** Names in the order of their code units: the same on every machine. */
export const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
