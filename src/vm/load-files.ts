// What a job under network load brings along: iperf3, the libraries it needs and the program that runs it. It goes into
// the window with the job and not into the initramfs: no boot and no other job pays for it, nor has another memory.

import { accessSync, constants, readFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { toolEnvironment } from '../kernels/index.ts';
import { TollgateError } from '../model/errors.ts';
import type { Kernel } from '../model/kernel.ts';
import { INSTALLED, type Tools } from '../model/tools.ts';
import { linkedLibraries, loadedBytes } from './initramfs.ts';
import { readModules } from './modules.ts';

/** By their names in the guest. Throws TollgateError ('infrastructure', 'missing-tool') without an iperf3. */
export async function loadFiles(options: {
  readonly distDir: string;
  readonly tools?: Tools;
}): Promise<ReadonlyMap<string, Uint8Array>> {
  const environment = toolEnvironment(options.tools);
  const iperf3 = findProgram('iperf3', options.tools);
  const libraries = await linkedLibraries(iperf3, environment);
  const files = [
    ['load', join(options.distDir, 'native/load')],
    ['iperf3', iperf3],
    // The loader is the guest's own, of the same C library.
    ...libraries
      .filter(({ name }) => !name.startsWith('lib64/'))
      .map(({ name, path }) => [basename(name), path]),
  ] as const;
  return new Map(
    files.map(([name, path]) => [name!, readFileSync(path!).subarray(0, loadedBytes(path!))] as const),
  );
}

/** Modules of a kernel with what they need, named so that they come in the order in which they load. */
export async function moduleFiles(
  { modulesPath }: Pick<Kernel, 'modulesPath'>,
  names: readonly string[],
  { tools }: { readonly tools?: Tools },
): Promise<readonly (readonly [name: string, bytes: Uint8Array])[]> {
  const modules = modulesPath === undefined ? [] : await readModules(modulesPath, names, tools);
  return modules.map(({ bytes }, i) => [`module-${i}.ko`, bytes]);
}

/** The path of an installed program. Throws TollgateError ('infrastructure', 'missing-tool'). */
export function findProgram(name: string, { path }: Tools = INSTALLED): string {
  const found = [...path, ...(process.env.PATH ?? '').split(delimiter)]
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (found === undefined)
    throw new TollgateError('infrastructure', `Cannot run '${name}': it is not installed`, {
      reason: 'missing-tool',
      hint: `apt-get install ${name}`,
    });
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
