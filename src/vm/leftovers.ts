// Names for temporary files and folders that say whose they are, so that what a killed process left behind is
// found and removed by the next one, and nothing of a process that lives, here or in another container.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A name nobody else takes: `PREFIX-PLACE-PID-COUNT`, PLACE being this boot and its pid namespace: a pid means
 * nothing outside of them.
 */
export function ownName(prefix: string): string {
  return `${prefix}-${place()}-${process.pid}-${count++}`;
}
let count = 0;

/** Writes a small file whole or not at all, for this user alone. Makes its folder; what killed writers left there goes. */
export function replaceFile(path: string, text: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeLeftovers(folder, PASSING);
  const temporary = join(folder, ownName(PASSING));
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** How names of files and folders begin that are being made, or removed. */
export const PASSING = '.passing';

/** What another machine or container left is removed only when it is this old: its pids cannot be asked. */
const FOREIGN_AGE_MS = 24 * 3600 * 1000;

/** Removes what processes that are gone have left in `folder` under names from ownName that begin with `start`. */
export function removeLeftovers(folder: string, start: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (name.startsWith(start) && isAbandoned(name, path)) rmSync(path, { recursive: true, force: true });
    }
  } catch {
    // not there, or another user's: to clean up is nobody's task
  }
}

function isAbandoned(name: string, path: string): boolean {
  const [, from, pid] = /-([0-9a-f]{8})-(\d+)-\d+$/.exec(name) ?? [];
  if (!pid) return false;
  if (from === place()) return !existsSync(`/proc/${pid}`);
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > FOREIGN_AGE_MS;
}

function place(): string {
  placeName ??= createHash('sha256')
    .update(readFileSync('/proc/sys/kernel/random/boot_id'))
    .update(readlinkSync('/proc/self/ns/pid'))
    .digest('hex')
    .slice(0, 8);
  return placeName;
}
let placeName: string | undefined;
