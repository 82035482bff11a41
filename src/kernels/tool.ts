// Runs one of the system's tools. Apart because a tool that is missing is the user's most likely trouble,
// and has to end in the command that installs it.

import { execa } from 'execa';
import { TollgateError } from '../model/errors.ts';
import { INSTALLED, type Tools } from '../model/tools.ts';

/** The Debian and Ubuntu package that brings each tool. */
const PACKAGE_OF = {
  depmod: 'kmod',
  'dpkg-deb': 'dpkg',
  gpgv: 'gpgv',
  lz4: 'lz4',
  xz: 'xz-utils',
  zstd: 'zstd',
} as const;

export type Tool = keyof typeof PACKAGE_OF;

export interface ToolRun {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly input?: Uint8Array;
  /** Standard output goes to this file instead of into the result. */
  readonly outputFile?: string;
  readonly tools?: Tools;
  readonly signal?: AbortSignal;
}

/** The environment in which a program of `tools` runs, and what it runs in turn: merged into the process's own. */
export function toolEnvironment({ path, libraryPath }: Tools = INSTALLED): Readonly<Record<string, string>> {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const joined = (folders: readonly string[], before: string | undefined) =>
    [...folders, ...(before ? [before] : [])].join(':');
  return {
    ...(path.length === 0 ? {} : { PATH: joined(path, PATH) }),
    ...(libraryPath.length === 0 ? {} : { LD_LIBRARY_PATH: joined(libraryPath, LD_LIBRARY_PATH) }),
  };
}

/** Runs a tool to its end, whatever its exit code. Throws TollgateError when there is no such tool. */
export async function runTool(
  tool: Tool,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolRun> {
  // depmod lies in /usr/sbin, which is not in an ordinary user's PATH on Debian.
  for (const command of [tool, `/usr/sbin/${tool}`, `/sbin/${tool}`]) {
    const result = await execa(command, args, {
      reject: false,
      env: { ...toolEnvironment(options.tools), LC_ALL: 'C' },
      ...(options.input ? { input: options.input } : { stdin: 'ignore' as const }),
      ...(options.outputFile ? { stdout: { file: options.outputFile }, buffer: { stdout: false } } : {}),
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    });
    options.signal?.throwIfAborted();
    if (result.failed && 'code' in result && result.code === 'ENOENT') continue;
    return { exitCode: result.exitCode, stdout: result.stdout ?? '', stderr: result.stderr ?? '' };
  }
  throw missingTool(tool);
}

/** What every tool takes from the options of a step. */
export function toolOptions({
  tools,
  signal,
}: Pick<ToolOptions, 'tools' | 'signal'>): Pick<ToolOptions, 'tools' | 'signal'> {
  return { ...(tools ? { tools } : {}), ...(signal ? { signal } : {}) };
}

export function missingTool(tool: Tool): TollgateError {
  return new TollgateError('infrastructure', `Cannot run '${tool}': it is not installed`, {
    reason: 'missing-tool',
    hint: `apt-get install ${PACKAGE_OF[tool]}`,
  });
}
