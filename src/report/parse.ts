// A stored report as a report: its text is data from outside, whoever hands it over.

import { TollgateError } from '../model/errors.ts';
import { type Report, reportSchema } from '../model/report.ts';
import { clip, visible } from './escape.ts';

/** A report of four kernels and fifty programs takes 1 MB. */
export const REPORT_CAP_BYTES = 64 << 20;

/** `name` is what errors call it: a file. Throws TollgateError ('usage') on what is no report of schema 1. */
export function parseReport(text: string, name: string): Report {
  const refuse = (reason: string, hint?: string) =>
    new TollgateError('usage', `Cannot read report '${name}': ${reason}`, hint === undefined ? {} : { hint });
  if (text.length > REPORT_CAP_BYTES) throw refuse(`${text.length} characters exceed ${REPORT_CAP_BYTES}`);
  const value = parseJson(text);
  if (value === undefined) throw refuse('it is no JSON', "'tollgate check --json FILE' writes a report");
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (typeof schema === 'number' && schema !== 1)
    throw refuse(`it is of schema ${schema}, and this version of Tollgate reads schema 1`);
  const { data, error } = reportSchema.safeParse(value);
  if (data !== undefined) return data;
  const { path, message } = error.issues[0]!;
  const more = error.issues.length === 1 ? '' : ` (and ${error.issues.length - 1} more faults)`;
  const where = path.length === 0 ? '' : `${pathText(path)}: `;
  throw refuse(`${visible(clip(`${where}${message}`, FAULT_LENGTH))}${more}`);
}

const FAULT_LENGTH = 500;

/** undefined where it is none; JSON has no undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** 'verdicts[3].head'. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
