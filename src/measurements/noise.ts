// What a machine can prove: from rounds of a program against itself the smallest change that the verdict's own test would
// call one in so many rounds.

import { FALSE_ALARMS, type Rounds, type TimedBounds } from '../model/timed.ts';
import { median } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';
import { sequentialAbove } from '../statistics/sequential.ts';
import { scheduleOf } from './timed.ts';

/**
 * ns a run that head may be dearer before it is found out half of the time in `count` rounds; undefined where so few
 * rounds prove nothing. Rounds are drawn from those there are. Throws RangeError on no rounds.
 */
export function smallestProvable(
  { head, base }: Pick<Rounds, 'head' | 'base'>,
  count: number,
  bounds: TimedBounds,
  seed: number,
): number | undefined {
  if (count < bounds.leastRounds) return undefined;
  const plan = scheduleOf({ ...bounds, mostRounds: Math.max(bounds.mostRounds, count) });
  const typical = median(base);
  const shares = head.map((value, i) => (value - base[i]!) / base[i]!);
  const random = seededRandom(seed);
  const found = Array.from({ length: DRAWS }, () => {
    const drawn = Array.from({ length: count }, () => shares[Math.floor(random() * shares.length)]!);
    let [low, high] = [0, MOST_SHARE];
    while (high - low > HIGHEST_PRECISION) {
      const middle = (low + high) / 2;
      const shifted = drawn.map((share) => share + middle);
      if (sequentialAbove(shifted, plan) <= FALSE_ALARMS) high = middle;
      else low = middle;
    }
    return high;
  });
  const share = median(found);
  return share > MOST_SHARE * 0.99 ? undefined : share * typical;
}

const DRAWS = 15;
const MOST_SHARE = 10;
const HIGHEST_PRECISION = 1e-5;
