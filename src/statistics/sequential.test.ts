import { describe, expect, test } from 'vitest';
import { medianInterval } from './bootstrap.ts';
import { holm } from './holm.ts';
import { seededRandom } from './random.ts';
import { roundsNeeded } from './rounds-needed.ts';
import { schedule, sequentialAbove } from './sequential.ts';
import { signedRankAbove } from './signed-rank.ts';

/** Sums of uniform draws: symmetric around `shift`, with a tail now and then. */
function noise(random: () => number, shift: number): number {
  const spike = random() < 0.05 ? 20 : 1;
  return shift + spike * (random() + random() + random() - 1.5);
}

describe('sequential tests', () => {
  test('looks grow by 1.4 and end at the most', () =>
    expect(schedule(20, 100)).toEqual({ rounds: [20, 28, 40, 56, 79, 100], looks: 7 }));

  test('a most below the least is the least', () =>
    expect(schedule(20, 5)).toEqual({ rounds: [20], looks: 2 }));

  test('the error rate holds although it is looked at many times and stopped at will', () => {
    const random = seededRandom(1);
    const plan = schedule(20, 40);
    const level = 0.05;
    const runs = 500;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const values = Array.from({ length: 40 }, () => noise(random, 0));
      if (plan.rounds.some((count) => sequentialAbove(values.slice(0, count), plan) <= level)) alarms++;
    }
    expect(alarms / runs).toBeLessThanOrEqual(level);
  });

  test('a shift of half the noise is found', () => {
    const random = seededRandom(2);
    const values = Array.from({ length: 80 }, () => noise(random, 0.5));
    expect(sequentialAbove(values, schedule(20, 80))).toBeLessThan(1e-4);
  });

  test('how many rounds decide follows the square of what is missing', () => {
    expect(roundsNeeded(20, 0.0227501, 3.16712e-5)).toBe(80); // two standard errors, four wanted
    expect(roundsNeeded(20, 1e-9, 1e-3)).toBe(20);
    expect(roundsNeeded(20, 0.4, 1e-3)).toBeUndefined();
    expect(roundsNeeded(20, 1, 1e-3)).toBeUndefined();
  });
});

describe('several tests', () => {
  // R 4: p.adjust(c(0.01, 0.04, 0.03, 0.02, 0.05), "holm")
  test("are corrected as R's p.adjust does", () =>
    expect(holm([0.01, 0.04, 0.03, 0.02, 0.05])).toEqual(
      [0.05, 0.09, 0.09, 0.08, 0.09].map((p) => expect.closeTo(p, 12)),
    ));

  test('of which there is one are not, and of which there is none are none', () => {
    expect(holm([0.02])).toEqual([0.02]);
    expect(holm([])).toEqual([]);
  });
});

describe('a signed rank test', () => {
  test('of nothing, or of zeros alone, proves nothing', () => {
    expect(signedRankAbove([])).toBe(1);
    expect(signedRankAbove([0, 0])).toBe(1);
  });

  test('of n positive differences has the least p there is', () =>
    expect(signedRankAbove(Array.from({ length: 20 }, (_, i) => i + 1))).toBeCloseTo(2 ** -20, 12));
});

describe('an interval', () => {
  test('is the same for the same seed', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
    expect(medianInterval(values, 7)).toEqual(medianInterval(values, 7));
  });

  test('of one value is that value', () => expect(medianInterval([2], 1)).toEqual([2, 2]));
  test('of none is an error', () => expect(() => medianInterval([], 1)).toThrow(RangeError));
});
