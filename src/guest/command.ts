// A program of the project's in the guest: its files in a folder of their own, and what its environment is there.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandJob } from '../model/job.ts';
import { blobIn } from '../model/window.ts';

/** How a command is started. */
export interface Command {
  /** The program's path, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Writes the files into `folder`, which must not be there yet. */
export function putCommand(window: Uint8Array, folder: string, { files, command, env }: CommandJob): Command {
  mkdirSync(folder);
  for (const { path, isExecutable, bytes } of files) {
    const to = join(folder, path);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, blobIn(window, bytes), { mode: isExecutable ? 0o755 : 0o644 });
  }
  const [program, ...args] = command as [string, ...string[]];
  const path = [folder, '/bin'];
  return {
    argv: [pathOf(program, path), ...args],
    cwd: folder,
    env: { PATH: path.join(':'), LD_LIBRARY_PATH: join(folder, 'lib'), HOME: folder, ...env },
  };
}

/** What a name without a slash stands for; itself where it is nowhere, which starting it then says. */
function pathOf(program: string, path: readonly string[]): string {
  if (program.includes('/')) return program;
  return path.map((folder) => join(folder, program)).find((each) => existsSync(each)) ?? program;
}
