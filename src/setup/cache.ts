// What one runner leaves for the next, through a store of files by key, as GitHub's cache is. The store is never
// needed: whatever goes wrong with it is a warning, and things are fetched or made again.

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { withWorkDir } from '../kernels/cache.ts';
import { toolEnvironment } from '../kernels/index.ts';
import { sha256OfFile } from '../kernels/unpack.ts';
import { messageOf } from '../model/errors.ts';
import type { LockedKernel } from '../model/kernel.ts';
import type { Tools } from '../model/tools.ts';
import type { Log } from './log.ts';
import { digestOfText, type MachineId, machineId } from './machine.ts';
import { type MachinePaths, missingNeeds } from './needs.ts';
import { packagesFolder } from './packages.ts';

/** Folders and files by key: what is saved under a key never changes. */
export interface CacheStore {
  /** Puts `paths` where they were saved from, and returns the key they were found under: `key`, or one with such a start. */
  readonly restore: (
    paths: readonly string[],
    key: string,
    restoreKeys: readonly string[],
  ) => Promise<string | undefined>;
  readonly save: (paths: readonly string[], key: string) => Promise<void>;
}

export interface CacheOptions {
  readonly cacheDir: string;
  readonly store: CacheStore;
  readonly log: Log;
  readonly machine: MachinePaths;
  /** Tollgate's: another version may keep other files. */
  readonly version: string;
  /** The kernels of the budget file, and its lock. */
  readonly kernels: readonly string[];
  readonly lock?: readonly LockedKernel[];
}

export interface RunnerCache {
  /** The key that was restored, whole; undefined where nothing was found. */
  readonly restoredKey: string | undefined;
  /**
   * Puts the kept files into the cache folder; to be called when setUp has found the tools that unpack them. Returns
   * what is there now and was not before, as 'states/KEY'; its content is what was packed, by zstd's checksums.
   */
  readonly unpack: (tools: Tools) => Promise<readonly string[]>;
  /** Saves the unpacked packages and `files` (relative to the cache folder), unless the store has the very same. */
  readonly save: (files: readonly string[], tools: Tools) => Promise<void>;
}

/** Restores what an earlier run saved. Never throws: without a cache things are made again. */
export async function restoreCache(options: CacheOptions): Promise<RunnerCache> {
  const { cacheDir, store, log } = options;
  const archive = join(cacheDir, ARCHIVE);
  const machine = await machineId();
  const missing = await missingNeeds(options.machine);
  const paths = [archive, ...(missing.length === 0 ? [] : [packagesFolder(cacheDir, machine, missing)])];
  const [key, ...others] = cacheKeys(machine, options);
  await rm(archive, { force: true });
  const restoredKey = await store.restore(paths, key, others).catch((cause) => {
    log.warning(`Cannot restore the cache: ${messageOf(cause)}`);
    return undefined;
  });
  log.info(restoredKey === undefined ? 'no cache yet' : `restored ${restoredKey}`);
  return {
    restoredKey,
    unpack: async (tools) => {
      if (!existsSync(archive)) return [];
      try {
        return await unpackArchive(archive, cacheDir, tools);
      } catch (cause) {
        log.warning(`Cannot unpack the cache: ${messageOf(cause)}`);
        return [];
      } finally {
        await rm(archive, { force: true });
      }
    },
    save: async (files, tools) => {
      try {
        const present = paths.filter((path) => path !== archive && existsSync(path));
        const content = await contentKey(cacheDir, files, present);
        if (restoredKey === `${key}${content}`) {
          log.info('the cache has all of this already');
          return;
        }
        await packArchive(archive, cacheDir, files, tools);
        await store.save(paths, `${key}${content}`);
        log.info(`saved ${key}${content}`);
      } catch (cause) {
        log.warning(`Cannot save the cache: ${messageOf(cause)}`);
      } finally {
        await rm(archive, { force: true });
      }
    },
  };
}

/** From the narrowest to the widest; each is the start of what was saved under it. */
export function cacheKeys(
  machine: MachineId,
  { version, kernels, lock }: Pick<CacheOptions, 'version' | 'kernels' | 'lock'>,
): readonly [string, ...string[]] {
  const wide = `tollgate-${FORMAT}-${version}-${machine.distribution}-${machine.release}-${machine.arch}-`;
  const asked = digestOfText(JSON.stringify([[...kernels].sort(), lock ?? []])).slice(0, 16);
  return [`${wide}${asked}-`, wide];
}

const FORMAT = 1;
/** One file: the memory of a saved state is mostly holes, which a store's own archive would fill with zeros. */
const ARCHIVE = 'kept.tar';

/**
 * Kernels and saved states are named by what they hold; what the archive has said is asked anew once a day, and saved
 * then; the packages' manifest has their digests.
 */
async function contentKey(
  cacheDir: string,
  files: readonly string[],
  packages: readonly string[],
): Promise<string> {
  const answers = files.filter((file) => file.startsWith('resolutions/')).map((file) => join(cacheDir, file));
  const manifests = packages.map((folder) => join(folder, 'manifest.json'));
  const texts = await Promise.all([...answers, ...manifests].map((file) => readFile(file, 'utf8')));
  return digestOfText(JSON.stringify([files, texts])).slice(0, 16);
}

async function packArchive(
  archive: string,
  cacheDir: string,
  files: readonly string[],
  tools: Tools,
): Promise<void> {
  await mkdir(dirname(archive), { recursive: true, mode: 0o700 });
  // Before anything is read back, kernels are known by size and by time to the millisecond: posix keeps it.
  const form = ['--create', '--sparse', '--format=posix', '--no-recursion', COMPRESS];
  const list = ['--null', '--verbatim-files-from', '--files-from=-'];
  await execa('tar', [...form, '--file', archive, '--directory', cacheDir, ...list], {
    input: files.map((file) => `${file}\0`).join(''),
    env: toolEnvironment(tools),
  });
}

/** Saved states of several kernels have Node in common, far apart. */
const COMPRESS = '--use-compress-program=zstd -T0 --long=30 --check';
const DECOMPRESS = '--use-compress-program=zstd -d --long=30';

/** Each kernel, state and answer is put in its place whole; what is there already stays. */
async function unpackArchive(archive: string, cacheDir: string, tools: Tools): Promise<readonly string[]> {
  return await withWorkDir(cacheDir, async (work) => {
    const placed: string[] = [];
    await execa('tar', ['--extract', '--no-same-owner', DECOMPRESS, '--file', archive, '--directory', work], {
      env: toolEnvironment(tools),
    });
    for (const kind of KINDS) {
      const names = await readdir(join(work, kind)).catch(() => []);
      if (names.length > 0) await mkdir(join(cacheDir, kind), { recursive: true, mode: 0o700 });
      for (const name of names) {
        const from = join(work, kind, name);
        const to = join(cacheDir, kind, name);
        if (existsSync(to) || (kind === 'kernels' && !(await isWholeKernel(from)))) continue;
        await rename(from, to);
        placed.push(join(kind, name));
      }
    }
    return placed;
  });
}

const KINDS = ['kernels', 'states', 'resolutions', 'indices', 'qemu'];

const kernelSchema = z.object({ release: z.string(), image: z.object({ sha256: z.string() }) });

/** The image is read whole once: from then on it is known by its size and time. */
async function isWholeKernel(folder: string): Promise<boolean> {
  try {
    const { release, image } = kernelSchema.parse(
      JSON.parse(await readFile(join(folder, 'kernel.json'), 'utf8')),
    );
    return (await sha256OfFile(join(folder, 'boot', `vmlinuz-${release}`))) === image.sha256;
  } catch {
    return false;
  }
}
