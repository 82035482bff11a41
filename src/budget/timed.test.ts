import { describe, expect, test } from 'vitest';
import type { Rounds } from '../model/timed.ts';
import { DEFAULT_BOUNDS, FALSE_ALARMS } from '../model/timed.ts';
import { seededRandom } from '../statistics/random.ts';
import type { Budget } from './resolve.ts';
import { type TimedRounds, timedCheck, timedTests } from './timed.ts';

const RULE = { match: '*', metric: 'run_ns', place: NOWHERE(), matchPlace: NOWHERE() };
function NOWHERE() {
  return { file: '', line: 0, column: 0 };
}

/** Rounds of a base of 100 ns beyond an empty program's 20, and of a head that is `percent` dearer. */
function rounds(percent: number, count = 40, noise = 1, discarded = 0): Rounds {
  const random = seededRandom(percent * 1000 + count);
  const around = (value: number) => Array.from({ length: count }, () => value + noise * (random() - 0.5));
  return {
    head: around(120 + percent),
    base: around(120),
    empty: Array.from({ length: count }, () => 20 + 0.02 * random()),
    emptyAgain: Array.from({ length: count }, () => 20 + 0.02 * random()),
    discarded: { interrupted: discarded, steal: 0, frequency: 0 },
    runsInBatch: 1000,
    seconds: 2,
  };
}

const of = (each: Rounds, program = 'p'): TimedRounds => ({
  target: 'host/timed',
  object: 'o',
  program,
  input: 'udp:64',
  metric: 'run_ns',
  rounds: each,
  bounds: DEFAULT_BOUNDS,
});

const budgets: Record<'increase' | 'percent' | 'max', Budget> = {
  increase: { increase: { value: 0, rule: RULE } },
  percent: { increase: { value: { percent: '2' }, rule: RULE } },
  max: { max: { value: 100, rule: RULE } },
};

/** A base of a million packets a second, and a head that has `percent` more; two arms with nothing attached are 100 apart. */
function rate(percent: number): TimedRounds {
  const random = seededRandom(percent * 1000 + 7);
  const around = (value: number) =>
    Array.from({ length: 40 }, () => Math.round(value + 8000 * (random() - 0.5)));
  const all = rounds(percent);
  const halves = all.head.map(() => 50);
  return {
    ...of({
      ...all,
      head: around(1e6 * (1 + percent / 100)),
      base: around(1e6),
      empty: halves.map((half) => -half),
      emptyAgain: halves,
    }),
    metric: 'pass_pps',
  };
}

const rateBudgets: Record<'decrease' | 'fall' | 'min', Budget> = {
  decrease: { decrease: { value: 0, rule: RULE } },
  fall: { decrease: { value: { percent: '2' }, rule: RULE } },
  min: { min: { value: 1e6, rule: RULE } },
};

const verdictsOf = (all: readonly TimedRounds[], budget: Budget) =>
  timedTests(all, () => budget).map(timedCheck);

