// The report as it is stored and passed on: schema 1, keys in the schema's order, so that two files can be compared.

import { type Report, reportSchema } from '../model/report.ts';

/** Ends with a line break. Throws ZodError on a report that is none. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(reportSchema.parse(report), null, 2)}\n`;
}
