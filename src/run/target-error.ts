// What becomes of a kernel that cannot be measured on: a failed target, with the reason; the others go on.

import { TollgateError } from '../model/errors.ts';
import type { Target } from '../model/report.ts';

/** Why the target failed. Throws again, after an abort, what is the user's to mend or nobody's but ours. */
export function targetErrorOf(
  cause: unknown,
  { signal }: { readonly signal?: AbortSignal },
): NonNullable<Target['error']> {
  signal?.throwIfAborted();
  if (!(cause instanceof TollgateError) || cause.kind !== 'infrastructure') throw cause;
  const { reason = 'infrastructure', tail, hint } = cause.details;
  const message = hint ? `${cause.message} (${hint})` : cause.message;
  return { reason, message, ...(tail === undefined ? {} : { tail }) };
}
