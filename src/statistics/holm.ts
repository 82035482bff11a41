// Several tests at once: Holm's correction. A gate turns red on any one false alarm, so what is held is the chance of a
// single one among all (Holm), not their share among the alarms (Benjamini and Hochberg); and Holm holds it however the
// tests depend on one another, as those of programs measured by one machine do.

/** Each p as if it were the only test: rejected where it is at most the level for all. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!);
  const adjusted = new Array<number>(ps.length);
  let most = 0;
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (ps.length - rank) * ps[i]!));
    adjusted[i] = most;
  }
  return adjusted;
}
