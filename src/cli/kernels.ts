// `tollgate kernels`: list, download and pin kernels.

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  availableSeries,
  DEFAULT_MIRROR,
  listKernels,
  lockKernels,
  pullKernels,
  readLock,
  writeLock,
} from '../kernels/index.ts';
import { messageOf } from '../model/errors.ts';
import type { RunOptions } from '../run/execute.ts';
import { CONFIG_FILE, lockBeside, lockPath, readConfig } from '../run/project.ts';
import { listSavedStates } from '../vm/saved-state.ts';
import { type CommonFlags, DEFAULT_KERNELS, withCommon } from './flags.ts';
import { progressFor, runOptions } from './surroundings.ts';

export function kernelsCommands(kernels: Command): void {
  withCommon(kernels.command('list'))
    .description('the sources, the series there are, what is cached and pinned, and the saved machine states')
    .option('--config <file>', 'the budget file whose lock is shown', CONFIG_FILE)
    .action(async (flags: CommonFlags & { config: string }) => {
      const options = runOptions(flags, lockBeside(flags.config), resolve(dirname(flags.config)));
      process.stdout.write(await kernelList(await options));
    });
  withCommon(kernels.command('pull [reference...]'))
    .description('download kernels now; without references those of the budget file')
    .option('--config <file>', 'the budget file', CONFIG_FILE)
    .option('--refresh', 'ask the archive even if an answer is remembered')
    .action(async (references: string[], flags: CommonFlags & { config: string; refresh?: boolean }) => {
      const wanted = references.length > 0 ? references : configuredKernels(flags.config);
      const progress = progressFor(flags);
      const options = await runOptions(
        flags,
        lockBeside(flags.config),
        resolve(dirname(flags.config)),
        progress,
      );
      try {
        for (const kernel of await pullKernels(wanted, { ...options, refresh: flags.refresh === true }))
          process.stdout.write(
            `${kernel.reference}  ${kernel.version ?? ''}  ${kernel.release ?? ''}  ${kernel.digest.slice(0, 12)}\n`,
          );
      } finally {
        await progress.end();
      }
    });
  withCommon(kernels.command('lock [reference...]'))
    .description('write tollgate.lock: pin every kernel to version and digest')
    .option('--config <file>', 'the budget file', CONFIG_FILE)
    .option('--update', 'move the pins to the newest versions')
    .action((references: string[], flags: CommonFlags & { config: string; update?: boolean }) =>
      lock(references, flags),
    );
}

async function lock(
  references: string[],
  flags: CommonFlags & { config: string; update?: boolean },
): Promise<void> {
  const file = lockPath(flags.config);
  const pinned = (await readLock(file)) ?? [];
  const wanted = references.length > 0 ? references : configuredKernels(flags.config);
  const missing = flags.update
    ? wanted
    : wanted.filter((name) => !pinned.some((each) => each.reference === name));
  const progress = progressFor(flags);
  const options = await runOptions(flags, undefined, resolve(dirname(flags.config)), progress);
  try {
    const fresh = await lockKernels(missing, { ...options, refresh: true });
    const kept = pinned.filter((each) => !fresh.some((moved) => moved.reference === each.reference));
    await writeLock(file, [...kept, ...fresh]);
    for (const { reference, version: now } of fresh) {
      const before = pinned.find((each) => each.reference === reference)?.version;
      const change =
        before === undefined ? now : before === now ? `${now} (unchanged)` : `${before} -> ${now}`;
      process.stdout.write(`${reference}  ${change}\n`);
    }
    if (fresh.length === 0) process.stdout.write(`every kernel is pinned already; move them with --update\n`);
  } finally {
    await progress.end();
  }
}

async function kernelList(options: RunOptions): Promise<string> {
  const { sources, cached, pinned } = await listKernels(options.cacheDir, options.lock ?? []);
  const available = await seriesInArchive(options);
  const states = listSavedStates(options.cacheDir);
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    'sources',
    ...sources.map(({ pattern, describe }) => `  ${pattern.padEnd(24)} ${describe}`),
    `newest of each series at ${options.mirror ?? DEFAULT_MIRROR}`,
    ...available,
    `cached in ${options.cacheDir}`,
    ...(cached.length === 0 ? ['  none'] : []),
    ...cached.map(
      (kernel) =>
        `  ${(kernel.reference ?? '').padEnd(14)} ${(kernel.release ?? '').padEnd(30)} ${mb(kernel.sizeBytes)}`,
    ),
    'pinned',
    ...(pinned.length === 0 ? ['  none'] : []),
    ...pinned.map((kernel) => `  ${kernel.reference.padEnd(14)} ${kernel.version}`),
    'saved machine states',
    ...(states.length === 0 ? ['  none'] : []),
    ...states.map(
      (state) =>
        `  ${state.label.padEnd(44)} ${mb(state.sizeBytes).padStart(7)}  used ${state.usedAt.toISOString().slice(0, 16)}`,
    ),
    '',
  ].join('\n');
}

/** What can be asked for; a line that says why where the archive cannot be asked. */
async function seriesInArchive(options: RunOptions): Promise<string[]> {
  if (options.offline) return ['  not asked (--offline)'];
  try {
    const found = await availableSeries(options);
    return found.map(
      ({ series, version, suite }) => `  ${`debian:${series}`.padEnd(14)} ${version.padEnd(30)} ${suite}`,
    );
  } catch (cause) {
    options.signal?.throwIfAborted();
    return [`  ${messageOf(cause)}`];
  }
}

function configuredKernels(path: string): readonly string[] {
  return existsSync(path) ? readConfig(path).kernels : DEFAULT_KERNELS;
}
