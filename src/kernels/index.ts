// Turns a kernel reference into files ready to boot. The only part with network access.

import { TollgateError } from '../model/errors.ts';
import type { Kernel, LockedKernel } from '../model/kernel.ts';
import { suggest } from '../model/suggest.ts';
import { debian } from './debian.ts';
import { host } from './host.ts';
import { type CachedEntry, cachedKernels, type PinnedEntry, pinnedKernels } from './list.ts';
import { local } from './path.ts';
import type { KernelOptions, KernelSource } from './source.ts';

export { DEFAULT_MIRROR } from './archive.ts';
export { availableSeries } from './debian.ts';
export type { CachedEntry, PinnedEntry } from './list.ts';
export { formatLock, parseLock, readLock, writeLock } from './lock.ts';
export { fetchPackage } from './package.ts';
export type { KernelOptions, KernelSource, TransferLimits } from './source.ts';
export { toolEnvironment } from './tool.ts';
export { unpackedVmlinux } from './vmlinux.ts';

/** Every source of kernels, in the order they are listed. */
export const KERNEL_SOURCES: readonly KernelSource[] = [debian, local, host];

/**
 * Makes a kernel ready on this machine: found in the cache, or downloaded, verified and unpacked. Throws
 * TollgateError: kind 'config' where the reference is wrong, 'infrastructure' where it cannot be had.
 */
export async function resolveKernel(reference: string, options: KernelOptions): Promise<Kernel> {
  const kernel = await sourceOf(reference).resolve(reference, options);
  options.onProgress?.({ task: reference, phase: 'done', message: kernel.version ?? kernel.imagePath });
  return kernel;
}

/** Makes several kernels ready, one after the other: they share one line to the archive. */
export async function pullKernels(
  references: readonly string[],
  options: KernelOptions,
): Promise<readonly Kernel[]> {
  for (const reference of references) sourceOf(reference);
  const kernels: Kernel[] = [];
  for (const reference of new Set(references)) kernels.push(await resolveKernel(reference, options));
  return kernels;
}

/**
 * Asks the archive what each reference means today, for writeLock. A reference that cannot be pinned, as a path,
 * is left out with a warning. Throws TollgateError.
 */
export async function lockKernels(
  references: readonly string[],
  options: KernelOptions,
): Promise<readonly LockedKernel[]> {
  const sources = [...new Set(references)].map((reference) => ({ reference, source: sourceOf(reference) }));
  const locked: LockedKernel[] = [];
  for (const { reference, source } of sources) {
    if (source.lock) locked.push(await source.lock(reference, options));
    else options.onWarning?.(`${reference} cannot be pinned: its files are not the archive's`);
  }
  return locked;
}

/** What `kernels list` shows. Opens no connection; availableSeries tells what the archive has. */
export async function listKernels(
  cacheDir: string,
  lock: readonly LockedKernel[] = [],
): Promise<{
  readonly sources: readonly { readonly name: string; readonly pattern: string; readonly describe: string }[];
  readonly cached: readonly CachedEntry[];
  readonly pinned: readonly PinnedEntry[];
}> {
  return {
    sources: KERNEL_SOURCES.map(({ name, pattern, describe }) => ({ name, pattern, describe })),
    cached: await cachedKernels(cacheDir),
    pinned: await pinnedKernels(cacheDir, lock),
  };
}

/** The source that a reference names. Throws TollgateError, kind 'config', when it is not well formed. */
export function sourceOf(reference: string): KernelSource {
  const colon = reference.indexOf(':');
  const name = colon < 0 ? reference : reference.slice(0, colon);
  const source = KERNEL_SOURCES.find((candidate) => candidate.name === name);
  const parsed = source?.parse(colon < 0 ? undefined : reference.slice(colon + 1));
  if (source && parsed && 'ok' in parsed) return source;
  const expected =
    parsed && 'expected' in parsed
      ? parsed.expected
      : `one of ${KERNEL_SOURCES.map(({ pattern }) => pattern).join(', ')}`;
  throw new TollgateError('config', `Cannot parse kernel '${reference}': expected ${expected}`, {
    reason: 'bad-reference',
    ...hintOf(source, name, reference),
  });
}

function hintOf(source: KernelSource | undefined, name: string, reference: string): { hint?: string } {
  if (source) return {};
  if (/^\d+\.\d+$/.test(reference)) return { hint: `Did you mean 'debian:${reference}'?` };
  const meant = suggest(
    name,
    KERNEL_SOURCES.map((each) => each.name),
  );
  return meant ? { hint: `Did you mean '${meant}${reference.slice(name.length)}'?` } : {};
}
