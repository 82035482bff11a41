// What a kernel's console and the verifier's log said before a failure: the last lines, which hold the reason.

import type { Report } from '../model/report.ts';
import { targetLabel } from './rows.ts';

/** Consoles and logs that belong to failures, the last lines of each. */
export function failureLogs(report: Report): { title: string; log: string }[] {
  const consoles = report.targets.flatMap(({ kernel, error }) =>
    error?.tail === undefined ? [] : [{ title: `console of ${kernel}`, log: lastLines(error.tail) }],
  );
  const rejected = report.verdicts
    .filter(({ metric, verdict }) => metric === 'load_ok' && verdict === 'over')
    .flatMap((row) => {
      const found = report.measurements.find(
        ({ side, target, object, program, metric }) =>
          side === 'head' &&
          metric === 'load_ok' &&
          target === row.target &&
          object === row.object &&
          program === row.program,
      );
      if (found?.log === undefined) return [];
      const title = `log of ${row.program} on ${targetLabel(report.targets, row.target)}`;
      return [{ title, log: lastLines(found.log) }];
    });
  return [...consoles, ...rejected];
}

const LOG_LINES = 30;

function lastLines(log: string): string {
  return log.replace(/\s+$/, '').split('\n').slice(-LOG_LINES).join('\n').slice(-8000);
}
