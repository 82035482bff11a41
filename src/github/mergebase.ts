// What a change is compared with. For a pull request that is the merge base, which only the compare API (or a whole git
// history) knows: the payload's base.sha is wherever the base branch stood, with other people's changes in it.

import { callError, failureOf, type GitHub } from './client.ts';
import type { GitHubEvent } from './events.ts';

/** The commit to compare with, or why there is none; in that case absolute budgets still hold. */
export type Base =
  | { readonly kind: 'commit'; readonly sha: string }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * The base of what an event changed. `measuredSha` is the commit that was checked out: for a pull request GitHub checks
 * out its merge with the base branch by default, and that commit's base is another one than its head's.
 * Throws 'infrastructure' when GitHub cannot be asked; an unknown branch or an unrelated history is no error.
 */
export async function findBase(github: GitHub, event: GitHubEvent, measuredSha: string): Promise<Base> {
  switch (event.kind) {
    case 'pull-request':
      return await mergeBase(github, event, event.pullRequest.baseRef, measuredSha);
    case 'merge-group':
      // The group's head was made on top of it.
      return { kind: 'commit', sha: event.baseSha };
    case 'push':
      return event.before
        ? { kind: 'commit', sha: event.before }
        : { kind: 'none', reason: 'the branch was just created' };
    case 'manual':
      return { kind: 'none', reason: `${event.name} changes nothing to compare with; name a base-ref` };
    case 'workflow-run':
      return { kind: 'none', reason: 'workflow_run measures nothing itself' };
  }
}

/** The merge base of two branches or commits of a repository, by the compare API. */
export async function mergeBase(
  github: GitHub,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  base: string,
  head: string,
): Promise<Base> {
  try {
    const { data } = await github.request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      owner,
      repo,
      basehead: `${base}...${head}`,
      // The commits in between are of no use here.
      per_page: 1,
    });
    return { kind: 'commit', sha: data.merge_base_commit.sha };
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.trouble === 'missing') {
      return {
        kind: 'none',
        reason: `GitHub knows no merge base of ${base} and ${head}: ${failure.message}`,
      };
    }
    throw callError(`find the merge base of ${base} and ${head} in ${owner}/${repo}`, error);
  }
}
