// Mode comment: posts what another run has measured, for pull requests from forks, whose own runs may not write. It runs
// with a token that can, so it builds nothing, and believes nothing of the fork's but the figures it shows.

import { artifactsOfRun, filesOfArtifact } from '../github/artifacts.ts';
import { pullRequestsOf } from '../github/pulls.ts';
import { TollgateError } from '../model/errors.ts';
import { REPORT_CAP_BYTES } from '../report/parse.ts';
import { requireArtifact } from './merge.ts';
import { artifactName } from './names.ts';
import { FAULT_JSON, parseOutcome, REPORT_JSON, withoutToken } from './outcome.ts';
import type { ActionContext } from './ports.ts';
import { commentOn, commentText, renderOptions } from './publish.ts';

/** Throws TollgateError on another event, and where GitHub cannot be asked or the artifact cannot be read. */
export async function postReport(context: ActionContext): Promise<void> {
  const { event, github, inputs, runner } = context;
  if (event.kind !== 'workflow-run')
    throw new TollgateError('usage', `Cannot use 'mode: comment' on the event '${event.name}'`, {
      hint: 'it belongs into a workflow with `on: workflow_run`; docs/action.md has one',
    });
  if (!github) throw new TollgateError('usage', "Cannot use 'mode: comment' without a token");
  const { run, headSha } = event;
  if (!run.event.startsWith('pull_request'))
    return runner.info(`the run was for '${run.event}', not for a pull request: nothing to post`);
  if (!run.headRepository || run.headBranch === undefined)
    return runner.warning('the branch that was measured is gone: nothing to post');
  const head = { sha: headSha, branch: run.headBranch, repository: run.headRepository };
  const pullRequests = await pullRequestsOf(github, event, head);
  if (pullRequests.length === 0)
    return runner.info(`no open pull request has ${headSha} as its head any more: nothing to post`);

  const name = requireArtifact(artifactName(context));
  const artifact = (await artifactsOfRun(github, event, run.id)).find((each) => each.name === name);
  if (!artifact) return runner.warning(`run ${run.id} has no artifact '${name}': nothing to post`);
  const files = await filesOfArtifact(github, event, artifact, [REPORT_JSON, FAULT_JSON], REPORT_CAP_BYTES);
  const outcome = withoutToken(parseOutcome(files, name), inputs.token);
  const runUrl = `${context.serverUrl}/${event.owner}/${event.repo}/actions/runs/${run.id}`;
  const body = commentText(
    outcome,
    renderOptions(context, { run: runUrl, report: `${runUrl}/artifacts/${artifact.id}` }),
  );
  for (const pullRequest of pullRequests) await commentOn(context, pullRequest, outcome, body);
}
