// A small answer kept in a file named by the digest of the question: asked once, read ever after.

import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { replaceFile } from './leftovers.ts';

/** Reads `path`, or makes the value and writes it there atomically. A file that does not parse is made again. */
export async function remember<T>(path: string, schema: z.ZodType<T>, make: () => Promise<T>): Promise<T> {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    const value = await make();
    replaceFile(path, JSON.stringify(value));
    return value;
  }
}
