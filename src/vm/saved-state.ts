// Saved machine states, cached by the digest of all they depend on: memory, devices, and what the guest said
// of itself. Written in a folder of their own and renamed, so that one that is there is whole.

import { createHash, type Hash } from 'node:crypto';
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
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type Hello, helloSchema } from '../model/records.ts';
import { ownName, PASSING, removeLeftovers, replaceFile } from './leftovers.ts';

const fileSchema = z.strictObject({ identity: z.string(), digest: z.string() });
const metaSchema = z.strictObject({
  label: z.string(),
  hello: helloSchema,
  ram: fileSchema,
  devices: fileSchema,
});
type Meta = z.infer<typeof metaSchema>;

/** What all saved states of a cache folder may take, unless the user says otherwise. */
export const DEFAULT_STATES_LIMIT_MB = 4096;

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

/**
 * The state of that key, marked as used now; 'damaged' where its files are not what was written (a disk that
 * lost power, a truncated copy); undefined where there is none.
 */
export async function findSavedState(
  cacheDir: string,
  key: string,
): Promise<SavedState | 'damaged' | undefined> {
  const folder = join(folderOf(cacheDir), key);
  const metaPath = join(folder, META);
  if (!existsSync(metaPath)) return undefined;
  try {
    const meta = metaSchema.parse(JSON.parse(readFileSync(metaPath, 'utf8')));
    const { ramPath, devicesPath } = statePaths(folder);
    const ram = await checkFile(ramPath, meta.ram);
    const devices = await checkFile(devicesPath, meta.devices);
    if (!ram || !devices) return 'damaged';
    if (ram !== meta.ram || devices !== meta.devices)
      replaceFile(metaPath, JSON.stringify({ ...meta, ram, devices }));
    const now = new Date();
    utimesSync(metaPath, now, now);
    return { ramPath, devicesPath, hello: meta.hello };
  } catch {
    return existsSync(metaPath) ? 'damaged' : undefined; // gone: another process has evicted it meanwhile
  }
}

/** A private folder to make a state in; keepState puts it in its place, or it is removed. */
export function newStateFolder(cacheDir: string): string {
  const folder = join(folderOf(cacheDir), ownName(PASSING));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export const statePaths = (folder: string) => ({
  ramPath: join(folder, RAM),
  devicesPath: join(folder, DEVICES),
});

/** Puts a made state in its place. Where another process was first, its state is as good: ours is removed. */
export async function keepState(
  cacheDir: string,
  key: string,
  folder: string,
  made: { readonly label: string; readonly hello: Hello; readonly ramDigest: string },
): Promise<SavedState> {
  const { ramPath, devicesPath } = statePaths(folder);
  const meta: Meta = {
    label: made.label,
    hello: made.hello,
    ram: { identity: identityOf(ramPath), digest: made.ramDigest },
    devices: { identity: identityOf(devicesPath), digest: await contentDigest(devicesPath) },
  };
  writeFileSync(join(folder, META), JSON.stringify(meta), { mode: 0o600 });
  const place = join(folderOf(cacheDir), key);
  for (;;) {
    try {
      renameSync(folder, place);
      break;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
      if (!existsSync(join(place, META)))
        dropState(cacheDir, key); // no state: or dropped by another process meanwhile
      else {
        rmSync(folder, { recursive: true, force: true });
        break;
      }
    }
  }
  return { ...statePaths(place), hello: made.hello };
}

/**
 * Takes states for whole that were copied with checksums just now: reading the memory of one takes longer than
 * copying it. A state that cannot be read is left to be found damaged.
 */
export function knowCopiedStates(cacheDir: string, keys: readonly string[]): void {
  for (const folder of keys.map((key) => join(folderOf(cacheDir), key))) {
    try {
      const metaPath = join(folder, META);
      const meta = metaSchema.parse(JSON.parse(readFileSync(metaPath, 'utf8')));
      const { ramPath, devicesPath } = statePaths(folder);
      const ram = { ...meta.ram, identity: identityOf(ramPath) };
      const devices = { ...meta.devices, identity: identityOf(devicesPath) };
      replaceFile(metaPath, JSON.stringify({ ...meta, ram, devices }));
    } catch {
      // findSavedState says what is wrong with it
    }
  }
}

/** Removes a state: it is gone at once for everyone, but for VMs that have it open. */
export function dropState(cacheDir: string, key: string): void {
  const root = folderOf(cacheDir);
  const passing = join(root, ownName(PASSING));
  try {
    renameSync(join(root, key), passing);
  } catch {
    return; // another process was first
  }
  rmSync(passing, { recursive: true, force: true });
}

/** All states, the last used first. */
export function listSavedStates(cacheDir: string): SavedStateEntry[] {
  const root = folderOf(cacheDir);
  return namesIn(root)
    .filter((name) => !name.startsWith('.'))
    .flatMap((key) => {
      try {
        const folder = join(root, key);
        const sizeBytes = [RAM, DEVICES].reduce(
          (sum, name) => sum + statSync(join(folder, name)).blocks * 512,
          0,
        );
        const usedAt = statSync(join(folder, META)).mtime;
        return [{ key, label: labelOf(join(folder, META)), sizeBytes, usedAt }];
      } catch {
        return []; // being removed by another process
      }
    })
    .sort((a, b) => b.usedAt.getTime() - a.usedAt.getTime());
}

/**
 * Removes the states used longest ago until the rest fits, and folders that a killed process left. `inUse` stays
 * whatever its size: jobs are about to start from it.
 */
export function evictStates(cacheDir: string, limitBytes: number, inUse?: string): void {
  let sum = 0;
  for (const entry of listSavedStates(cacheDir)) {
    sum += entry.sizeBytes;
    if (sum > limitBytes && entry.key !== inUse) dropState(cacheDir, entry.key);
  }
  removeLeftovers(folderOf(cacheDir), PASSING);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or no folder
  }
}

