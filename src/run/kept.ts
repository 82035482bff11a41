// Which files of the cache folder are worth keeping from one runner to the next: those that this run has used and
// that take longer to make than to fetch. docs/action-setup.md has the measurements.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cachedKernels } from '../kernels/list.ts';
import { GUEST_MODULES, modulesWithDependencies } from '../vm/modules.ts';
import { knowCopiedStates, listSavedStates } from '../vm/saved-state.ts';

/**
 * Paths relative to `cacheDir`, sorted: the kernels of `digests` with the modules that the guest loads, the saved
 * states used since `since` with the names of their functions, and what the archive and QEMU have said. Left out is what is made in less time: vmlinux
 * and initramfs.
 */
export async function keptFiles(
  cacheDir: string,
  used: { readonly digests: readonly string[]; readonly since: Date },
): Promise<readonly string[]> {
  const kernels = (await cachedKernels(cacheDir)).filter(({ digest }) => used.digests.includes(digest));
  const states = listSavedStates(cacheDir).filter(({ usedAt }) => usedAt >= used.since);
  const files = [
    ...kernels.flatMap(({ path, release }) => kernelFiles(path, release)),
    ...states.flatMap(({ key }) => filesIn(join(cacheDir, 'states', key))),
    ...states.map(({ key }) => join(cacheDir, 'symbols', key)).filter((path) => existsSync(path)),
    ...['resolutions', 'indices', 'qemu'].flatMap((name) => filesIn(join(cacheDir, name))),
  ];
  return files.map((file) => relative(cacheDir, file)).sort();
}

/** To be called with what was put into the cache folder from an archive with checksums: saved states are not read again. */
export function knowUnpacked(cacheDir: string, unpacked: readonly string[]): void {
  const states = unpacked.filter((path) => path.startsWith('states/'));
  knowCopiedStates(
    cacheDir,
    states.map((path) => path.slice('states/'.length)),
  );
}

function kernelFiles(folder: string, release: string): string[] {
  const modules = join(folder, 'lib/modules', release);
  const dependencies = join(modules, 'modules.dep');
  const loaded = modulesWithDependencies(readFileSync(dependencies, 'utf8'), GUEST_MODULES);
  return [
    join(folder, 'kernel.json'),
    ...filesIn(join(folder, 'boot')),
    dependencies,
    ...loaded.map(({ path }) => join(modules, path)),
  ];
}

/** Not those that are being written. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => join(folder, name));
}
