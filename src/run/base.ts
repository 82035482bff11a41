// Where the base comes from: a folder, or a git reference checked out in a worktree of its own and built.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { ExecaError, execa } from 'execa';
import { TollgateError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';

export interface Base {
  /** The project's folder at base, where the budget file's patterns are looked up. */
  readonly directory: string;
  readonly remove: () => Promise<void>;
}

/** A folder the user names. Throws TollgateError ('usage') where it is none. */
export function baseFromDirectory(path: string): Base {
  if (!existsSync(path))
    throw new TollgateError('usage', `Cannot use base '${path}': no such folder`, {
      hint: '--base takes the project at base, built; --base-ref takes a git reference',
    });
  return { directory: resolve(path), remove: async () => {} };
}

/**
 * The merge base of `reference` and HEAD, in a worktree outside the project. The project's own folder is not
 * touched. Throws TollgateError where git cannot find it.
 */
export async function baseFromGit(
  projectDir: string,
  reference: string,
  signal?: AbortSignal,
): Promise<Base> {
  const git = async (...args: string[]) => {
    const result = await execa('git', args, {
      cwd: projectDir,
      reject: false,
      ...(signal ? { cancelSignal: signal } : {}),
    });
    if (result.failed)
      throw new TollgateError(
        'usage',
        `Cannot find base '${reference}': git ${args[0]}: ${result.stderr || result.shortMessage}`,
        {
          hint: 'a shallow clone lacks history: fetch with depth 0, or name a folder with --base',
          cause: result,
        },
      );
    return result.stdout.trim();
  };
  if (reference.startsWith('-'))
    throw new TollgateError(
      'usage',
      `Cannot find base '${reference}': a git reference does not begin with '-'`,
    );
  const top = await git('rev-parse', '--show-toplevel');
  const mergeBase = await git('merge-base', 'HEAD', reference);
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-base-'));
  const worktree = join(folder, 'base');
  const remove = async () => {
    await execa('git', ['worktree', 'remove', '--force', worktree], { cwd: top, reject: false });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await git('worktree', 'add', '--detach', worktree, mergeBase);
  } catch (cause) {
    await remove();
    throw cause;
  }
  return { directory: join(worktree, relative(top, resolve(projectDir))), remove };
}

const OUTPUT_TAIL_CHARACTERS = 4000;

/**
 * Runs the budget file's `build` command in `directory`. It is the user's own command line and is given to sh as
 * one argument; nothing of ours is put into it. Throws TollgateError ('config') with the output's end.
 */
export async function build(
  side: 'base' | 'head',
  command: string,
  directory: string,
  options: { readonly onProgress?: OnProgress; readonly signal?: AbortSignal },
): Promise<void> {
  options.onProgress?.({ task: `build ${side}`, phase: 'build', message: command });
  try {
    await execa('sh', ['-c', command], {
      cwd: directory,
      stdin: 'ignore',
      all: true,
      maxBuffer: 64 << 20,
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    });
  } catch (cause) {
    options.signal?.throwIfAborted();
    const output = cause instanceof ExecaError ? String(cause.all ?? '') : String(cause);
    throw new TollgateError('config', `Cannot build ${side} with '${command}' in '${directory}'`, {
      tail: output.slice(-OUTPUT_TAIL_CHARACTERS).trim(),
      reason: 'build-failed',
      cause,
    });
  }
  options.onProgress?.({ task: `build ${side}`, phase: 'done' });
}
