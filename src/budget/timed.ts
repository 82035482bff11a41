// Verdicts on nanoseconds, and on rates. A limit is exceeded only where the whole interval is beyond it and a rank test says so at a
// level that holds for all comparisons of the check together; it is kept where the whole interval is; and else the
// row says that it is open and what would close it. A noisy machine is never a red one.

import {
  discardedCount,
  excess,
  floorNs,
  isFloor,
  isRelative,
  isTooNoisy,
  scheduleOf,
  type TimedFigure,
  timedChange,
  timedFigure,
  timedRatio,
} from '../measurements/timed.ts';
import { isLoad } from '../model/match.ts';
import { METRICS, type Metric } from '../model/metrics.ts';
import { FALSE_ALARMS, type Rounds, type TimedBounds, type TimedLimit } from '../model/timed.ts';
import { holm } from '../statistics/holm.ts';
import { median } from '../statistics/quantile.ts';
import { roundsNeeded } from '../statistics/rounds-needed.ts';
import { sequentialAbove } from '../statistics/sequential.ts';
import { signedRankAbove } from '../statistics/signed-rank.ts';
import type { Check } from './limits.ts';
import type { Budget } from './resolve.ts';

export interface TimedRounds {
  readonly target: string;
  readonly object: string;
  readonly program: string;
  readonly input: string;
  readonly metric: string;
  readonly rounds: Rounds;
  readonly bounds: TimedBounds;
}

/** A limit of one comparison, and how likely such rounds are where it is kept, corrected for all that are tested. */
export interface TimedTest extends TimedRounds {
  readonly limit: TimedLimit;
  readonly p: number;
  /** How many are tested in all. */
  readonly tests: number;
}

/** All limits of a check together: which of them are exceeded depends on how many there are. */
export function timedTests(
  all: readonly TimedRounds[],
  budgetOf: (rounds: TimedRounds) => Budget | undefined,
): readonly TimedTest[] {
  const open = all.flatMap((each) =>
    comparable(timedLimits(budgetOf(each)), each.rounds).map((limit) => ({ ...each, limit })),
  );
  const corrected = holm(
    open.map(({ rounds, limit, bounds }) => sequentialAbove(excess(rounds, limit), scheduleOf(bounds))),
  );
  return open.map((each, i) => ({ ...each, p: corrected[i]!, tests: open.length }));
}

/** What a budget says, as rounds are held to it. */
export function timedLimits({ max, increase, min, decrease }: Budget = {}): TimedLimit[] {
  const against = (kind: 'increase' | 'decrease', limit: Budget['increase']): TimedLimit[] => {
    if (limit === undefined) return [];
    const { value } = limit;
    return [typeof value === 'number' ? { kind, value } : { kind, percent: Number(value.percent) }];
  };
  return [
    ...(max ? [{ kind: 'max', value: max.value } as const] : []),
    ...against('increase', increase),
    ...(min ? [{ kind: 'min', value: min.value } as const] : []),
    ...against('decrease', decrease),
  ];
}

function comparable(limits: readonly TimedLimit[], { head, base }: Rounds): readonly TimedLimit[] {
  if (head.length === 0) return [];
  return limits.filter((limit) => !isRelative(limit) || base.length > 0);
}

const SEED = 1;

/** What comes of one test. */
export function timedCheck({ rounds, limit, p, tests, bounds, ...name }: TimedTest): Check {
  const scale = scaleOf(name.metric);
  const { unit, decimals, round } = scale;
  const words = limitWords(limit, unit);
  const open = (why: string): Check => ({ verdict: 'inconclusive', why: `${why} (${words})` });
  const floor = floorNs(rounds, SEED, decimals);
  const allowed = allowedOf(limit, rounds, scale);
  const isBelow = allowed < floor && (allowed > 0 || limit.kind === 'max');
  if (isBelow && !(isLoad(name) && isFarBeyond(rounds, limit, floor, scale)))
    return open(
      `a budget of ${round(allowed)}${unit} cannot be held here: ${floorWords(name, limit)} are up to ${round(floor)}${unit} apart`,
    );
  if (isTooNoisy(rounds))
    return open(
      `this machine is too noisy to tell: ${discardedCount(rounds.discarded)} rounds were disturbed and ${rounds.head.length} were not`,
    );
  const { figure, at, unit: of } = subjectOf(rounds, limit, scale);
  const [low, high] = figure.interval;
  const said = `${round(figure.value)}${of}, ${INTERVAL_WORDS} ${round(low)} to ${round(high)}${of}`;
  if (rounds.head.length < LEAST_ROUNDS)
    return open(
      `${said}: ${rounds.head.length} rounds are too few to tell, ${furtherWords(rounds, limit, tests, bounds)}`,
    );
  if ((isFloor(limit) ? high < at : low > at) && p <= FALSE_ALARMS)
    return { verdict: 'over', why: `${said}: beyond ${words}, p ${scientific(p)}${among(tests)}` };
  if (isFloor(limit) ? low >= at : high <= at) return { verdict: 'pass', why: `${said}: within ${words}` };
  return open(`${said}: the limit is not clearly on one side; ${furtherWords(rounds, limit, tests, bounds)}`);
}

