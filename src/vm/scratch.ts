// Where a running VM keeps its memory: in /dev/shm if it has the room, for it is written at memory's pace, on
// disk otherwise. A file in a full tmpfs would kill QEMU by SIGBUS at whatever instruction touches the next page.

import { mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TollgateError } from '../model/errors.ts';
import { ownName, removeLeftovers } from './leftovers.ts';

const PREFIX = 'tollgate-vm';

export interface ScratchOptions {
  /** Folders to use, the preferred first; one that does not exist is left out, except for the last, which is made. */
  readonly folders: readonly string[];
  readonly sizeBytes: number;
}

/** The folders in which a VM's memory may lie. */
export function scratchFolders(cacheDir: string): readonly string[] {
  return ['/dev/shm', join(cacheDir, 'tmp')];
}

/**
 * Calls `use` with a private folder in the first of `folders` that has room for `sizeBytes`, and removes it
 * afterwards. Room that others' VMs have been promised and not yet taken does not count as free.
 * Throws TollgateError where no folder has the room.
 */
export async function withScratch<T>(
  { folders, sizeBytes }: ScratchOptions,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = makeScratch(folders, sizeBytes);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeScratch(folders: readonly string[], sizeBytes: number): string {
  const tried: string[] = [];
  for (const [i, parent] of folders.entries()) {
    try {
      if (i === folders.length - 1) mkdirSync(parent, { recursive: true, mode: 0o700 });
      removeLeftovers(parent, PREFIX);
      // The promise is in the name, made before the room is counted: of two at once, one at least sees both.
      const folder = join(parent, ownName(`${PREFIX}.${sizeMb(sizeBytes)}`));
      mkdirSync(folder, { mode: 0o700 });
      const free = freeBytes(parent);
      if (free >= 0) return folder;
      rmSync(folder, { recursive: true, force: true });
      tried.push(`${parent} lacks ${sizeMb(-free)} MB`);
    } catch (cause) {
      tried.push(`${parent}: ${messageOf(cause)}`);
    }
  }
  throw new TollgateError(
    'infrastructure',
    `Cannot find room for ${sizeMb(sizeBytes)} MB of guest memory: ${tried.join('; ')}`,
    { reason: 'no-scratch-space', hint: 'Free some space, or choose another cache folder.' },
  );
}

function sizeMb(bytes: number): number {
  return Math.ceil(bytes / (1 << 20));
}

/** What is left when all promises are kept; negative where they cannot be. */
function freeBytes(parent: string): number {
  const { bavail, bsize } = statfsSync(parent);
  let left = bavail * bsize;
  for (const name of readdirSync(parent)) {
    const promised = Number(/^tollgate-vm\.(\d+)-/.exec(name)?.[1] ?? 0) * (1 << 20);
    if (promised > 0) left -= Math.max(0, promised - takenBytes(join(parent, name)));
  }
  return left;
}

function takenBytes(folder: string): number {
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0);
  } catch {
    return 0; // being removed
  }
}
