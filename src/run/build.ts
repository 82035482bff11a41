// The budget file's `build` command: the user's own line, run for head and for base.

import { ExecaError, execa } from 'execa';
import { TollgateError } from '../model/errors.ts';
import type { OnProgress } from '../model/progress.ts';

export interface BuildOptions {
  /** The command's whole environment; without it ours. */
  readonly buildEnv?: Readonly<Record<string, string>>;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
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
  { buildEnv, onProgress, signal }: BuildOptions,
): Promise<void> {
  onProgress?.({ task: `build ${side}`, phase: 'build', message: command });
  const running = execa('sh', ['-c', command], {
    cwd: directory,
    stdin: 'ignore',
    all: true,
    maxBuffer: 64 << 20,
    // A group of its own: what make and the compilers have started ends with it.
    detached: true,
    ...(buildEnv ? { env: buildEnv, extendEnv: false } : {}),
  });
  const stop = () => running.pid !== undefined && process.kill(-running.pid, 'SIGKILL');
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    await running;
  } catch (cause) {
    signal?.throwIfAborted();
    const output = cause instanceof ExecaError ? String(cause.all ?? '') : String(cause);
    throw new TollgateError('config', `Cannot build ${side} with '${command}' in '${directory}'`, {
      tail: output.slice(-OUTPUT_TAIL_CHARACTERS).trim(),
      reason: 'build-failed',
      cause,
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  onProgress?.({ task: `build ${side}`, phase: 'done' });
}
