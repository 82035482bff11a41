// Every failure that a user can meet, as one shape: what was tried, on what, what to do.
// The kind decides the exit code; a crash of ours is none of these and says so.

export type ErrorKind = 'usage' | 'config' | 'infrastructure';

/** Exit codes of the command line: 0 within budget, 1 over budget, 2 usage or configuration, 3 no verdict. */
export const EXIT = { pass: 0, over: 1, usage: 2, infrastructure: 3 } as const;

/** Where in a user's file: line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ErrorDetails {
  /** What the user can do, a sentence or a command. */
  readonly hint?: string;
  readonly place?: Place;
  /** The last lines of a console or a log that belong to the error. */
  readonly tail?: string;
  /** A short machine-readable reason, as 'kernel-panic' or 'digest-mismatch'. */
  readonly reason?: string;
  /** The reference of the kernel that the error is about, as the user gave it. */
  readonly kernel?: string;
  readonly cause?: unknown;
}

/** An error with a reason the user can act on. `message` names action, object and value. */
export class TollgateError extends Error {
  override readonly name = 'TollgateError';
  readonly kind: ErrorKind;
  readonly details: ErrorDetails;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.details = details;
  }

  get exitCode(): number {
    return this.kind === 'infrastructure' ? EXIT.infrastructure : EXIT.usage;
  }
}

/** Several errors found in one pass over a file, so that a user mends them all at once. */
export class TollgateErrors extends TollgateError {
  readonly errors: readonly TollgateError[];

  constructor(errors: readonly TollgateError[]) {
    const first = errors[0];
    if (!first) throw new RangeError('TollgateErrors needs at least one error');
    super(first.kind, errors.map(formatError).join('\n'), { cause: first });
    this.errors = errors;
  }
}

/** One line of "message (file:line:column)", the hint on a second line, the log's tail below. */
export function formatError(error: TollgateError): string {
  const { place, hint, tail } = error.details;
  const where = place ? ` (${place.file}:${place.line}:${place.column})` : '';
  const lines = [`${error.message}${where}`];
  if (hint) lines.push(`  ${hint}`);
  if (tail) lines.push(...tail.split('\n').map((line) => `  | ${line}`));
  return lines.join('\n');
}

/** Whether it is one of ours, for one of these reasons. */
export function hasReason(error: unknown, ...reasons: readonly string[]): error is TollgateError {
  return error instanceof TollgateError && reasons.includes(error.details.reason ?? '');
}

/** What a caught value says. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The same in one line, of 500 characters at most. */
export function lineOf(cause: unknown): string {
  return messageOf(cause)
    .trim()
    .replace(/\s*\n\s*/g, '; ')
    .slice(0, 500);
}
