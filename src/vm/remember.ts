// A small answer kept in a file named by the digest of the question: asked once, read ever after.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as z from 'zod';
import { ownName, removeLeftovers } from './leftovers.ts';

/** Reads `path`, or makes the value and writes it there atomically. A file that does not parse is made again. */
export async function remember<T>(path: string, schema: z.ZodType<T>, make: () => Promise<T>): Promise<T> {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    const value = await make();
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    removeLeftovers(dirname(path), '.passing');
    const temporary = join(dirname(path), ownName('.passing'));
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
    renameSync(temporary, path);
    return value;
  }
}
