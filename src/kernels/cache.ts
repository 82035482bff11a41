// The layout of the cache folder, and how anything gets into it: made whole under tmp/, then renamed, so that
// neither a second process nor an interrupted one ever leaves something that only looks whole.

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, TollgateError } from '../model/errors.ts';

/** Where things lie under the cache folder. */
export const cachePaths = (cacheDir: string) => ({
  /** One folder per set of packages: boot/, lib/modules/, kernel.json. */
  kernels: path.join(cacheDir, 'kernels'),
  /** The kernel packages of one archive index, by the digest of the index. */
  indices: path.join(cacheDir, 'indices'),
  /** What a reference meant, and when the archive said so. */
  resolutions: path.join(cacheDir, 'resolutions'),
  /** ELF images taken out of bzImages, by the digest of the bzImage. */
  vmlinux: path.join(cacheDir, 'vmlinux'),
  /** Work in progress; what is left here by a killed process is swept up. */
  tmp: path.join(cacheDir, 'tmp'),
});

/**
 * Makes the cache folder (0700: others must not plant kernels in it) and the given folders in it. Throws
 * TollgateError.
 */
export async function makeCache(cacheDir: string, ...folders: readonly string[]): Promise<void> {
  try {
    for (const folder of [cacheDir, ...folders]) await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = messageOf(cause);
    throw new TollgateError('infrastructure', `Cannot make cache folder '${cacheDir}': ${why}`, {
      reason: 'cache-write',
      hint: 'Choose a folder that this user may write to.',
      cause,
    });
  }
}

/** Runs `work` with a fresh folder on the cache's own file system, and removes what is left of it. */
export async function withWorkDir<T>(cacheDir: string, work: (dir: string) => Promise<T>): Promise<T> {
  const { tmp } = cachePaths(cacheDir);
  await makeCache(cacheDir, tmp);
  await sweep(tmp);
  const dir = path.join(tmp, uniqueName());
  await mkdir(dir, { mode: 0o700 });
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Writes a small file whole or not at all. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temp = `${file}.${uniqueName()}`;
  try {
    await writeFile(temp, text, { flag: 'wx' });
    await rename(temp, file);
  } finally {
    await rm(temp, { force: true });
  }
}

/**
 * Runs `work` once for all callers in this process that ask for the same key at the same time. A caller whose
 * leader was interrupted starts over by itself.
 */
export async function shared<T>(
  key: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const running = inFlight.get(key) as Promise<T> | undefined;
  if (running) {
    try {
      return await running;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Error && error.name === 'AbortError')) throw error;
      return shared(key, signal, work);
    }
  }
  const promise = work().finally(() => inFlight.delete(key));
  inFlight.set(key, promise);
  return promise;
}

const inFlight = new Map<string, Promise<unknown>>();

const uniqueName = () => `${process.pid}-${randomBytes(6).toString('hex')}`;

/** No step takes so long; process numbers would not do, as containers may share a cache. */
const ABANDONED_MS = 6 * 3600_000;

async function sweep(tmp: string): Promise<void> {
  for (const name of await readdir(tmp)) {
    const entry = path.join(tmp, name);
    const info = await stat(entry).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > ABANDONED_MS) await rm(entry, { recursive: true, force: true });
  }
}
