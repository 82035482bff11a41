// Wilcoxon's signed-rank test: are paired differences shifted up? It rests on ranks, so a burst of noise in one round
// weighs no more than that round's place; it needs a difference to be as likely above as below where nothing is shifted,
// which is what measuring both sides alike and in an order drawn by lot makes true.

import { normalTail } from './normal.ts';

/** Up to so many differences the distribution is counted out, ties included; beyond, it is as good as normal. */
const EXACT_MOST = 100;

/**
 * One-sided p: how likely differences are at least so far up where there is no shift. Zeros are left out, as Wilcoxon
 * did; ties share their ranks. 1 where nothing is left.
 */
export function signedRankAbove(differences: readonly number[]): number {
  const kept = differences.filter((difference) => difference !== 0);
  if (kept.length === 0) return 1;
  const ranks = doubledMidranks(kept.map(Math.abs));
  const above = kept.reduce((sum, difference, i) => sum + (difference > 0 ? ranks[i]! : 0), 0);
  return kept.length <= EXACT_MOST ? exactTail(ranks, above) : normalApproximation(ranks, above);
}

/** Twice the rank of each, which is a whole number even where several share one. */
function doubledMidranks(sizes: readonly number[]): number[] {
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[a]! - sizes[b]!);
  const ranks = new Array<number>(sizes.length);
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && sizes[order[last + 1]!] === sizes[order[first]!]) last++;
    for (let i = first; i <= last; i++) ranks[order[i]!] = first + last + 2;
    first = last + 1;
  }
  return ranks;
}

/** The share of all assignments of signs whose sum of positive ranks is `above` or more. */
function exactTail(ranks: readonly number[], above: number): number {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const share = new Float64Array(total + 1);
  share[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let sum = reached; sum >= 0; sum--)
      share[sum] = (share[sum]! + (sum >= rank ? share[sum - rank]! : 0)) / 2;
  }
  // From the far end: the small ones are added up first.
  let tail = 0;
  for (let sum = total; sum >= above; sum--) tail += share[sum]!;
  return Math.min(1, tail);
}

/** With the variance that ties leave, and half a rank for that sums are whole. */
function normalApproximation(ranks: readonly number[], above: number): number {
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
  const variance = ranks.reduce((sum, rank) => sum + rank * rank, 0) / 4;
  return normalTail((above - mean - 1) / Math.sqrt(variance));
}
