// The objects of one side: found by the budget file's patterns, read with a cap, parsed without a kernel.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { type ObjectSpec, parseObject } from '../model/elf.ts';
import { TollgateError } from '../model/errors.ts';

export interface SideObject {
  /** The name in reports: the path relative to the project, the same on both sides. */
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
}

const OBJECT_CAP_BYTES = 32 << 20;

/** The objects that `patterns` match below `directory`, by name. */
export async function findObjects(directory: string, patterns: readonly string[]): Promise<SideObject[]> {
  const names = await glob([...patterns], {
    cwd: directory,
    dot: false,
    onlyFiles: true,
    expandDirectories: false,
  });
  return names.sort().map((name) => readObject(resolve(directory, name), name));
}

/**
 * Prebuilt objects that `patterns` match below `directory`, where an artifact may hold the files without the folders
 * that are common to all of them: a pattern's leading folders may be missing, and stay in the names.
 */
export async function findBuiltObjects(
  directory: string,
  patterns: readonly string[],
): Promise<SideObject[]> {
  const found = await findObjects(directory, patterns);
  if (found.length > 0) return found;
  const below = await Promise.all(
    patterns.map(async (pattern) => {
      const folder = /^(?:[^*?[\]{}()!/]+\/)*/.exec(pattern)![0];
      const objects = await findObjects(directory, [pattern.slice(folder.length)]);
      return objects.map((object) => ({ ...object, name: `${folder}${object.name}` }));
    }),
  );
  return [...new Map(below.flat().map((object) => [object.name, object])).values()];
}

/** One object. Throws TollgateError ('config') where it is missing, too large, or no eBPF object. */
export function readObject(path: string, name: string): SideObject {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile())
    throw new TollgateError('usage', `Cannot read object '${path}': no such file`, {
      hint: 'build it first, or check the path',
    });
  if (stat.size > OBJECT_CAP_BYTES)
    throw new TollgateError(
      'config',
      `Cannot read object '${path}': ${stat.size} bytes exceed ${OBJECT_CAP_BYTES}`,
    );
  const bytes = readFileSync(path);
  return { name, path, bytes, spec: parseObject(bytes, name) };
}
