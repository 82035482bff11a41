// What `kernels list` shows: the sources there are, the kernels in the cache, those that are pinned.

import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { LockedKernel } from '../model/kernel.ts';
import { cachePaths } from './cache.ts';
import { packageSetDigest, readCachedKernel } from './unpack.ts';
import { compareVersions } from './version.ts';

/** A kernel in the cache. */
export interface CachedEntry {
  /** The reference it was first downloaded for. */
  readonly reference: string;
  readonly release: string;
  readonly version: string;
  /** sha256 of the image. */
  readonly digest: string;
  readonly path: string;
  /** What it takes on disk, its unpacked vmlinux included. */
  readonly sizeBytes: number;
}

/** A pinned kernel, and where it lies if it has been downloaded. */
export interface PinnedEntry {
  readonly reference: string;
  readonly version: string;
  readonly cachedPath?: string;
}

/** The kernels in the cache, newest version last within a reference. */
export async function cachedKernels(cacheDir: string): Promise<readonly CachedEntry[]> {
  const { kernels, vmlinux } = cachePaths(cacheDir);
  const names = await readdir(kernels).catch(() => []);
  const entries = await Promise.all(
    names.map(async (name) => {
      const dir = path.join(kernels, name);
      const cached = await readCachedKernel(dir);
      if (!cached) return [];
      const { reference, release, version, image } = cached;
      const sizeBytes = (await sizeOnDisk(dir)) + (await sizeOnDisk(path.join(vmlinux, image.sha256)));
      return [{ reference, release, version, digest: image.sha256, path: dir, sizeBytes }];
    }),
  );
  return entries.flat().sort((a, b) => compareVersions(a.version, b.version));
}

export async function pinnedKernels(
  cacheDir: string,
  lock: readonly LockedKernel[],
): Promise<readonly PinnedEntry[]> {
  return Promise.all(
    lock.map(async (locked) => {
      const dir = path.join(cachePaths(cacheDir).kernels, packageSetDigest(locked));
      const cached = await readCachedKernel(dir);
      return {
        reference: locked.reference,
        version: locked.version,
        ...(cached ? { cachedPath: dir } : {}),
      };
    }),
  );
}

async function sizeOnDisk(file: string): Promise<number> {
  const info = await lstat(file).catch(() => undefined);
  if (!info?.isDirectory()) return info?.size ?? 0;
  const sizes = await Promise.all((await readdir(file)).map((name) => sizeOnDisk(path.join(file, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
