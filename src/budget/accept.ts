// Rows that are over and that somebody took on purpose. They stay over, and say so; they fail nothing.

import type { Acceptance } from '../model/accept.ts';
import { matchGlob, matchProgram } from '../model/match.ts';
import type { Verdict } from '../model/report.ts';
import { type Outcome, overall } from './compare.ts';

/**
 * Marks the rows that an acceptance names and judges again. A program that does not load is no cost: only an
 * acceptance that names load_ok takes it. Acceptances that take nothing become notes.
 */
export function accept(outcome: Outcome, acceptances: readonly Acceptance[]): Outcome {
  if (acceptances.length === 0) return outcome;
  const used = new Set<Acceptance>();
  const verdicts = outcome.verdicts.map((row): Verdict => {
    if (row.verdict !== 'over') return row;
    const acceptance = acceptances.find((each) => takes(each, row));
    if (!acceptance) return row;
    used.add(acceptance);
    const { by, reason, commit } = acceptance;
    return { ...row, accepted: { by, reason, ...(commit === undefined ? {} : { commit }) } };
  });
  // One of two that say the same is enough; a label is there for whatever is over.
  const idle = acceptances.filter(
    (each) => each.by !== 'label' && !used.has(each) && !verdicts.some((row) => takesOver(each, row)),
  );
  const notes = idle.map(
    ({ metric, program, commit }) =>
      `Nothing to accept for ${metric} of ${program}${commit ? ` (commit ${commit.slice(0, 12)})` : ''}: no such row is over.`,
  );
  const verdict = outcome.verdict === 'over' ? overall(verdicts) : outcome.verdict;
  return { verdicts, verdict, notes: [...outcome.notes, ...notes] };
}

const takesOver = (acceptance: Acceptance, row: Verdict) => row.verdict === 'over' && takes(acceptance, row);

function takes({ metric, program }: Acceptance, row: Verdict): boolean {
  const isMetric =
    row.metric === 'load_ok' ? metric === 'load_ok' : matchGlob(metric, row.metric) !== undefined;
  return isMetric && matchProgram(program, row) !== undefined;
}