function labelOf(metaPath: string): string {
  const meta = metaSchema.safeParse(JSON.parse(readFileSync(metaPath, 'utf8')));
  return meta.success ? meta.data.label : 'of another version';
}

type KnownFile = Meta['ram'];

/**
 * A file that stat says nobody touched since it was written, in this same boot, is what was written: no need to
 * read it. Otherwise (after a restart, a restored copy) it is read once and, if it is the same, known again.
 */
async function checkFile(path: string, known: KnownFile): Promise<KnownFile | undefined> {
  const identity = identityOf(path);
  if (identity === known.identity) return known;
  return (await contentDigest(path)) === known.digest ? { ...known, identity } : undefined;
}

function identityOf(path: string): string {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return [dev, ino, size, mtimeNs, boot].join(':');
}

const BLOCK_BYTES = 64 << 10;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Copies a memory file without the blocks that hold only zeros: they take no disk, and read as zeros.
 * `skip` names ranges whose content nobody needs again (the initramfs, unpacked long ago).
 * Returns the copy's digest, as contentDigest gives it.
 */
export async function writeSparse(
  from: string,
  to: string,
  skip: readonly { readonly at: number; readonly size: number }[],
): Promise<string> {
  const out = await open(to, 'wx', 0o600);
  try {
    const hash = newHash();
    const sizeBytes = await eachBlock(from, async (block, position) => {
      if (skip.some((range) => isWithin(position, block.length, range))) return;
      addBlock(hash, block, position);
      await writeWhole(out, block, position);
    });
    await out.truncate(sizeBytes);
    return endOf(hash, sizeBytes);
  } finally {
    await out.close();
  }
}

/** The digest of a file's size and of its blocks that are not all zeros. */
async function contentDigest(path: string): Promise<string> {
  const hash = newHash();
  return endOf(hash, await eachBlock(path, (block, position) => addBlock(hash, block, position)));
}

/** Calls `visit` for each block that is not all zeros; returns the file's size. */
async function eachBlock(
  path: string,
  visit: (block: Buffer, position: number) => void | Promise<void>,
): Promise<number> {
  let at = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) {
    const bytes = chunk as Buffer;
    for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
      const block = bytes.subarray(offset, offset + BLOCK_BYTES);
      if (!block.equals(ZEROS.subarray(0, block.length))) await visit(block, at + offset);
    }
    at += bytes.length;
  }
  return at;
}

/** A full disk writes less than it was given before it says so. */
async function writeWhole(out: FileHandle, block: Buffer, position: number): Promise<void> {
  for (let done = 0; done < block.length; )
    done += (await out.write(block, done, block.length - done, position + done)).bytesWritten;
}

// Against damage, not against attackers, who could as well change meta.json: the fastest hash there is.
const newHash = () => createHash('sha1');

function addBlock(hash: Hash, block: Buffer, position: number): void {
  hash.update(String(position)).update(block);
}

function endOf(hash: Hash, sizeBytes: number): string {
  return hash.update(`end ${sizeBytes}`).digest('hex');
}

function isWithin(at: number, size: number, range: { readonly at: number; readonly size: number }): boolean {
  return at >= range.at && at + size <= range.at + range.size;
}
