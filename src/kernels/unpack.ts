// From pinned packages to a kernel on disk: download, verify, unpack, bring Debian's layouts of the years into
// one, and move the result into the cache in one step.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { TollgateError } from '../model/errors.ts';
import type { Kernel, LockedKernel } from '../model/kernel.ts';
import { fromAnyMirror, transferOptions } from './archive.ts';
import { cachePaths, makeCache, shared, withWorkDir } from './cache.ts';
import { download } from './download.ts';
import { isPackageUrl, MAX_DEB_BYTES, SHA256 } from './release.ts';
import type { KernelOptions } from './source.ts';
import { runTool, toolOptions } from './tool.ts';

/** The kernel made of exactly these packages, from the cache or downloaded. Throws TollgateError. */
export async function materialize(locked: LockedKernel, options: KernelOptions): Promise<Kernel> {
  checkPackages(locked);
  const { kernels } = cachePaths(options.cacheDir);
  const target = path.join(kernels, packageSetDigest(locked));
  const cached = await readCachedKernel(target);
  if (cached) return toKernel(locked.reference, target, cached);
  if (options.offline) {
    throw new TollgateError(
      'infrastructure',
      `Cannot get ${locked.reference} offline: ${locked.version} is not cached`,
      {
        reason: 'offline',
        hint: `tollgate kernels pull ${locked.reference}`,
      },
    );
  }
  await makeCache(options.cacheDir, kernels);
  const made = await shared(target, options.signal, () => fetchAndUnpack(locked, target, options));
  return toKernel(locked.reference, target, made);
}

/** Names a set of packages, in whatever order they were listed. */
export function packageSetDigest(locked: Pick<LockedKernel, 'packages'>): string {
  const digests = locked.packages.map(({ sha256 }) => sha256).sort();
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}

/** What kernel.json in a cached kernel's folder says. It is written last, so a folder with it is whole. */
export type CachedKernel = z.infer<typeof cachedKernel>;

const cachedKernel = z.object({
  schema: z.literal(1),
  release: z.string().regex(/^[0-9A-Za-z.+~_-]+$/),
  version: z.string(),
  /** The reference it was first asked for by. */
  reference: z.string(),
  image: z.object({ sha256: z.string().regex(SHA256), sizeBytes: z.number(), mtimeMs: z.number() }),
  hasConfig: z.boolean(),
});

