// Costs that are taken on purpose: the trailer in a commit's message that says which, and why.
// A trailer that cannot be read is said, never ignored: its author believes the cost is accepted.

import { METRIC_NAMES } from './metrics.ts';
import { didYouMean } from './suggest.ts';

/** One cost that somebody takes: the rows of that metric and program that are over. */
export interface Acceptance {
  /** A metric's name, or '*': any but load_ok, which is no cost and has to be named. */
  readonly metric: string;
  /** 'PROGRAM' or 'OBJECT/PROGRAM', each a name or a glob, as in the budget file. */
  readonly program: string;
  readonly reason: string;
  readonly by: 'commit' | 'label' | 'option';
  /** The id of the commit whose message has the trailer. */
  readonly commit?: string;
}

export interface Acceptances {
  readonly accepted: readonly Acceptance[];
  /** Lines for the user: trailers that say nothing that can be used. */
  readonly faults: readonly string[];
}

export interface CommitMessage {
  readonly commit: string;
  readonly message: string;
}

export const TRAILER = 'Tollgate-Accept';

/**
 * The trailers of commit messages: lines 'Tollgate-Accept: METRIC PROGRAM REASON', anywhere in a message, because
 * squashing puts whole messages into the middle of one. A line that begins with a blank continues the one before.
 */
export function parseAcceptances(messages: readonly CommitMessage[]): Acceptances {
  const read = messages.flatMap(({ commit, message }) =>
    trailersOf(message).map((text) => ({ commit, text, ...parseAcceptance(text) })),
  );
  return {
    accepted: read.flatMap(({ commit, acceptance }) =>
      acceptance ? [{ ...acceptance, by: 'commit' as const, commit }] : [],
    ),
    faults: read.flatMap(({ commit, text, fault }) =>
      fault === undefined
        ? []
        : [`Cannot use '${TRAILER}: ${text}' of commit ${commit.slice(0, 12)}: ${fault}`],
    ),
  };
}

/** The three parts of 'METRIC PROGRAM REASON', or what is wrong with them. */
export function parseAcceptance(text: string): {
  acceptance?: Pick<Acceptance, 'metric' | 'program' | 'reason'>;
  fault?: string;
} {
  const [metric = '', program = '', ...rest] = text.trim().split(/\s+/);
  const reason = rest.join(' ');
  if (metric !== '*' && !(METRIC_NAMES as readonly string[]).includes(metric)) {
    const hint = didYouMean(metric, METRIC_NAMES) ?? `metrics: ${METRIC_NAMES.join(', ')}, or '*'`;
    return { fault: `unknown metric '${metric}' (${hint})` };
  }
  if (reason === '') return { fault: 'expected METRIC PROGRAM REASON' };
  return { acceptance: { metric, program, reason } };
}

const MAX_REASON_CHARACTERS = 500;

function trailersOf(message: string): string[] {
  const found: string[] = [];
  let open = false;
  for (const line of message.split(/\r?\n/)) {
    const trailer = /^tollgate-accept:(.*)$/i.exec(line);
    if (trailer) found.push(trailer[1]!.trim());
    else if (open && /^[ \t]+\S/.test(line)) found.push(`${found.pop()} ${line.trim()}`);
    open = trailer !== null || (open && /^[ \t]+\S/.test(line));
  }
  return found.map((text) => text.slice(0, MAX_REASON_CHARACTERS));
}
