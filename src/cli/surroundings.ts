// What a run of a command has around it: environment, folders, progress, and signals that end it.

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../model/config.ts';
import { EXIT, TollgateError } from '../model/errors.ts';
import type { LockedKernel } from '../model/kernel.ts';
import type { Report, Target } from '../model/report.ts';
import { cacheDirOf, proxyOf } from '../model/surroundings.ts';
import { exitCode } from '../report/exitcode.ts';
import type { RunOptions } from '../run/execute.ts';
import { createProgress, type Progress } from '../run/progress.ts';
import { atItsKernel, lockBeside } from '../run/project.ts';
import { DEFAULT_STATES_LIMIT_MB } from '../vm/saved-state.ts';
import type { CommonFlags } from './flags.ts';

declare const TOLLGATE_VERSION: string;
export const version = typeof TOLLGATE_VERSION === 'string' ? TOLLGATE_VERSION : '0.0.0-source';

export const abort = new AbortController();
// These listeners stay: execa's own would end the process, before anything is removed, if they were the last.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (abort.signal.aborted) process.exit(EXIT.infrastructure); // asked twice: leave at once
    abort.abort(new TollgateError('infrastructure', `Stopped by ${signal}`, { reason: 'stopped' }));
  });

export async function withRun(
  flags: CommonFlags,
  file: { readonly path: string; readonly config: Config } | undefined,
  work: (options: RunOptions) => Promise<Report | undefined>,
): Promise<void> {
  const progress = progressFor(flags);
  try {
    const baseDir = file ? resolve(dirname(file.path)) : process.cwd();
    const cpu = flags.cpu ?? file?.config.machine?.cpu;
    const options = await runOptions(flags, file ? lockBeside(file.path) : undefined, baseDir, progress, cpu);
    const report = await work(options);
    if (report) process.exitCode = exitCode(report);
  } catch (cause) {
    throw file && !flags.kernel ? atItsKernel(cause, file.path) : cause;
  } finally {
    await progress.end();
  }
}

/** Of a command that gives no verdict: a target that failed is its exit code. */
export function endOf(targets: readonly Target[]): undefined {
  if (targets.some(({ status }) => status === 'failed')) process.exitCode = EXIT.infrastructure;
}

export async function runOptions(
  flags: CommonFlags,
  locked: Promise<readonly LockedKernel[] | undefined> | undefined,
  baseDir: string,
  progress?: Progress,
  cpu: string | undefined = flags.cpu,
): Promise<RunOptions> {
  const { env } = process;
  const mirror = flags.mirror ?? env.TOLLGATE_MIRROR;
  const qemuPath = flags.qemu ?? env.TOLLGATE_QEMU;
  const proxy = proxyOf(env);
  const pinned = await locked;
  return {
    cacheDir: flags.cacheDir === undefined ? cacheDirOf(env) : resolve(flags.cacheDir),
    distDir: findDist(),
    baseDir,
    useSavedState: flags.savedState,
    savedStatesLimitBytes: megabytesFrom(env.TOLLGATE_STATES_MB, DEFAULT_STATES_LIMIT_MB) * 1e6,
    signal: abort.signal,
    onWarning: (line) => process.stderr.write(`warning: ${line}\n`),
    ...(progress ? { onProgress: progress.onProgress } : {}),
    ...(mirror === undefined ? {} : { mirror }),
    ...(proxy ? { proxy } : {}),
    ...(flags.offline ? { offline: true } : {}),
    ...(pinned ? { lock: pinned } : {}),
    ...(cpu === undefined ? {} : { cpu }),
    ...(qemuPath === undefined ? {} : { qemuPath }),
    ...(flags.parallel === undefined ? {} : { parallel: flags.parallel }),
  };
}

function megabytesFrom(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
}

/** dist/: where this file lies when built, beside src/ when it runs from there. */
function findDist(): string {
  const here = dirname(process.argv[1] ? resolve(process.argv[1]) : __filename);
  return existsSync(join(__dirname, 'guest.js')) ? __dirname : join(here, '../dist');
}

export function progressFor(flags: CommonFlags): Progress {
  return createProgress({
    quiet: flags.quiet === true,
    live: process.stderr.isTTY === true && !process.env.CI,
    write: (line) => process.stderr.write(`${line}\n`),
  });
}
