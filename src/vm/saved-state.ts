// Saved machine states, cached by the digest of all they depend on: memory, devices, and what the guest said
// of itself. Written in a folder of their own and renamed, so that one that is there is whole.

import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Hello, helloSchema } from '../model/records.ts';

const metaSchema = z.strictObject({ label: z.string(), hello: helloSchema });

export interface SavedState {
  readonly ramPath: string;
  readonly devicesPath: string;
  readonly hello: Hello;
}

export interface SavedStateEntry {
  readonly key: string;
  /** As 'debian:6.1 6.1.0-56-cloud-amd64'. */
  readonly label: string;
  readonly sizeBytes: number;
  readonly usedAt: Date;
}

const folderOf = (cacheDir: string) => join(cacheDir, 'states');
const RAM = 'ram';
const DEVICES = 'devices';
const META = 'meta.json';

/** The state of that key, marked as used now; undefined where there is none, or none that is whole. */
export function findSavedState(cacheDir: string, key: string): SavedState | undefined {
  const folder = join(folderOf(cacheDir), key);
  try {
    const { hello } = metaSchema.parse(JSON.parse(readFileSync(join(folder, META), 'utf8')));
    const now = new Date();
    utimesSync(join(folder, META), now, now);
    return { ramPath: join(folder, RAM), devicesPath: join(folder, DEVICES), hello };
  } catch {
    return undefined;
  }
}

/** A private folder to make a state in; keepState puts it in its place, or it is removed. */
export function newStateFolder(cacheDir: string): string {
  const folder = join(folderOf(cacheDir), `.new-${process.pid}-${counter++}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
let counter = 0;

export const statePaths = (folder: string) => ({
  ramPath: join(folder, RAM),
  devicesPath: join(folder, DEVICES),
});

/** Puts a made state in its place. Where another process was first, its state is as good: ours is removed. */
export function keepState(
  cacheDir: string,
  key: string,
  folder: string,
  label: string,
  hello: Hello,
): SavedState {
  writeFileSync(join(folder, META), JSON.stringify({ label, hello }), { mode: 0o600 });
  const place = join(folderOf(cacheDir), key);
  try {
    renameSync(folder, place);
  } catch (cause) {
    if (!existsSync(join(place, META))) throw cause;
    rmSync(folder, { recursive: true, force: true });
  }
  return { ...statePaths(place), hello };
}

export function dropState(cacheDir: string, key: string): void {
  rmSync(join(folderOf(cacheDir), key), { recursive: true, force: true });
}

/** All states, the last used first. */
export function listSavedStates(cacheDir: string): SavedStateEntry[] {
  const root = folderOf(cacheDir);
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => !name.startsWith('.'))
    .flatMap((key) => {
      try {
        const folder = join(root, key);
        const meta = metaSchema.parse(JSON.parse(readFileSync(join(folder, META), 'utf8')));
        const sizeBytes = [RAM, DEVICES].reduce(
          (sum, name) => sum + statSync(join(folder, name)).blocks * 512,
          0,
        );
        return [{ key, label: meta.label, sizeBytes, usedAt: statSync(join(folder, META)).mtime }];
      } catch {
        return []; // being removed by another process
      }
    })
    .sort((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
}

/** Removes the states used longest ago until the rest fits, and folders that a killed process left. */
export function evictStates(cacheDir: string, limitBytes: number): void {
  let sum = 0;
  for (const entry of listSavedStates(cacheDir)) {
    sum += entry.sizeBytes;
    if (sum > limitBytes) dropState(cacheDir, entry.key);
  }
  const root = folderOf(cacheDir);
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const pid = Number(/^\.new-(\d+)-/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

const BLOCK_BYTES = 64 << 10;

/**
 * Gives back the disk blocks of a memory file that hold only zeros, by writing a sparse copy.
 * `skip` names ranges whose content nobody needs again (the initramfs, unpacked long ago).
 */
export async function writeSparse(
  from: string,
  to: string,
  skip: readonly { readonly at: number; readonly size: number }[],
): Promise<void> {
  const out = await open(to, 'wx', 0o600);
  try {
    let at = 0;
    const zeros = Buffer.alloc(BLOCK_BYTES);
    for await (const chunk of createReadStream(from, { highWaterMark: 4 << 20 })) {
      const bytes = chunk as Buffer;
      for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
        const block = bytes.subarray(offset, offset + BLOCK_BYTES);
        const position = at + offset;
        if (
          !skip.some((range) => isWithin(position, block.length, range)) &&
          !block.equals(zeros.subarray(0, block.length))
        )
          await out.write(block, 0, block.length, position);
      }
      at += bytes.length;
    }
    await out.truncate(at);
  } finally {
    await out.close();
  }
}

function isWithin(at: number, size: number, range: { readonly at: number; readonly size: number }): boolean {
  return at >= range.at && at + size <= range.at + range.size;
}
