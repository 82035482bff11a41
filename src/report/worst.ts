// Which failures are worst: where a rendering has room for some of them alone, it is these.

import type { Verdict } from '../model/report.ts';

/**
 * Kernels without figures, then programs that do not load, then figures that vanished, then the others by how far they
 * are beyond their budget, in proportion to it. Rows that are alike keep their order.
 */
export function worstFirst(rows: readonly Verdict[]): Verdict[] {
  return rows
    .map((row) => ({ row, grade: gradeOf(row), excess: excessOf(row) }))
    .sort((a, b) => a.grade - b.grade || (a.excess === b.excess ? 0 : a.excess < b.excess ? 1 : -1))
    .map(({ row }) => row);
}

function gradeOf({ verdict, metric, head }: Verdict): number {
  if (verdict === 'failed') return 0;
  if (metric === 'load_ok') return 1;
  return head === undefined ? 2 : 3;
}

/** 0.1 where a figure is a tenth beyond what is allowed; a limit of 0 counts as one of 1. */
function excessOf({ base, head, budget }: Verdict): number {
  if (head === undefined || budget === undefined) return 0;
  const { max, increase, min, decrease } = budget;
  const above = [
    ...(max === undefined ? [] : [max]),
    ...(increase === undefined || base === undefined ? [] : [base + increase]),
  ].map((limit) => ({ limit, by: head - limit }));
  const below = [
    ...(min === undefined ? [] : [min]),
    ...(decrease === undefined || base === undefined ? [] : [base - decrease]),
  ].map((limit) => ({ limit, by: limit - head }));
  return Math.max(0, ...[...above, ...below].map(({ limit, by }) => by / Math.max(1, Math.abs(limit))));
}
