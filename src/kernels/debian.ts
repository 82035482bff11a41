// `debian:SERIES`: the newest kernel of a series in Debian's archive, cloud flavour. What the archive said is
// remembered for a day, so that a warm run opens no connection at all.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { hasReason, TollgateError } from '../model/errors.ts';
import type { Kernel, LockedKernel } from '../model/kernel.ts';
import { isUnavailable, mirrorOf, readSuite } from './archive.ts';
import { cachePaths, makeCache, writeAtomically } from './cache.ts';
import type { KernelPackage } from './release.ts';
import type { KernelOptions, KernelSource } from './source.ts';
import { SUITES, type Suite, TESTING } from './suites.ts';
import { materialize } from './unpack.ts';
import { compareVersions } from './version.ts';

export const debian: KernelSource = {
  name: 'debian',
  pattern: 'debian:SERIES',
  describe:
    "the newest kernel of a series in Debian's archive (cloud flavour), as debian:6.1, or debian:newest",
  parse: (argument) =>
    argument === NEWEST || SERIES.test(argument ?? '')
      ? { ok: true }
      : { expected: "a series of two numbers, as 'debian:6.1', or 'debian:newest'" },
  resolve: resolveDebian,
  lock: resolveFresh,
};

const SERIES = /^[1-9]\d?\.\d{1,2}$/;
/** The newest kernel of all series, which come and go in testing and backports. */
const NEWEST = 'newest';
const REMEMBERED_FOR_MS = 24 * 3600_000;

async function resolveDebian(reference: string, options: KernelOptions): Promise<Kernel> {
  const locked = options.lock?.find((entry) => entry.reference === reference);
  if (locked) return materializeLocked(locked, options);
  if (options.lock) {
    options.onWarning?.(`${reference} is not pinned in the lock file; 'tollgate kernels lock' pins it`);
  }
  const remembered = await recall(reference, options);
  if (remembered && (options.offline || (!options.refresh && remembered.ageMs < REMEMBERED_FOR_MS))) {
    try {
      return await materialize(remembered.kernel, options);
    } catch (error) {
      // The series moved on before this version was downloaded.
      if (options.offline || !hasReason(error, 'not-found')) throw error;
    }
  }
  if (options.offline) throw neverResolved(reference);
  const fresh = await resolveFresh(reference, options).catch((error) => {
    if (!remembered || options.refresh || !isUnavailable(error)) throw error;
    const days = Math.floor(remembered.ageMs / (24 * 3600_000));
    options.onWarning?.(
      `${reference}: the archive could not be asked, using ${remembered.kernel.version}, ` +
        `the newest ${days} day${days === 1 ? '' : 's'} ago (${error.message})`,
    );
    return remembered.kernel;
  });
  return materialize(fresh, options);
}

/** Asks the archive, and remembers the answer. Throws TollgateError. */
async function resolveFresh(reference: string, options: KernelOptions): Promise<LockedKernel> {
  if (options.offline) throw neverResolved(reference);
  const series = reference.slice('debian:'.length);
  options.onProgress?.({ task: reference, phase: 'resolve', message: 'asking the archive' });
  const candidates = await findCandidates(series, options);
  const newest = candidates.reduce<Candidate | undefined>(
    (best, next) => (best && compareVersions(best.image.version, next.image.version) >= 0 ? best : next),
    undefined,
  );
  if (!newest) throw noKernel(reference, series, options);
  const kernel: LockedKernel = {
    reference,
    version: newest.image.version,
    packages: newest.packages.map(({ filename, sha256, sizeBytes }) => ({
      url: `${newest.suite.archive}/${filename}`,
      sha256,
      sizeBytes,
    })),
  };
  await remember(kernel, options);
  return kernel;
}

/** The newest version of each series that is cheap to learn: that of the small suites, newest series first. */
export async function availableSeries(
  options: KernelOptions,
): Promise<readonly { readonly series: string; readonly version: string; readonly suite: string }[]> {
  const found = new Map<string, Candidate>();
  for (const candidate of await askSuites(
    SUITES.filter(({ small }) => small),
    'any',
    options,
  )) {
    const series = seriesOf(candidate.image)!;
    const best = found.get(series);
    if (!best || compareVersions(candidate.image.version, best.image.version) > 0)
      found.set(series, candidate);
  }
  return [...found]
    .map(([series, { image, suite }]) => ({ series, version: image.version, suite: suite.name }))
    .sort((a, b) => compareVersions(b.version, a.version));
}

interface Candidate {
  readonly suite: Suite;
  readonly image: KernelPackage;
  /** The image's package and what it needs of its own build, in the order of unpacking. */
  readonly packages: readonly KernelPackage[];
}

async function findCandidates(series: string, options: KernelOptions): Promise<readonly Candidate[]> {
  return askSuites(suitesWith(series), series === NEWEST ? 'any' : series, options);
}

/** The newest is in testing, or on its way from there to the backports. */
function suitesWith(series: string): readonly Suite[] {
  return series === NEWEST
    ? SUITES.filter(({ name, small }) => small || name === TESTING)
    : SUITES.filter((suite) => suite.has(series));
}