/** Of network load the floor is noise of a few rounds, not of the clock: what is beyond a limit by more than that is. */
function isFarBeyond(rounds: Rounds, limit: TimedLimit, floor: number, scale: Scale): boolean {
  const of = isRelative(limit)
    ? timedChange(rounds, SEED, scale.decimals)
    : timedFigure(rounds, 'head', SEED, scale.decimals);
  const allowed = allowedOf(limit, rounds, scale);
  const [low, high] = of.interval;
  if (limit.kind === 'min') return high < allowed - floor;
  return isFloor(limit) ? -high > allowed + floor : low > allowed + floor;
}

const INTERVAL_WORDS = '99% interval';
/** Even from the least to the greatest, fewer rounds hold the median of all in less than 99 of 100 cases. */
const LEAST_ROUNDS = 8;

/** How a metric's figures are written. */
interface Scale {
  readonly unit: string;
  readonly decimals: number;
  readonly round: (value: number) => string;
}

const NS_DECIMALS = 3;

function scaleOf(metric: string): Scale {
  const found: Metric | undefined = METRICS.find(({ name }) => name === metric);
  const decimals = found?.decimals ?? NS_DECIMALS;
  return {
    unit: found?.unit === '%' ? ' % of the time' : ` ${found?.unit ?? 'ns'}`,
    decimals,
    round: (value) => String(Math.round(value * 10 ** decimals) / 10 ** decimals + 0),
  };
}

interface Subject {
  readonly figure: TimedFigure;
  readonly at: number;
  readonly unit: string;
}

/** A fall is a change below 0: its bound is as far below. */
function subjectOf(rounds: Rounds, limit: TimedLimit, scale: Scale): Subject {
  const { unit, decimals } = scale;
  if (!isRelative(limit))
    return { figure: timedFigure(rounds, 'head', SEED, decimals), at: limit.value, unit };
  const sign = isFloor(limit) ? -1 : 1;
  const ratio = 'percent' in limit ? timedRatio(rounds, SEED, decimals) : undefined;
  if (ratio && 'percent' in limit) return { figure: ratio, at: sign * limit.percent, unit: '%' };
  return { figure: timedChange(rounds, SEED, decimals), at: sign * allowedOf(limit, rounds, scale), unit };
}

function allowedOf(limit: TimedLimit, rounds: Rounds, { decimals }: Scale): number {
  if ('value' in limit) return limit.value;
  return (limit.percent * Math.max(0, timedFigure(rounds, 'base', SEED, decimals).value)) / 100;
}

function floorWords(name: Pick<TimedRounds, 'object' | 'program'>, limit: TimedLimit): string {
  if (isLoad(name)) return 'two runs with nothing attached';
  return isFloor(limit) ? 'two arms with nothing attached' : 'two loads of an empty program';
}

function limitWords(limit: TimedLimit, unit: string): string {
  const allowed = 'percent' in limit ? `${limit.percent}%` : `${limit.value}${unit}`;
  if (isRelative(limit)) return `the allowed ${limit.kind} of ${allowed}`;
  return `the ${limit.kind === 'max' ? 'maximum' : 'minimum'} of ${allowed}`;
}

/** How many rounds more would decide, if they go on as they did. */
function furtherWords(rounds: Rounds, limit: TimedLimit, tests: number, bounds: TimedBounds): string {
  const values = excess(rounds, limit);
  const isBeyond = median(values) > 0;
  const p = signedRankAbove(isBeyond ? values : values.map((value) => -value));
  const { looks } = scheduleOf(bounds);
  const needed = roundsNeeded(values.length, p, isBeyond ? FALSE_ALARMS / (looks * tests) : ONE_SIDE);
  if (needed === undefined || needed > MOST_ROUNDS) return 'no number of rounds in reason would decide';
  const seconds = Math.ceil((rounds.seconds * needed) / values.length);
  return `about ${needed} rounds (${seconds} s) would decide, ${values.length} were taken in ${milliseconds(rounds.seconds)} s`;
}

/** Of an interval of 99 %. */
const ONE_SIDE = 0.005;
const MOST_ROUNDS = 100_000;

const among = (tests: number) => (tests > 1 ? ` among ${tests} tests` : '');
const milliseconds = (seconds: number) => String(Math.round(seconds * 1000) / 1000);
const scientific = (p: number) => (p < 0.001 ? p.toExponential(1) : String(Math.round(p * 1000) / 1000));