describe('a verdict on nanoseconds', () => {
  test.each([
    { limit: 'increase', percent: 0, verdict: 'inconclusive' },
    { limit: 'increase', percent: 1, verdict: 'over' },
    { limit: 'increase', percent: -1, verdict: 'pass' },
    { limit: 'percent', percent: 0, verdict: 'pass' },
    { limit: 'percent', percent: 2, verdict: 'inconclusive' },
    { limit: 'percent', percent: 4, verdict: 'over' },
    { limit: 'max', percent: -2, verdict: 'pass' },
    { limit: 'max', percent: 3, verdict: 'over' },
  ] as const)('of head $percent % dearer under $limit is $verdict', ({ limit, percent, verdict }) =>
    expect(verdictsOf([of(rounds(percent))], budgets[limit]).map((check) => check.verdict)).toEqual([
      verdict,
    ]),
  );

  test.each([
    { limit: 'decrease', percent: 0, verdict: 'inconclusive' },
    { limit: 'decrease', percent: -1, verdict: 'over' },
    { limit: 'decrease', percent: 1, verdict: 'pass' },
    { limit: 'fall', percent: 0, verdict: 'pass' },
    { limit: 'fall', percent: -2, verdict: 'inconclusive' },
    { limit: 'fall', percent: -4, verdict: 'over' },
    { limit: 'min', percent: 2, verdict: 'pass' },
    { limit: 'min', percent: -3, verdict: 'over' },
  ] as const)('of a rate that is $percent % higher under $limit is $verdict', ({ limit, percent, verdict }) =>
    expect(verdictsOf([rate(percent)], rateBudgets[limit]).map((check) => check.verdict)).toEqual([verdict]),
  );

  test('on a rate says it in the unit of the rate', () => {
    const [least, fall] = [rateBudgets.min, rateBudgets.fall].map(
      (budget) => verdictsOf([rate(-4)], budget)[0]!.why,
    );
    expect(least).toMatch(
      /^96\d{4}\.?\d* pps, 99% interval 9\d{5}.* to 96\d{4}\.?\d* pps: beyond the minimum of 1000000 pps, p \d\.\de-\d+$/,
    );
    expect(fall).toMatch(
      /^(-3\.9|-4\.?0?)\d*%, 99% interval -4\.\d+ to -3\.\d+%: beyond the allowed decrease of 2%, p \d\.\de-\d+$/,
    );
  });

  test('on a rate under a budget below what can be told apart is refused', () => {
    const fine: Budget = { decrease: { value: 50, rule: RULE } };
    const [check] = verdictsOf([rate(-50)], fine);
    expect(check).toEqual({
      verdict: 'inconclusive',
      why: 'a budget of 50 pps cannot be held here: two arms with nothing attached are up to 100 pps apart (the allowed decrease of 50 pps)',
    });
  });

  test('says the change, its interval, the limit and how sure it is', () => {
    const [check] = verdictsOf([of(rounds(4))], budgets.percent);
    expect(check!.why).toMatch(
      /^(3\.9|4\.0?)\d*%, 99% interval 3\.\d+ to 4\.\d+%: beyond the allowed increase of 2%, p \d\.\de-\d+$/,
    );
  });

  test('that stays open says how many rounds and seconds would close it', () => {
    const [check] = verdictsOf([of(rounds(0.15, 24))], budgets.increase);
    expect(check!.verdict).toBe('inconclusive');
    expect(check!.why).toMatch(/about \d+ rounds \(\d+ s\) would decide, 24 were taken in 2 s/);
  });

  test('of fewer rounds than can prove anything is open, however large the change', () =>
    expect(verdictsOf([of(rounds(50, 6))], budgets.increase)[0]!.verdict).toBe('inconclusive'));

  test('on a machine that disturbs more rounds than it leaves alone is open', () => {
    const [check] = verdictsOf([of(rounds(50, 40, 1, 41))], budgets.increase);
    expect(check).toEqual({
      verdict: 'inconclusive',
      why: 'this machine is too noisy to tell: 41 rounds were disturbed and 40 were not (the allowed increase of 0 ns)',
    });
  });

  test('under a budget below what can be told apart is refused', () => {
    const fine: Budget = { increase: { value: 0.0005, rule: RULE } };
    const [check] = verdictsOf([of(rounds(50))], fine);
    expect(check!.verdict).toBe('inconclusive');
    expect(check!.why).toMatch(
      /^a budget of 0\.001 ns cannot be held here: two loads of an empty program are up to/,
    );
  });

  test('needs more where more is tested: the same rounds alone and among a thousand', () => {
    const weak = of(rounds(0.4, 40));
    const [alone] = timedTests([weak], () => budgets.increase);
    const among = timedTests(
      [weak, ...Array.from({ length: 999 }, (_, i) => of(rounds(0, 20), `q${i}`))],
      () => budgets.increase,
    )[0]!;
    expect([alone!.p <= FALSE_ALARMS, among.p <= FALSE_ALARMS]).toEqual([true, false]);
  });
});

test('a thousand rates of the same against the same give no alarm', () => {
  const all = Array.from({ length: 1000 }, (_, i) => {
    const random = seededRandom(i);
    const slow = () => 1 + 0.2 * random() + (random() < 0.1 ? 3 * random() : 0);
    const each = rate(0);
    const measured = { ...each.rounds, head: each.rounds.head.map(() => 1e6 / slow()) };
    return { ...each, rounds: { ...measured, base: measured.head.map(() => 1e6 / slow()) } };
  });
  const alarms = timedTests(all, () => rateBudgets.decrease).filter(({ p }) => p <= FALSE_ALARMS);
  expect(alarms).toEqual([]);
});

test('a thousand comparisons of the same with the same give no alarm', () => {
  const all = Array.from({ length: 1000 }, (_, i) => {
    const random = seededRandom(i);
    const slow = () => 1 + 0.2 * random() + (random() < 0.1 ? 3 * random() : 0);
    const sides = Array.from({ length: 30 }, () => [120 * slow(), 120 * slow()] as const);
    return of({
      ...rounds(0, 30),
      head: sides.map(([head]) => head),
      base: sides.map(([, base]) => base),
    });
  });
  const alarms = timedTests(all, () => budgets.increase).filter(({ p }) => p <= FALSE_ALARMS);
  expect(alarms).toEqual([]);
});
