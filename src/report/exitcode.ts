// The exit code that a report stands for.

import { EXIT } from '../model/errors.ts';
import type { Report } from '../model/report.ts';

/** 0 within budget; 1 over budget, even where another target failed; 3 no verdict. */
export function exitCode({ verdict }: Pick<Report, 'verdict'>): number {
  return { pass: EXIT.pass, over: EXIT.over, failed: EXIT.infrastructure }[verdict];
}
