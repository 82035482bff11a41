// What a pull request is compared with: the merge base, which only the compare API (or a whole git history) knows. The
// payload's base.sha is wherever the base branch stood at the time, with other people's changes in it.

import { callError, failureOf, type GitHub, type RepositoryName } from './client.ts';

export type MergeBase =
  | { readonly kind: 'commit'; readonly sha: string }
  /** An unknown branch or commit, or histories that have nothing in common. */
  | { readonly kind: 'none'; readonly reason: string };

/**
 * The merge base of two branches or commits of a repository, by the compare API. Throws 'infrastructure' when GitHub
 * cannot be asked.
 */
export async function mergeBase(
  github: GitHub,
  { owner, repo }: RepositoryName,
  base: string,
  head: string,
): Promise<MergeBase> {
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
