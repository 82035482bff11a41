// What only the API knows of a pull request at this moment: which one a commit belongs to, its labels, its commits'
// messages. A payload is as old as its event, and an artifact of a fork's run says whatever the fork wants.

import { allPages, callError, type GitHub, type RepositoryName } from './client.ts';

/** The head of a workflow run, from the `workflow_run` payload. */
export interface Head {
  readonly sha: string;
  readonly branch: string;
  /** Where the branch is: the repository itself or a fork. */
  readonly repository: RepositoryName;
}

/**
 * The open pull requests whose head is that very commit of that very repository, by number, the lowest first; none when
 * the branch has moved on since, two when it is offered to two base branches. GitHub's list of a commit's pull requests is
 * empty for forks, so they are looked for by their branch.
 */
export async function pullRequestsOf(
  github: GitHub,
  { owner, repo }: RepositoryName,
  head: Head,
): Promise<readonly number[]> {
  const fullName = `${head.repository.owner}/${head.repository.repo}`;
  try {
    const pulls = await allPages((page) =>
      github.request('GET /repos/{owner}/{repo}/pulls', {
        owner,
        repo,
        state: 'open',
        head: `${head.repository.owner}:${head.branch}`,
        ...page,
      }),
    );
    // GitHub takes a `head` that it cannot read for none at all, and lists everything.
    return pulls
      .filter((pull) => pull.head.sha === head.sha && pull.head.repo?.full_name === fullName)
      .map((pull) => pull.number)
      .sort((a, b) => a - b);
  } catch (error) {
    throw callError(`find the pull request of ${fullName}@${head.sha} in ${owner}/${repo}`, error);
  }
}

/** The names of its labels, as they are now. */
export async function labelsOf(
  github: GitHub,
  { owner, repo }: RepositoryName,
  pullRequest: number,
): Promise<readonly string[]> {
  try {
    const labels = await allPages((page) =>
      github.request('GET /repos/{owner}/{repo}/issues/{issue_number}/labels', {
        owner,
        repo,
        issue_number: pullRequest,
        ...page,
      }),
    );
    return labels.map((label) => label.name);
  } catch (error) {
    throw callError(`read the labels of ${owner}/${repo}#${pullRequest}`, error);
  }
}

export interface PullRequestCommits {
  /** Oldest first; messages as they were written, by anybody: untrusted. */
  readonly commits: readonly { readonly sha: string; readonly message: string }[];
  /** How many the pull request has. GitHub lists the first 250. */
  readonly total: number;
}

/** The commits of a pull request. */
export async function commitsOf(
  github: GitHub,
  { owner, repo }: RepositoryName,
  pullRequest: number,
): Promise<PullRequestCommits> {
  const at = { owner, repo, pull_number: pullRequest };
  try {
    const listed = await allPages((page) =>
      github.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', { ...at, ...page }),
    );
    const commits = listed.map(({ sha, commit }) => ({ sha, message: commit.message }));
    if (commits.length < LISTED_AT_MOST) return { commits, total: commits.length };
    const { data } = await github.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', at);
    return { commits, total: data.commits };
  } catch (error) {
    throw callError(`read the commits of ${owner}/${repo}#${pullRequest}`, error);
  }
}

const LISTED_AT_MOST = 250;
