// A branch that keeps a report for each commit of the default branch: a file for each, so that two runs never write the
// same one, and a plain history that any tool can read.

import { setTimeout as sleep } from 'node:timers/promises';
import { callError, failureOf, type GitHub, type RepositoryName } from './client.ts';

export interface HistoryEntry {
  readonly branch: string;
  /** As 'tollgate.yml/2026-11-21-COMMIT.json'. */
  readonly path: string;
  readonly text: string;
  /** Of the commit that adds the file. */
  readonly message: string;
}

/**
 * Adds a file to a branch, which is made, without a parent, where there is none. An entry that is there stays as it is.
 * Throws TollgateError ('infrastructure') where the token may not write contents.
 */
export async function keepHistory(
  github: GitHub,
  { owner, repo }: RepositoryName,
  { branch, path, text, message }: HistoryEntry,
): Promise<'added' | 'there'> {
  const at = { owner, repo };
  const content = Buffer.from(text).toString('base64');
  for (let attempt = 1; ; attempt++) {
    try {
      await github.request('PUT /repos/{owner}/{repo}/contents/{path}', {
        ...at,
        path,
        branch,
        message,
        content,
      });
      return 'added';
    } catch (cause) {
      const failure = failureOf(cause);
      // A file is there, and its own digest would be needed to replace it.
      if (failure?.trouble === 'invalid' && /\bsha\b/.test(failure.message)) return 'there';
      const isLast = attempt === ATTEMPTS;
      if (failure?.trouble === 'missing' && !isLast) await makeBranch(github, { owner, repo }, branch);
      // 409: another run wrote to the branch at the same moment.
      else if (failure?.trouble === 'conflict' && !isLast) await sleep(attempt * PAUSE_MS);
      else throw callError(`write '${path}' to branch '${branch}' of ${owner}/${repo}`, cause);
    }
  }
}

const ATTEMPTS = 4;
const PAUSE_MS = 500;

const README = 'Reports of Tollgate, one for each commit of the default branch.\n';

async function makeBranch(github: GitHub, at: RepositoryName, branch: string): Promise<void> {
  const { owner, repo } = at;
  try {
    const tree = await github.request('POST /repos/{owner}/{repo}/git/trees', {
      owner,
      repo,
      tree: [{ path: 'README.md', mode: '100644', type: 'blob', content: README }],
    });
    const commit = await github.request('POST /repos/{owner}/{repo}/git/commits', {
      owner,
      repo,
      message: 'Keep reports of Tollgate',
      tree: tree.data.sha,
      parents: [],
    });
    await github.request('POST /repos/{owner}/{repo}/git/refs', {
      owner,
      repo,
      ref: `refs/heads/${branch}`,
      sha: commit.data.sha,
    });
  } catch (cause) {
    // Another run was quicker.
    if (failureOf(cause)?.trouble === 'invalid') return;
    throw callError(`make branch '${branch}' of ${owner}/${repo}`, cause);
  }
}
