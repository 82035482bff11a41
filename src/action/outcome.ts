// What a job came to: a report, or the reason why there is none. Both travel in an artifact from job to job, where they
// are data of whoever could upload them: read with a cap, parsed by a schema.

import * as z from 'zod';
import { TollgateError } from '../model/errors.ts';
import type { Report } from '../model/report.ts';
import { type Fault, faultOf } from '../report/fault.ts';
import { parseReport } from '../report/parse.ts';

export type Outcome =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'fault'; readonly fault: Fault };

export const REPORT_JSON = 'report.json';
export const REPORT_MARKDOWN = 'report.md';
export const FAULT_JSON = 'fault.json';

const text = z.string().max(100_000);
const faultSchema = z.strictObject({
  kind: z.enum(['config', 'usage', 'infrastructure', 'crash']),
  errors: z
    .array(
      z.strictObject({
        message: text,
        hint: text.optional(),
        tail: text.optional(),
        place: z.strictObject({ file: text, line: z.number().int(), column: z.number().int() }).optional(),
      }),
    )
    .max(1000),
});

/** The outcome that an artifact's files hold. Throws TollgateError ('infrastructure') where they hold none. */
export function parseOutcome(files: ReadonlyMap<string, string>, artifact: string): Outcome {
  const report = files.get(REPORT_JSON);
  if (report !== undefined)
    return { kind: 'report', report: parseReport(report, `${artifact}/${REPORT_JSON}`) };
  const fault = files.get(FAULT_JSON);
  if (fault !== undefined) return { kind: 'fault', fault: parseFault(fault, artifact) };
  throw new TollgateError(
    'infrastructure',
    `Cannot read artifact '${artifact}': it holds neither ${REPORT_JSON} nor ${FAULT_JSON}`,
  );
}

function parseFault(json: string, artifact: string): Fault {
  try {
    return faultSchema.parse(JSON.parse(json)) as Fault;
  } catch (cause) {
    throw new TollgateError(
      'infrastructure',
      `Cannot read '${artifact}/${FAULT_JSON}': it is no fault of Tollgate's`,
      { cause },
    );
  }
}

/** What `work` gives, or what it throws as a fault. */
export async function outcomeOf(work: () => Promise<Report>): Promise<Outcome> {
  try {
    return { kind: 'report', report: await work() };
  } catch (cause) {
    return { kind: 'fault', fault: faultOf(cause) };
  }
}

/** The same with every occurrence of a token replaced, and of what git sends it as. */
export function withoutToken(outcome: Outcome, token: string): Outcome {
  if (token.length < TOKEN_AT_LEAST) return outcome;
  const texts = [token, credentialsOf(token)];
  const clean = texts.reduce(
    (json, text) => json.replaceAll(JSON.stringify(text).slice(1, -1), '***'),
    JSON.stringify(outcome),
  );
  return JSON.parse(clean) as Outcome;
}

/**
 * The same without what a build printed: it may hold secrets, which the runner masks in logs and summaries, and in
 * nothing else.
 */
export function withoutBuildOutput(outcome: Outcome): Outcome {
  if (outcome.kind === 'report' || outcome.fault.kind !== 'config') return outcome;
  const errors = outcome.fault.errors.map(({ tail, hint, ...error }) => ({
    ...error,
    ...(tail === undefined
      ? hint === undefined
        ? {}
        : { hint }
      : { hint: "what it printed is in the job's log" }),
  }));
  return { kind: 'fault', fault: { ...outcome.fault, errors } };
}

/** What git sends to GitHub for a token. */
export function credentialsOf(token: string): string {
  return Buffer.from(`x-access-token:${token}`).toString('base64');
}

/** Shorter ones are no tokens, and would take out what only looks alike. */
const TOKEN_AT_LEAST = 8;
