// Missing programs, fetched from the distribution's archive without being installed: downloaded by apt, unpacked
// into the cache and run from there. What is whole in the cache is taken as it is, without apt and without network.

import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cachePaths, makeCache, withWorkDir } from '../kernels/cache.ts';
import { fetchPackage } from '../kernels/index.ts';
import { hasReason, TollgateError } from '../model/errors.ts';
import { INSTALLED, type Tools } from '../model/tools.ts';
import { type AptOptions, downloadPackages, installPackages, makeAptState, noApt } from './apt.ts';
import { digestOfText, type MachineId, machineId } from './machine.ts';
import type { Need } from './needs.ts';
import {
  checkUnpacked,
  dropUnpacked,
  keepNeeded,
  toolsIn,
  toolsInRoot,
  unpackPackages,
  whyNotRunning,
} from './unpacked.ts';

export interface PackageOptions extends AptOptions {
  /** Absolute. */
  readonly cacheDir: string;
  /** Debian's mirror, for what the distribution's own archive does not have. */
  readonly mirror?: string;
  readonly proxy?: string;
  /** Default: whether this process runs as root. */
  readonly isRoot?: boolean;
}

export interface Provided {
  readonly tools: Tools;
  /**
   * 'machine': nothing was missing; 'cache': it lay there unpacked; 'fetched': downloaded and unpacked;
   * 'installed': what was fetched did not run.
   */
  readonly from: 'machine' | 'cache' | 'fetched' | 'installed';
}

/** The folder below the cache folder in which packages lie unpacked, one folder per set. */
export const PACKAGES_FOLDER = 'packages';

/** Makes `needs`, which this machine lacks and of which there is one at least, ready to run. Throws TollgateError. */
export async function providePackages(needs: readonly Need[], options: PackageOptions): Promise<Provided> {
  // What unpacks packages comes in no package that could be unpacked.
  if (needs.some(({ name }) => name === 'dpkg-deb')) throw noApt('dpkg-deb');
  const machine = await machineId();
  const folder = packagesFolder(options.cacheDir, machine, needs);
  const wrong = await whyUnusable(folder, needs);
  if (wrong === undefined) return { tools: toolsIn(folder, needs), from: 'cache' };
  if (wrong !== ABSENT) {
    options.log.warning(
      `The unpacked packages in the cache are of no use (${wrong}); they are fetched again`,
    );
    await dropUnpacked(folder);
  }
  try {
    await fetchInto(folder, needs, options);
    return { tools: toolsIn(folder, needs), from: 'fetched' };
  } catch (cause) {
    if (!hasReason(cause, 'not-runnable')) throw cause;
    options.log.warning(`${cause.message}; installing instead`);
    await installPackages(packagesOf(needs), {
      ...options,
      isRoot: options.isRoot ?? process.getuid?.() === 0,
    });
    return { tools: INSTALLED, from: 'installed' };
  }
}

/** Where the packages of a set of needs lie: another release of the distribution has others. */
export function packagesFolder(cacheDir: string, machine: MachineId, needs: readonly Need[]): string {
  const key = digestOfText(JSON.stringify({ format: FORMAT, machine, needs: needs.map(({ name }) => name) }));
  return join(cacheDir, PACKAGES_FOLDER, key.slice(0, 32));
}

/** Of the unpacked folder; counted up when what is kept of packages changes. */
const FORMAT = 1;
const ABSENT = 'absent';

/** Undefined where the folder can be used. */
async function whyUnusable(folder: string, needs: readonly Need[]): Promise<string | undefined> {
  const manifest = await checkUnpacked(folder);
  if ('wrong' in manifest) return /ENOENT/.test(manifest.wrong) ? ABSENT : manifest.wrong;
  return await whyNotRunning(folder, needs);
}

async function fetchInto(folder: string, needs: readonly Need[], options: PackageOptions): Promise<void> {
  await makeCache(
    options.cacheDir,
    join(options.cacheDir, PACKAGES_FOLDER),
    cachePaths(options.cacheDir).tmp,
  );
  await withWorkDir(options.cacheDir, async (work) => {
    const started = Date.now();
    const state = await makeAptState(work, options);
    const { debs, absent } = await downloadPackages(state, work, packagesOf(needs), ELSEWHERE, options);
    const downloaded = Date.now();
    const root = join(work, 'root');
    await unpackPackages(debs, root, options);
    const others: string[] = [];
    for (const name of absent) {
      options.log.info(`This release has no ${name}: taking Debian's, from ${DEBIAN_SUITE}`);
      const tools = toolsInRoot(root);
      const { cacheDir, mirror, proxy, signal } = options;
      others.push(
        await fetchPackage(name, DEBIAN_SUITE, work, {
          ...{ cacheDir, tools },
          ...(mirror === undefined ? {} : { mirror }),
          ...(proxy === undefined ? {} : { proxy }),
          ...(signal ? { signal } : {}),
        }),
      );
    }
    await unpackPackages(others, root, options);
    const whole = join(work, 'whole');
    await mkdir(whole);
    await keepNeeded(root, whole, needs, [...debs, ...others]);
    const wrong = await whyNotRunning(whole, needs);
    if (wrong !== undefined)
      throw new TollgateError('infrastructure', `Cannot run the unpacked packages: ${wrong}`, {
        reason: 'not-runnable',
      });
    await moveIntoPlace(whole, folder);
    const count = debs.length + others.length;
    const took = `${inSeconds(downloaded - started)} to download, ${inSeconds(Date.now() - downloaded)} to unpack`;
    options.log.info(`${count} packages: ${took}`);
  });
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** Another process may have been first: what it made is as good. */
async function moveIntoPlace(whole: string, folder: string): Promise<void> {
  try {
    await rename(whole, folder);
  } catch (cause) {
    if ('wrong' in (await checkUnpacked(folder))) throw cause;
  }
}

/**
 * What some release we run on lacks (Ubuntu 22.04 has libbpf 0.5), and the Debian release whose package serves
 * there: it asks for no newer C library (2.33). With the packages that its package needs.
 */
const ELSEWHERE = { libbpf1: ['libelf1', 'zlib1g'] };
const DEBIAN_SUITE = 'bookworm';

function packagesOf(needs: readonly Need[]): readonly string[] {
  return [...new Set(needs.map((need) => need.package))];
}
