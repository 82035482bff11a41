// Lines for the job's log. The runner reads commands out of it, and names of files, programs and kernels in a line are
// anybody's.

import { visible } from '../report/escape.ts';

/** `text` as one line that is no workflow command, in neither of the forms that the runner knows. */
export function logLine(text: string): string {
  const line = visible(text).replaceAll('##[', '## [');
  return /^\s*::/.test(line) ? `\\${line.trimStart()}` : line;
}
