// The source files of an explanation, where they are at hand: line information names them as the compiler was given
// them. A file that says anything else than the object remembers is another version, and not shown.

import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Explanations } from '../model/explanation.ts';

const FILE_CAP_BYTES = 4 << 20;

/** Lines by file as line information names it; looked for in each of `folders` and the folders above them. */
export function readSources(
  { explanations }: Explanations,
  folders: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const lines = explanations
    .filter(({ side }) => side === 'head')
    .flatMap((each) => each.lines.flatMap(({ near, ...line }) => (near ? [line, near] : [line])));
  const known = new Map<string, Map<number, string>>();
  for (const { file, line, text } of lines) {
    if (file === undefined || line === undefined || !text) continue;
    known.set(file, (known.get(file) ?? new Map()).set(line, text));
  }
  const places = [...new Set(folders.flatMap(withParents))];
  return new Map(
    [...known].flatMap(([file, texts]) => {
      const found = places
        .map((place) => readLines(resolve(place, file)))
        .find((all) => all && fits(all, texts));
      return found ? [[file, found] as const] : [];
    }),
  );
}

function withParents(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...withParents(above)];
}

function readLines(path: string): readonly string[] | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= FILE_CAP_BYTES ? readFileSync(path, 'utf8').split('\n') : undefined;
}

function fits(lines: readonly string[], texts: ReadonlyMap<number, string>): boolean {
  return [...texts].every(([line, text]) => lines[line - 1]?.trim() === text);
}