/** A suite that is gone is left out with a warning, as long as another one has the series. */
async function askSuites(
  suites: readonly Suite[],
  series: string,
  options: KernelOptions,
): Promise<readonly Candidate[]> {
  // By suite, and not by who answers first: the same trouble is told in the same words.
  const left: TollgateError[] = [];
  const failed: unknown[] = [];
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const asked = await Promise.all(
    suites.map(async (suite, i) => {
      try {
        return candidatesIn(suite, await readSuite(suite, { ...options, signal }), series);
      } catch (error) {
        if (hasReason(error, 'not-found')) left[i] = error;
        else failed.push(error);
        // The other transfers end too, and clean up before this function throws.
        if (failed.length > 0) stop.abort();
        return [];
      }
    }),
  );
  if (failed.length > 0) throw failed[0];
  const candidates = asked.flat();
  const gone = left.filter(Boolean);
  if (candidates.length === 0 && gone[0]) throw gone[0];
  for (const error of gone) options.onWarning?.(`${error.message}; going on without it`);
  return candidates;
}

function candidatesIn(suite: Suite, index: readonly KernelPackage[], series: string): readonly Candidate[] {
  return index.flatMap((image) => {
    const own = seriesOf(image);
    if (own === undefined || (series !== 'any' && own !== series)) return [];
    const packages = closure(image, index);
    return packages ? [{ suite, image, packages }] : [];
  });
}

/**
 * 'linux-image-6.1.0-50-cloud-amd64' is of series 6.1; 'linux-image-6.1-cloud-amd64' and other packages that
 * only point to one are of none.
 */
function seriesOf({ name }: KernelPackage): string | undefined {
  return /^linux-image-(\d+\.\d+)\.\d[^/]*-cloud-amd64$/.exec(name)?.[1];
}

/**
 * The packages that a kernel is split into since 6.19, found by their exact dependencies within the index.
 * Undefined when one is missing. linux-base-* may be: the archive drops it earlier than the image, and before the
 * split the image holds all that is needed.
 */
function closure(
  image: KernelPackage,
  index: readonly KernelPackage[],
): readonly KernelPackage[] | undefined {
  const packages: KernelPackage[] = [image];
  for (const found of packages) {
    for (const wanted of found.depends) {
      const next = index.find(({ name, version }) => name === wanted.name && version === wanted.version);
      if (next && !packages.includes(next)) packages.push(next);
      if (!next && !wanted.name.startsWith('linux-base-')) return undefined;
    }
  }
  return packages;
}

async function materializeLocked(locked: LockedKernel, options: KernelOptions): Promise<Kernel> {
  try {
    return await materialize(locked, options);
  } catch (error) {
    if (!hasReason(error, 'not-found')) throw error;
    const newest = await resolveFresh(locked.reference, options).catch(() => undefined);
    const instead = newest ? `; the newest of its series is ${newest.version}` : '';
    throw new TollgateError(
      'infrastructure',
      `Cannot download ${locked.reference} ${locked.version} from the lock file: the archive no longer has it${instead}`,
      {
        reason: 'locked-version-gone',
        hint: 'tollgate kernels lock --update moves the lock; figures then belong to the new version.',
        cause: error,
      },
    );
  }
}

const resolution = z.object({
  schema: z.literal(1),
  mirror: z.string(),
  askedAt: z.iso.datetime(),
  kernel: z.object({
    reference: z.string(),
    version: z.string(),
    packages: z.array(z.object({ url: z.string(), sha256: z.string(), sizeBytes: z.number() })).min(1),
  }),
});

function resolutionFile(reference: string, options: KernelOptions): string {
  const mirror = createHash('sha256').update(mirrorOf(options)).digest('hex').slice(0, 16);
  return path.join(cachePaths(options.cacheDir).resolutions, `${reference.replace(':', '-')}-${mirror}.json`);
}

async function remember(kernel: LockedKernel, options: KernelOptions): Promise<void> {
  await makeCache(options.cacheDir, cachePaths(options.cacheDir).resolutions);
  const answer: z.infer<typeof resolution> = {
    schema: 1,
    mirror: mirrorOf(options),
    askedAt: new Date().toISOString(),
    kernel: { ...kernel, packages: [...kernel.packages] },
  };
  await writeAtomically(resolutionFile(kernel.reference, options), `${JSON.stringify(answer, null, 2)}\n`);
}

async function recall(reference: string, options: KernelOptions) {
  try {
    const text = await readFile(resolutionFile(reference, options), 'utf8');
    const { kernel, askedAt } = resolution.parse(JSON.parse(text));
    // A clock that was set back must not make an answer last for ever.
    return { kernel, ageMs: Math.abs(Date.now() - Date.parse(askedAt)) };
  } catch {
    return undefined;
  }
}

const neverResolved = (reference: string) =>
  new TollgateError(
    'infrastructure',
    `Cannot resolve ${reference} offline: it is neither cached nor pinned`,
    {
      reason: 'offline',
      hint: `tollgate kernels pull ${reference}`,
    },
  );

const noKernel = (reference: string, series: string, options: KernelOptions) =>
  new TollgateError(
    'config',
    `Cannot resolve ${reference}: no suite at ${mirrorOf(options)} has a whole cloud kernel of series ${series} ` +
      `(asked: ${suitesWith(series)
        .map(({ name }) => name)
        .join(', ')})`,
    { reason: 'no-kernel', hint: 'tollgate kernels list shows the series there are.' },
  );
