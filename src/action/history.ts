// What a push to the default branch leaves for trends, where the user asks for it.

import { dirname } from 'node:path';
import { keepHistory } from '../github/history.ts';
import { historyFolder, historyName } from './names.ts';
import type { Outcome } from './outcome.ts';
import type { ActionContext } from './ports.ts';

export const HISTORY_BRANCH = 'tollgate-history';

/** Keeps a report of the default branch; anything else is kept nowhere. */
export async function keepForTrends(
  context: ActionContext,
  outcome: Outcome,
  jsonPath: string,
): Promise<void> {
  const { inputs, event, github, runner, artifacts } = context;
  if (inputs.history === 'none' || outcome.kind !== 'report') return;
  if (event.kind !== 'push' || !event.toDefaultBranch) return;
  if (inputs.history === 'artifact') {
    const { url } = await artifacts.upload(historyName(context, event.headSha), dirname(jsonPath), [
      jsonPath,
    ]);
    return runner.info(`history: ${url}`);
  }
  if (!github) return runner.warning('no history: there is no token');
  const day = new Date().toISOString().slice(0, 10);
  const path = `${historyFolder(context)}/${day}-${event.headSha}.json`;
  const kept = await keepHistory(github, event, {
    branch: HISTORY_BRANCH,
    path,
    text: `${JSON.stringify(outcome.report)}\n`,
    message: `Report of ${event.headSha}`,
  });
  runner.info(`history: ${path} on branch ${HISTORY_BRANCH}${kept === 'there' ? ' was there' : ''}`);
}
