// Who took a cost on purpose: trailers in the commits of this change, and a label that is read when it counts.

import { commitsOf, labelsOf } from '../github/pulls.ts';
import { type Acceptance, type CommitMessage, parseAcceptances } from '../model/accept.ts';
import { TollgateError } from '../model/errors.ts';
import { gitIn, messagesBetween } from '../run/git.ts';
import type { Sides } from './base.ts';
import { projectDirOf } from './names.ts';
import type { ActionContext } from './ports.ts';

export const LABEL = 'tollgate:accepted';

/** Acceptances for this change. What cannot be read is a warning: then nothing is accepted by it. */
export async function findAcceptances(context: ActionContext, sides: Sides): Promise<readonly Acceptance[]> {
  const { accepted, faults } = parseAcceptances(await messagesOf(context, sides));
  for (const fault of faults) context.runner.warning(fault);
  return [...accepted, ...(await acceptedByLabel(context))];
}

async function messagesOf(context: ActionContext, { base }: Sides): Promise<readonly CommitMessage[]> {
  const { event, github, runner } = context;
  const pullRequest = pullRequestOf(context);
  const trouble: string[] = [];
  if (pullRequest !== undefined && github) {
    try {
      const { commits, total } = await commitsOf(github, event, pullRequest);
      if (total > commits.length)
        runner.warning(`only the first ${commits.length} of ${total} commits were read for Tollgate-Accept`);
      return commits.map(({ sha, message }) => ({ commit: sha, message }));
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause;
      trouble.push(cause.message);
    }
  }
  const from = 'commit' in base ? base.commit : undefined;
  if (from !== undefined) {
    const git = gitIn(projectDirOf(context), { config: [['safe.directory', '*']] });
    // A shallow clone knows head alone, and would take all of it for this change's.
    if ((await git('rev-parse', '--is-shallow-repository').catch(() => 'true')) === 'false')
      return await messagesBetween(git, from, 'HEAD');
    trouble.push("the clone is shallow: give the token, or 'fetch-depth: 0' to the checkout");
  }
  if (pullRequest !== undefined)
    runner.warning(
      `commit messages were not read for Tollgate-Accept: ${trouble.join('; ') || 'no history here'}`,
    );
  return [];
}

async function acceptedByLabel(context: ActionContext): Promise<readonly Acceptance[]> {
  const { event, github, runner } = context;
  const number = pullRequestOf(context);
  if (!github || number === undefined) return [];
  try {
    const labels = await labelsOf(github, event, number);
    if (!labels.includes(LABEL)) return [];
    return [{ metric: '*', program: '*', by: 'label', reason: `label ${LABEL} on #${number}` }];
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    runner.warning(cause.message);
    return [];
  }
}

/** Of a merge queue's branch ('refs/heads/gh-readonly-queue/main/pr-7-ABCDEF') the pull request that it is for. */
function pullRequestOf({ event, ref }: ActionContext): number | undefined {
  if (event.kind === 'pull-request') return event.pullRequest.number;
  const number = /^refs\/heads\/gh-readonly-queue\/.+\/pr-(\d{1,9})-[0-9a-f]+$/.exec(ref)?.[1];
  return number === undefined ? undefined : Number(number);
}
