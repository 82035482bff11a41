// The files of a program of the project's that is run in the guest: what the budget file names, and the shared libraries
// that executables among them need.

import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { glob } from 'tinyglobby';
import { toolEnvironment } from '../kernels/index.ts';
import type { Config } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { CommandFile, CommandJob } from '../model/job.ts';
import type { GuestCommand, StimulusCommand } from '../model/stimuli.ts';
import type { Tools } from '../model/tools.ts';
import type { PlaceBlob } from '../model/window.ts';
import { isDynamic, linkedLibraries, loadedBytes } from '../vm/initramfs.ts';

export type FoundFile = Omit<CommandFile, 'bytes'> & { readonly bytes: Uint8Array };

/** Why there is no such set of files: of which pattern. */
export interface FileProblem {
  readonly problem: string;
  readonly index: number;
}

/** Where files are looked up, and by what. */
export interface FileLookup {
  readonly directory: string;
  readonly tools?: Tools | undefined;
}

/** The files that `patterns` name, and what they are linked with. */
export async function findFiles(
  patterns: readonly string[],
  { directory, tools }: FileLookup,
): Promise<readonly FoundFile[] | FileProblem> {
  const paths = new Set<string>();
  for (const [index, pattern] of patterns.entries()) {
    const found = await glob([pattern], { cwd: directory, onlyFiles: true, expandDirectories: false });
    if (found.length === 0) return { index, problem: `no file matches '${pattern}'` };
    if (found.some((path) => path.startsWith('../') || path.startsWith('/')))
      return { index, problem: `'${pattern}' lies outside the project` };
    for (const path of found) paths.add(path);
  }
  const environment = toolEnvironment(tools);
  const libraries = new Map<string, string>();
  for (const path of [...paths].map((each) => join(directory, each)).filter(isDynamic))
    for (const library of await librariesOf(path, environment))
      if (!library.name.startsWith('lib64/')) libraries.set(`lib/${basename(library.name)}`, library.path);
  for (const path of paths) libraries.delete(path); // it brings its own
  return [
    ...[...paths].sort().map((path) => fileOf(path, join(directory, path))),
    ...[...libraries].sort().map(([library, path]) => fileOf(library, path)),
  ];
}

/** The files of each command that makes a hook run. */
export type StimulusFiles = ReadonlyMap<StimulusCommand, readonly FoundFile[]>;

/** Those of both sides are head's: base and head meet the same events. Throws TollgateError ('config') where one is missing. */
export async function findStimulusFiles(
  { programs }: Pick<Config, 'programs'>,
  lookup: FileLookup,
): Promise<StimulusFiles> {
  const commands = Object.values(programs).flatMap(({ attach }) =>
    typeof attach?.stimulus === 'object' ? [attach.stimulus] : [],
  );
  const found = await Promise.all(
    commands.map(async (command) => {
      const files = await findFiles(command.files, lookup);
      if (!('problem' in files)) return [command, files] as const;
      const place = command.filePlaces[files.index];
      throw new TollgateError('config', `Cannot run stimulus '${command.name}': ${files.problem}`, {
        ...(place ? { place } : {}),
      });
    }),
  );
  return new Map(found);
}

/** As the guest is told of it. */
export function commandJob(
  { command, env, in: side }: GuestCommand,
  files: readonly FoundFile[],
  place: PlaceBlob,
): CommandJob {
  return { files: files.map(({ bytes, ...file }) => ({ ...file, bytes: place(bytes) })), command, env, side };
}

/** None where the system's loader does not take the file: then it has to bring what it needs. */
async function librariesOf(
  path: string,
  environment: Readonly<Record<string, string>>,
): ReturnType<typeof linkedLibraries> {
  try {
    return await linkedLibraries(path, environment);
  } catch {
    return [];
  }
}

function fileOf(path: string, from: string): FoundFile {
  const isExecutable = (statSync(from).mode & 0o111) !== 0;
  return { path, isExecutable, bytes: readFileSync(from).subarray(0, loadedBytes(from)) };
}
