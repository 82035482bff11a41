// Digests of files that rarely change (QEMU, Node, libraries), remembered by what stat says of them, so that
// a warm start need not read 200 MB.

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { replaceFile } from './leftovers.ts';

const storeSchema = z.record(z.string(), z.strictObject({ identity: z.string(), sha256: z.string() }));
type Store = z.infer<typeof storeSchema>;

/** sha256 in hexadecimal of each path, in the order given. Throws where a file cannot be read. */
export async function digestsOf(paths: readonly string[], cacheDir: string): Promise<string[]> {
  const storePath = join(cacheDir, 'digests.json');
  const store = readStore(storePath);
  const fresh: Store = {};
  const digests: string[] = [];
  for (const path of paths) {
    const { size, mtimeNs, ino, dev } = statSync(path, { bigint: true });
    const identity = [dev, ino, size, mtimeNs].join(':');
    const known = store[path];
    if (known?.identity === identity) digests.push(known.sha256);
    else {
      const sha256 = await digestFile(path);
      fresh[path] = { identity, sha256 };
      digests.push(sha256);
    }
  }
  if (Object.keys(fresh).length > 0)
    replaceFile(storePath, JSON.stringify({ ...readStore(storePath), ...fresh }));
  return digests;
}

/** sha256 of one file, read whole. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

/** sha256 of values that can be written as JSON: the key of what depends on them. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function readStore(path: string): Store {
  try {
    return storeSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return {}; // absent or from another version: the digests are taken again
  }
}
