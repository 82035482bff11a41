// Where the base comes from: a folder, prebuilt objects, or a commit checked out in a worktree of its own and built.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { messageOf, TollgateError } from '../model/errors.ts';
import { ensureCommit, type GitOptions, gitIn } from './git.ts';

export interface Base {
  /** The project's folder at base, where the budget file's patterns are looked up. */
  readonly directory: string;
  /** The objects are there already: `build` is not run. */
  readonly built: boolean;
  readonly commit?: string;
  /** Base's budget file, where it does not lie in `directory`. */
  readonly configText?: string;
  readonly remove: () => Promise<void>;
}

/** Why there is no base: absolute budgets hold without one, and the report says so. */
export interface NoBase {
  readonly missing: string;
}

/** A folder the user names. Throws TollgateError ('usage') where it is none. */
export function baseFromDirectory(path: string): Base {
  if (!existsSync(path))
    throw new TollgateError('usage', `Cannot use base '${path}': no such folder`, {
      hint: '--base takes the project at base, built; --base-ref takes a git reference',
    });
  return { directory: resolve(path), built: false, remove: async () => {} };
}

/** Objects of base that are built already, as another job's artifact holds them. Throws like `baseFromDirectory`. */
export function baseFromObjects(path: string, facts: Pick<Base, 'commit' | 'configText'> = {}): Base {
  return { ...baseFromDirectory(path), ...facts, built: true };
}

/**
 * The merge base of `reference` and HEAD, in a worktree outside the project.
 * Throws TollgateError ('usage') where git cannot find it.
 */
export async function baseFromGit(
  projectDir: string,
  reference: string,
  options: GitOptions = {},
): Promise<Base> {
  if (reference.startsWith('-'))
    throw new TollgateError(
      'usage',
      `Cannot find base '${reference}': a git reference does not begin with '-'`,
    );
  const commit = await orCannotFind(reference, () =>
    gitIn(projectDir, options)('merge-base', 'HEAD', reference),
  );
  return await baseFromCommit(projectDir, commit, options);
}

/**
 * A commit, fetched from 'origin' where the clone lacks it, in a worktree outside the project, with the submodules
 * that the project has checked out. Throws TollgateError ('usage') where it cannot be had.
 */
export async function baseFromCommit(
  projectDir: string,
  commit: string,
  options: GitOptions = {},
): Promise<Base> {
  const git = gitIn(projectDir, options);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-base-'));
  const worktree = join(folder, 'base');
  const remove = async () => {
    // Also when the run was stopped. Without git's help the folder goes all the same.
    const tidy = gitIn(projectDir, options.config ? { config: options.config } : {});
    await tidy('worktree', 'remove', '--force', '--force', worktree).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
    await tidy('worktree', 'prune').catch(() => {});
  };
  try {
    const top = await orCannotFind(commit, async () => {
      await ensureCommit(git, commit);
      await git('worktree', 'add', '--detach', worktree, commit);
      return await git('rev-parse', '--show-toplevel');
    });
    if (existsSync(join(worktree, '.gitmodules')) && (await hasSubmodules(git)))
      await orCannotFind(commit, () =>
        gitIn(worktree, options)('submodule', 'update', '--init', '--recursive', '--depth=1'),
      );
    const directory = join(worktree, relative(top, resolve(projectDir)));
    return { directory, built: false, commit, remove };
  } catch (cause) {
    await remove();
    throw cause;
  }
}

/** A submodule that is not checked out has a '-' before its name. */
async function hasSubmodules(git: ReturnType<typeof gitIn>): Promise<boolean> {
  const lines = (await git('submodule', 'status')).split('\n');
  return lines.some((line) => line !== '' && !line.startsWith('-'));
}

async function orCannotFind<T>(base: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    throw new TollgateError('usage', `Cannot find base '${base}': ${messageOf(cause)}`, {
      hint: 'a shallow clone lacks history: fetch with depth 0, or name a folder with --base',
      cause,
    });
  }
}
