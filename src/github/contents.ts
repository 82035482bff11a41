// A file's text at a commit, without a checkout: the base's own budget file, for one.

import { TollgateError } from '../model/errors.ts';
import { callError, failureOf, type GitHub, type RepositoryName } from './client.ts';

/** The largest file that is read. GitHub's JSON answer has the bytes of no larger one. */
export const FILE_LIMIT_BYTES = 1024 * 1024;

/**
 * The UTF-8 text of a file, `path` from the repository's root, or undefined where that commit has no such file. Throws
 * 'config' when it is no file or larger than FILE_LIMIT_BYTES, 'infrastructure' when GitHub cannot be asked.
 */
export async function fileAt(
  github: GitHub,
  { owner, repo }: RepositoryName,
  path: string,
  commit: string,
): Promise<string | undefined> {
  const what = `${path} of ${owner}/${repo}@${commit}`;
  try {
    const { data } = await github.request('GET /repos/{owner}/{repo}/contents/{path}', {
      owner,
      repo,
      path,
      ref: commit,
    });
    if (Array.isArray(data) || data.type !== 'file') {
      throw new TollgateError('config', `Cannot read ${what}: it is no file`);
    }
    if (data.size > FILE_LIMIT_BYTES) {
      throw new TollgateError(
        'config',
        `Cannot read ${what}: ${data.size} bytes are more than ${FILE_LIMIT_BYTES}`,
      );
    }
    return Buffer.from('content' in data ? data.content : '', 'base64').toString();
  } catch (error) {
    if (error instanceof TollgateError) throw error;
    if (failureOf(error)?.trouble === 'missing') return undefined;
    throw callError(`read ${what}`, error);
  }
}