/** Undefined when the folder is no cached kernel, or its image is not the one that was unpacked. */
export async function readCachedKernel(dir: string): Promise<CachedKernel | undefined> {
  try {
    const cached = cachedKernel.parse(JSON.parse(await readFile(path.join(dir, 'kernel.json'), 'utf8')));
    const image = imageIn(dir, cached.release);
    const info = await stat(image);
    await stat(path.join(modulesIn(dir, cached.release), 'modules.dep'));
    if (info.size !== cached.image.sizeBytes) return undefined;
    // Hashing costs tens of milliseconds a kernel, which a warm run would notice; untouched is good enough.
    if (info.mtimeMs === cached.image.mtimeMs) return cached;
    return (await sha256OfFile(image)) === cached.image.sha256 ? cached : undefined;
  } catch {
    return undefined;
  }
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const imageIn = (dir: string, release: string) => path.join(dir, 'boot', `vmlinuz-${release}`);
const configIn = (dir: string, release: string) => path.join(dir, 'boot', `config-${release}`);
const modulesIn = (dir: string, release: string) => path.join(dir, 'lib', 'modules', release);

function toKernel(reference: string, dir: string, cached: CachedKernel): Kernel {
  return {
    reference,
    release: cached.release,
    version: cached.version,
    digest: cached.image.sha256,
    imagePath: imageIn(dir, cached.release),
    modulesPath: modulesIn(dir, cached.release),
    ...(cached.hasConfig ? { configPath: configIn(dir, cached.release) } : {}),
  };
}

/** A lock file is edited by hand and merged by machines: nothing in it may lead out of the archive's pool. */
function checkPackages(locked: LockedKernel): void {
  for (const { url, sha256, sizeBytes } of locked.packages) {
    const sizeFits = sizeBytes > 0 && sizeBytes <= MAX_DEB_BYTES;
    if (isPackageUrl(url) && SHA256.test(sha256) && sizeFits) continue;
    throw new TollgateError(
      'config',
      `Cannot use ${locked.reference}: '${url}' is no package of an archive`,
      {
        reason: 'bad-package',
        hint: "Expected a path as 'debian/pool/main/l/linux/NAME.deb', with its sha256 and size.",
      },
    );
  }
}

async function fetchAndUnpack(
  locked: LockedKernel,
  target: string,
  options: KernelOptions,
): Promise<CachedKernel> {
  return withWorkDir(options.cacheDir, async (work) => {
    const whole = path.join(work, 'kernel');
    await mkdir(whole);
    const debs = await fetchPackages(locked, work, options);
    for (const [index, deb] of debs.entries()) {
      report(options, locked, `unpacking ${path.basename(deb)}`);
      // Each package into a folder of its own: a link in one must not lead the files of another astray.
      const root = path.join(work, `root-${index}`);
      await unpackPackage(deb, root, options);
      for (const part of ['boot', 'lib/modules', 'usr/lib/modules']) {
        await moveFiles(root, part, path.join(whole, part.replace(/^usr\//, '')));
      }
    }
    const cached = await finish(locked, whole, options);
    return moveIntoCache(whole, target, cached);
  });
}

async function fetchPackages(
  locked: LockedKernel,
  work: string,
  options: KernelOptions,
): Promise<readonly string[]> {
  const total = locked.packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let before = 0;
  let shown = 0;
  const files: string[] = [];
  for (const { url, sha256, sizeBytes } of locked.packages) {
    const file = path.join(work, path.posix.basename(url));
    const show = (done: number) =>
      options.onProgress?.({
        task: locked.reference,
        phase: 'download',
        message: path.posix.basename(url),
        done: before + done,
        total,
      });
    await fromAnyMirror(options, (mirror) =>
      download(`${mirror}/${url}`, file, {
        expected: { sha256, sizeBytes },
        maxBytes: sizeBytes,
        ...transferOptions(options),
        onBytes: (done) => {
          if (Date.now() - shown < PROGRESS_EVERY_MS) return;
          shown = Date.now();
          show(done);
        },
      }),
    );
    show(sizeBytes);
    before += sizeBytes;
    files.push(file);
  }
  return files;
}

const PROGRESS_EVERY_MS = 100;

async function unpackPackage(deb: string, root: string, options: KernelOptions): Promise<void> {
  const run = await runTool('dpkg-deb', ['--extract', deb, root], toolOptions(options));
  if (run.exitCode === 0) return;
  throw new TollgateError('infrastructure', `Cannot unpack ${path.basename(deb)}: ${run.stderr.trim()}`, {
    reason: 'bad-package',
  });
}

/** Moves the regular files below `root/part`. Links and devices stay behind: no kernel needs them to boot. */
async function moveFiles(root: string, part: string, to: string): Promise<void> {
  let at = root;
  for (const step of part.split('/')) {
    at = path.join(at, step);
    if (!(await isRealDirectory(at))) return;
  }
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(at, { withFileTypes: true })) {
    if (entry.isDirectory()) await moveFiles(at, entry.name, path.join(to, entry.name));
    else if (entry.isFile()) await rename(path.join(at, entry.name), path.join(to, entry.name));
  }
}

async function isRealDirectory(file: string): Promise<boolean> {
  return lstat(file).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

/** Brings all layouts into boot/vmlinuz-RELEASE, boot/config-RELEASE and lib/modules/RELEASE with modules.dep. */
async function finish(locked: LockedKernel, whole: string, options: KernelOptions): Promise<CachedKernel> {
  const releases = await readdir(path.join(whole, 'lib', 'modules')).catch(() => []);
  const release = releases[0];
  if (release === undefined || releases.length > 1) {
    throw incomplete(locked, `${releases.length} folders in lib/modules, expected one`);
  }
  await mkdir(path.join(whole, 'boot'), { recursive: true });
  // Since 6.19 Debian's packages hold these in the modules' folder and copy them to /boot on installation.
  const modules = modulesIn(whole, release);
  await rename(path.join(modules, 'vmlinuz'), imageIn(whole, release)).catch(() => {});
  await rename(path.join(modules, 'config'), configIn(whole, release)).catch(() => {});
  const image = await stat(imageIn(whole, release)).catch(() => undefined);
  if (!image) throw incomplete(locked, `no boot/vmlinuz-${release}`);
  report(options, locked, 'reading the dependencies of its modules');
  await makeModulesDep(whole, release, options);
  const cached: CachedKernel = {
    schema: 1,
    release,
    version: locked.version,
    reference: locked.reference,
    image: {
      sha256: await sha256OfFile(imageIn(whole, release)),
      sizeBytes: image.size,
      mtimeMs: image.mtimeMs,
    },
    hasConfig: (await stat(configIn(whole, release)).catch(() => undefined)) !== undefined,
  };
  await writeFile(path.join(whole, 'kernel.json'), `${JSON.stringify(cached, null, 2)}\n`);
  return cached;
}

/** Debian makes modules.dep on installation, so no package has it. */
async function makeModulesDep(whole: string, release: string, options: KernelOptions): Promise<void> {
  const modulesDep = path.join(modulesIn(whole, release), 'modules.dep');
  // Some builds of depmod look below usr/lib, others below lib.
  const alias = path.join(whole, 'usr');
  await mkdir(alias);
  await symlink('../lib', path.join(alias, 'lib'));
  const run = await runTool('depmod', ['-b', whole, release], toolOptions(options));
  await rm(alias, { recursive: true });
  if (run.exitCode === 0 && (await stat(modulesDep).catch(() => undefined))) return;
  throw new TollgateError('infrastructure', `Cannot make modules.dep for ${release}: ${run.stderr.trim()}`, {
    reason: 'depmod-failed',
  });
}

async function moveIntoCache(whole: string, target: string, cached: CachedKernel): Promise<CachedKernel> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(whole, target);
      return cached;
    } catch (error) {
      // Another process was first: its kernel is as good. If not, it is a damaged one, and goes.
      const winner = await readCachedKernel(target);
      if (winner) return winner;
      if (attempt === 3) throw error;
      await rename(target, `${whole}-damaged-${attempt}`).catch(() => {});
    }
  }
}

const report = (options: KernelOptions, locked: LockedKernel, message: string) =>
  options.onProgress?.({ task: locked.reference, phase: 'resolve', message });

const incomplete = (locked: LockedKernel, why: string) =>
  new TollgateError(
    'infrastructure',
    `Cannot use the packages of ${locked.reference} ${locked.version}: ${why}`,
    {
      reason: 'bad-package',
    },
  );
