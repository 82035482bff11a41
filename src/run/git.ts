// What Tollgate asks of git, each a process with arguments of its own. A project's folder and its index are never
// touched: what base needs lies in a worktree elsewhere.

import { execa } from 'execa';
import { TollgateError } from '../model/errors.ts';

export interface GitOptions {
  /** Configuration for these calls alone, as credentials; given to git by its environment, not its arguments. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  readonly signal?: AbortSignal;
}

export type Git = (...args: string[]) => Promise<string>;

const OUTPUT_CAP_BYTES = 16 << 20;

/** git in `directory`: what it prints, trimmed. Throws TollgateError ('usage') with what git says. */
export function gitIn(directory: string, { config = [], signal }: GitOptions = {}): Git {
  const settings = config.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  return async (...args) => {
    const result = await execa('git', args, {
      cwd: directory,
      env: {
        GIT_TERMINAL_PROMPT: '0',
        ...(config.length > 0
          ? { GIT_CONFIG_COUNT: String(config.length), ...Object.fromEntries(settings) }
          : {}),
      },
      reject: false,
      maxBuffer: OUTPUT_CAP_BYTES,
      ...(signal ? { cancelSignal: signal } : {}),
    });
    signal?.throwIfAborted();
    if (result.failed)
      throw new TollgateError('usage', `git ${args[0]}: ${result.stderr.trim() || result.shortMessage}`, {
        cause: result,
      });
    return result.stdout.trim();
  };
}

/** The commit that is checked out, and its parents, which a shallow clone knows by name, too. */
export async function checkedOut(git: Git): Promise<{ commit: string; parents: string[] }> {
  const [commit, text] = [await git('rev-parse', 'HEAD'), await git('cat-file', 'commit', 'HEAD')];
  const [header = ''] = text.split('\n\n', 1);
  return { commit, parents: [...header.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map((match) => match[1]!) };
}

/** Where two commits parted, as far as the history that is here tells; undefined in a clone that is too shallow. */
export async function mergeBaseOf(git: Git, a: string, b: string): Promise<string | undefined> {
  if ((await git('rev-parse', '--is-shallow-repository')) === 'true') return undefined;
  try {
    return await git('merge-base', a, b);
  } catch {
    return undefined;
  }
}

/** Fetches one commit, without its history, where it is not here yet. Throws TollgateError ('usage'). */
export async function ensureCommit(git: Git, commit: string): Promise<void> {
  try {
    await git('cat-file', '-e', `${commit}^{commit}`);
  } catch {
    await git('fetch', '--no-tags', '--no-recurse-submodules', '--depth=1', 'origin', commit);
  }
}

/** The messages of the commits in `from..to`, the newest first, at most `limit`. */
export async function messagesBetween(
  git: Git,
  from: string,
  to: string,
  limit = 1000,
): Promise<{ commit: string; message: string }[]> {
  const text = await git('log', '-z', `--max-count=${limit}`, '--format=%H%n%B', `${from}..${to}`);
  return text
    .split('\0')
    .filter((each) => each !== '')
    .map((each) => {
      const end = each.indexOf('\n');
      return { commit: each.slice(0, end), message: each.slice(end + 1) };
    });
}
