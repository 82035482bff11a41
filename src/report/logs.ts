// What a kernel's console and the verifier's log said before a failure: the last lines, which hold the reason.

import type { Report, Verdict } from '../model/report.ts';
import { labelsOf } from './rows.ts';

export interface Log {
  readonly title: string;
  readonly log: string;
}

/** Consoles and logs that belong to failures, the last lines of each. */
export function failureLogs(report: Report): Log[] {
  const consoles = report.targets.flatMap(({ kernel, error }) =>
    error?.tail === undefined ? [] : [{ title: `console of ${kernel}`, log: lastLines(error.tail) }],
  );
  const key = ({ target, object, program }: Pick<Verdict, 'target' | 'object' | 'program'>) =>
    JSON.stringify([target, object, program]);
  const logs = new Map(
    report.measurements.flatMap((figure) =>
      figure.side === 'head' && figure.metric === 'load_ok' && figure.log !== undefined
        ? [[key(figure), figure.log]]
        : [],
    ),
  );
  const labels = labelsOf(report);
  const rejected = report.verdicts.flatMap((row) => {
    const log = row.metric === 'load_ok' && row.verdict === 'over' ? logs.get(key(row)) : undefined;
    if (log === undefined) return [];
    return [{ title: `log of ${row.program} on ${labels.target(row.target)}`, log: lastLines(log) }];
  });
  return [...consoles, ...rejected];
}

const LOG_LINES = 30;

/** The end of a log, which says what went wrong. */
export function lastLines(log: string): string {
  return log.replace(/\s+$/, '').split('\n').slice(-LOG_LINES).join('\n').slice(-8000);
}
