// Stopping early without lying: the differences are looked at a fixed number of times, said before the first round, and
// each look has its share of the error rate (Bonferroni's, which holds however the looks depend on one another).

import { signedRankAbove } from './signed-rank.ts';

export interface Schedule {
  /** Rounds at which is looked, in order. */
  readonly rounds: readonly number[];
  /** How many looks are paid for: those, and one where time runs out between two. */
  readonly looks: number;
}

const GROWTH = 1.4;

/** From `least` to `most` rounds, each look at 1.4 times the rounds of the one before. */
export function schedule(least: number, most: number): Schedule {
  const rounds: number[] = [];
  for (let at = least; at < most; at = Math.ceil(at * GROWTH)) rounds.push(at);
  rounds.push(Math.max(least, most));
  return { rounds, looks: rounds.length + 1 };
}

/** Whether it is looked at after so many rounds. */
export function isLook({ rounds }: Schedule, done: number): boolean {
  return rounds.includes(done);
}

/**
 * One-sided p that the differences are shifted up, valid whenever it was stopped: the least of all looks so far and of
 * one now, times the number of looks.
 */
export function sequentialAbove(differences: readonly number[], { rounds, looks }: Schedule): number {
  const at = new Set([...rounds.filter((count) => count < differences.length), differences.length]);
  const least = Math.min(...[...at].map((count) => signedRankAbove(differences.slice(0, count))));
  return Math.min(1, looks * least);
}
