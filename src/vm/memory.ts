// How much memory there is for VMs: what the machine has available, and what the cgroups around us allow
// (a container's limit). Asked before a VM starts, because a VM that runs out is killed without a word.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TollgateError } from '../model/errors.ts';

const MB = 1 << 20;

/** What a VM takes at most: its memory and QEMU itself. A restored one shares what it does not write. */
export const VM_MEMORY_BYTES = { boot: 900 * MB, restore: 400 * MB } as const;

/** Reads a file of /proc or /sys; undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/** Bytes that programs started now may take. */
export function availableMemoryBytes(read: ReadText = readText): number {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo') ?? '')?.[1];
  const machine = kilobytes === undefined ? Number.POSITIVE_INFINITY : Number(kilobytes) * 1024;
  return Math.min(machine, ...cgroupRooms(read));
}

/** Throws TollgateError where there is less memory than that. */
export function requireMemory(task: string, neededBytes: number, available = availableMemoryBytes()): void {
  if (available >= neededBytes) return;
  throw new TollgateError(
    'infrastructure',
    `${task}: cannot start a VM: it needs ${Math.ceil(neededBytes / MB)} MB of memory, ${Math.floor(available / MB)} MB are available`,
    { reason: 'no-memory', hint: 'Free memory, raise the container’s limit, or run fewer kernels at once.' },
  );
}

/** What each cgroup from ours to the root leaves (v2: memory.max, v1: memory.limit_in_bytes). */
function cgroupRooms(read: ReadText): number[] {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n');
  const v2 = groups.find((line) => line.startsWith('0::'))?.slice(3);
  const v1 = groups.find((line) => /^\d+:([^:]*,)?memory(,[^:]*)?:/.test(line))?.replace(/^\d+:[^:]*:/, '');
  return [
    ...upwards(v2).map((group) =>
      room(read, `/sys/fs/cgroup${group}`, 'memory.max', 'memory.current', 'inactive_file'),
    ),
    ...upwards(v1).map((group) =>
      room(
        read,
        `/sys/fs/cgroup/memory${group}`,
        'memory.limit_in_bytes',
        'memory.usage_in_bytes',
        'total_inactive_file',
      ),
    ),
  ].filter((bytes) => bytes !== undefined);
}

function upwards(group: string | undefined): string[] {
  if (group === undefined) return [];
  const parts = group.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, i) =>
    parts
      .slice(0, parts.length - i)
      .map((part) => `/${part}`)
      .join(''),
  );
}

/** Page cache that nobody uses counts against the limit and is given back when memory is short. */
function room(
  read: ReadText,
  folder: string,
  max: string,
  current: string,
  cache: string,
): number | undefined {
  const limit = Number(read(join(folder, max)) ?? Number.NaN);
  const used = Number(read(join(folder, current)) ?? Number.NaN);
  if (Number.isNaN(limit) || Number.isNaN(used)) return undefined;
  const idle = new RegExp(`^${cache} (\\d+)`, 'm').exec(read(join(folder, 'memory.stat')) ?? '')?.[1];
  return Math.max(0, limit - used + Number(idle ?? 0));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
