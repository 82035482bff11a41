// How many rounds more would decide, if they go on as they did.

import { normalQuantile } from './normal.ts';

/**
 * Rounds in all, from the `p` that `rounds` gave and the one that decides; undefined where what was seen does not lean
 * that way enough to say.
 */
export function roundsNeeded(rounds: number, p: number, deciding: number): number | undefined {
  const now = normalQuantile(Math.min(1, p));
  if (now < LEANS) return undefined;
  return Math.ceil(rounds * Math.max(1, (normalQuantile(deciding) / now) ** 2));
}

/** Half a standard error: below that the direction is chance. */
const LEANS = 0.5;
