// One run of the Action from its inputs to its exit code.

import { EXIT, formatError, TollgateError } from '../model/errors.ts';
import { measureChange, readRequest } from './check.ts';
import { postReport } from './companion.ts';
import { mergeShards } from './merge.ts';
import { outcomeOf } from './outcome.ts';
import type { ActionContext } from './ports.ts';
import { prepare } from './prepare.ts';
import { publish } from './publish.ts';

/** Does what the mode asks for and returns the exit code. Nothing is thrown but crashes of ours in mode comment. */
export async function runAction(context: ActionContext): Promise<number> {
  switch (context.inputs.mode) {
    case 'exact':
      return await measure(context);
    case 'merge':
      return await merge(context);
    case 'comment':
      return await post(context);
  }
}

async function merge(context: ActionContext): Promise<number> {
  const outcome = await outcomeOf(() => context.runner.group('Merge', () => mergeShards(context)));
  return context.signal?.aborted ? cancelled(context) : await publish(context, outcome);
}

async function measure(context: ActionContext): Promise<number> {
  let keep = async () => {};
  const outcome = await outcomeOf(async () => {
    const request = readRequest(context);
    const prepared = await prepare(context, request);
    const report = await measureChange(context, request, prepared.tools);
    keep = () => prepared.keep(report);
    return report;
  });
  if (context.signal?.aborted) return cancelled(context);
  const exitCode = await publish(context, outcome);
  // Last: nobody waits for it who wants to read the comment.
  await keep();
  return exitCode;
}

/** A job that is cancelled, as by a newer push, has nothing to say on the pull request: the newer one's words stand. */
function cancelled({ runner }: ActionContext): number {
  runner.warning('The job was cancelled: nothing is posted, and there is no verdict.');
  return EXIT.infrastructure;
}

/** The verdict is another job's; this one fails where the comment could not be had at all. */
async function post(context: ActionContext): Promise<number> {
  try {
    await postReport(context);
    return EXIT.pass;
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    context.runner.annotate({
      level: 'error',
      title: 'Tollgate: the report was not posted',
      message: formatError(cause),
    });
    return cause.exitCode;
  }
}
