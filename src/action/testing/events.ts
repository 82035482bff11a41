// The payloads of the events that the sample repository can see, as GitHub sends them.

import { payload } from '../../github/testing/payloads.ts';

const repository = {
  name: 'lb',
  full_name: 'acme/lb',
  default_branch: 'main',
  owner: { login: 'acme' },
};
const fork = { ...repository, full_name: 'mallory/lb', owner: { login: 'mallory' } };

/** Pull request 7, of branch 'topic'. */
export function pullRequestEvent(
  { head, main }: { readonly head: string; readonly main: string },
  { fromFork = false, title = 'Change the program' } = {},
): unknown {
  return payload('pull_request$synchronize', {
    action: 'synchronize',
    number: 7,
    repository,
    pull_request: {
      number: 7,
      title,
      head: { ref: 'topic', sha: head, repo: fromFork ? fork : repository },
      base: { ref: 'main', sha: main, repo: repository },
    },
  });
}

export function pushEvent(ref: string, after: string): unknown {
  return payload('push$event', {
    ref,
    before: '1'.repeat(40),
    after,
    repository,
    pusher: { name: 'somebody' },
  });
}

/** The merge queue's branch for pull request 7. */
export function mergeGroupEvent(head: string, base: string): unknown {
  return payload('merge_group$checks_requested', {
    repository,
    merge_group: {
      head_sha: head,
      head_ref: `refs/heads/gh-readonly-queue/main/pr-7-${base}`,
      base_sha: base,
      base_ref: 'refs/heads/main',
    },
  });
}

export function dispatchEvent(ref: string): unknown {
  return payload('workflow_dispatch$event', { ref, repository });
}

/** The end of a run for a fork's pull request. */
export function workflowRunEvent(id: number, headSha: string): unknown {
  return payload('workflow_run$completed', {
    repository,
    workflow_run: {
      id,
      event: 'pull_request',
      conclusion: 'failure',
      head_sha: headSha,
      head_branch: 'topic',
      head_repository: { name: 'lb', full_name: 'mallory/lb', owner: { login: 'mallory' } },
      pull_requests: [],
    },
  });
}
