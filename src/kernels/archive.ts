// The chain of trust from Debian's keys to the digest of a package: gpgv verifies the suite's InRelease, that
// holds the digest of the Packages index, and that the digests of the packages. Nothing unverified is parsed.

import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import * as z from 'zod';
import { hasReason, TollgateError } from '../model/errors.ts';
import { cachePaths, makeCache, shared, withWorkDir, writeAtomically } from './cache.ts';
import { download } from './download.ts';
import {
  isKernelStanza,
  isPoolPath,
  type KernelPackage,
  MAX_DEB_BYTES,
  parseKernelPackage,
  parseRelease,
  type Release,
  SHA256,
} from './release.ts';
import type { KernelOptions } from './source.ts';
import type { Suite } from './suites.ts';
import { missingTool, runTool, toolEnvironment, toolOptions } from './tool.ts';

export const DEFAULT_MIRROR = 'http://deb.debian.org';
/** Where Debian's releases go when the mirrors drop them, some years on: the same paths, the same signatures. */
export const PAST_RELEASES_MIRROR = 'http://archive.debian.org';

/** Which packages of an index are read. What was found is remembered under the name. */
export interface PackageFilter {
  readonly name: string;
  readonly wants: (stanza: string) => boolean;
}

/** Those of the cloud flavour. */
const KERNELS: PackageFilter = { name: 'kernels', wants: isKernelStanza };

/** The kernel packages in one suite, or those of another filter, verified up to a key. Throws TollgateError. */
export async function readSuite(
  suite: Suite,
  options: KernelOptions,
  filter: PackageFilter = KERNELS,
): Promise<readonly KernelPackage[]> {
  return fromAnyMirror(options, async (mirror) => {
    const base = `${mirror}/${suite.archive}/dists/${suite.name}`;
    const release = await shared(`${options.cacheDir} ${base}`, options.signal, () =>
      readRelease(suite, base, options),
    );
    const index = release.files.get(INDEX);
    if (!index) throw unusable(`${base}/InRelease`, `it does not list ${INDEX}`, 'bad-index');
    const file = indexFile(index.sha256, filter, options);
    return shared(file, options.signal, async () => {
      const remembered = await recallIndex(file);
      if (remembered) return remembered;
      const packages = await fetchIndex(base, release, index, options, filter);
      await rememberIndex(file, packages, options);
      return packages;
    });
  });
}

/**
 * Calls `get` with the mirror, and with that of past releases where the mirror does not have what is asked for. What
 * the first said is thrown where the other does not have it either, or cannot be reached.
 */
export async function fromAnyMirror<T>(
  options: KernelOptions,
  get: (mirror: string) => Promise<T>,
): Promise<T> {
  const past = options.pastReleasesMirror ?? (options.mirror ? undefined : PAST_RELEASES_MIRROR);
  try {
    return await get(mirrorOf(options));
  } catch (error) {
    if (!past || !hasReason(error, 'not-found')) throw error;
    return await get(past).catch((second) => {
      options.signal?.throwIfAborted();
      throw isUnavailable(second) ? error : second;
    });
  }
}

/** Whether an error says nothing about the archive's content; anything else is a reason for worry, and stops. */
export function isUnavailable(error: unknown): boolean {
  return hasReason(error, 'network', 'not-found', 'http-status');
}

/** The mirror without its last slash. Throws when it is no http(s) URL. */
export function mirrorOf(options: Pick<KernelOptions, 'mirror'>): string {
  const mirror = (options.mirror ?? DEFAULT_MIRROR).replace(/\/+$/, '');
  if (URL.canParse(mirror) && /^https?:\/\/[^?#]*$/.test(mirror)) return mirror;
  throw new TollgateError('config', `Cannot use mirror '${mirror}': expected an http:// or https:// URL`, {
    hint: `The URL under which /debian and /debian-security lie, as ${DEFAULT_MIRROR}.`,
  });
}

const INDEX = 'main/binary-amd64/Packages.xz';
const MAX_RELEASE_BYTES = 4 * 1024 * 1024;
const MAX_INDEX_BYTES = 64 * 1024 * 1024;
const MAX_UNPACKED_INDEX_BYTES = 512 * 1024 * 1024;
const SYSTEM_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

async function readRelease(suite: Suite, base: string, options: KernelOptions): Promise<Release> {
  const url = `${base}/InRelease`;
  const text = await withWorkDir(options.cacheDir, async (dir) => {
    const signed = path.join(dir, 'InRelease');
    await download(url, signed, { maxBytes: MAX_RELEASE_BYTES, ...transferOptions(options) });
    return verifiedText(url, signed, path.join(dir, 'Release'), options);
  });
  const release = parseRelease(text);
  if (release.codename !== suite.name) {
    throw unusable(
      url,
      `it is for '${release.codename ?? 'no suite'}', expected '${suite.name}'`,
      'wrong-suite',
    );
  }
  // Signed all the same: at worst it hides a newer kernel, which is no reason to stop a gate on a mirror that lags.
  if (release.validUntil && !(release.validUntil.getTime() > Date.now()))
    options.onWarning?.(
      `${url} was valid until ${showDate(release.validUntil)}: the mirror is behind, and its kernels may not be the newest`,
    );
  return release;
}

const showDate = (date: Date) => (Number.isNaN(date.getTime()) ? 'no readable date' : date.toISOString());

/**
 * The text that the signature covers, and nothing else of the file. One good signature by a known key is enough
 * (an archive signs with the next release's key too), a bad one is never forgiven.
 */
async function verifiedText(
  url: string,
  signed: string,
  output: string,
  options: KernelOptions,
): Promise<string> {
  const keyrings = await findKeyrings(options);
  const run = await runTool(
    'gpgv',
    [
      ...['--homedir', path.dirname(output), '--status-fd', '1', '--output', output],
      ...keyrings.flatMap((keyring) => ['--keyring', keyring]),
      signed,
    ],
    toolOptions(options),
  );
  const statuses = run.stdout.split('\n').map((line) => line.replace(/^\[GNUPG:\] /, '').split(' ')[0] ?? '');
  const forged = statuses.find((status) => FORGED.includes(status));
  if (statuses.includes('GOODSIG') && !forged && (await exists(output))) return readFile(output, 'utf8');
  const why = run.stderr.split('\n').filter((line) => /signature|key|verif|data/i.test(line));
  throw unusable(
    url,
    `its signature is not good (${why.join('; ').replaceAll('gpgv: ', '').trim() || 'there is none'})`,
    'bad-signature',
    `Keyrings tried: ${keyrings.join(', ')}.`,
  );
}

/** ERROR is what a second message in the file ends in. */
const FORGED = ['BADSIG', 'BADARMOR', 'UNEXPECTED', 'FAILURE', 'ERROR'];

async function findKeyrings(options: KernelOptions): Promise<readonly string[]> {
  const keysDir = options.keysDir ?? fileURLToPath(new URL('./keys', import.meta.url));
  const shipped = await readdir(keysDir).catch(() => []);
  const keyrings = shipped.filter((name) => name.endsWith('.gpg')).map((name) => path.join(keysDir, name));
  // The system's own ring knows the keys of releases newer than this version of Tollgate.
  if (existsSync(SYSTEM_KEYRING)) keyrings.push(SYSTEM_KEYRING);
  if (keyrings.length > 0) return keyrings.sort();
  throw new TollgateError(
    'infrastructure',
    `Cannot find a keyring: none in ${keysDir}, no ${SYSTEM_KEYRING}`,
    {
      reason: 'no-keyring',
      hint: 'apt-get install debian-archive-keyring',
    },
  );
}

async function fetchIndex(
  base: string,
  release: Release,
  index: { readonly sha256: string; readonly sizeBytes: number },
  options: KernelOptions,
  filter: PackageFilter,
): Promise<readonly KernelPackage[]> {
  const plain = `${base}/${INDEX}`;
  if (index.sizeBytes > MAX_INDEX_BYTES)
    throw unusable(plain, `it has ${index.sizeBytes} bytes`, 'too-large');
  const byHash = `${path.posix.dirname(plain)}/by-hash/SHA256/${index.sha256}`;
  return withWorkDir(options.cacheDir, async (dir) => {
    const file = path.join(dir, 'Packages.xz');
    const get = (url: string) =>
      download(url, file, { expected: index, maxBytes: index.sizeBytes, ...transferOptions(options) });
    if (!release.byHash) await get(plain);
    else {
      await get(byHash).catch((error) => {
        if (!hasReason(error, 'not-found')) throw error;
        return get(plain);
      });
    }
    return readIndex(plain, file, options, filter);
  });
}

/** Unpacks and reads an index as a stream: 60 MB of it are not wanted in memory at once. */
async function readIndex(
  url: string,
  file: string,
  options: KernelOptions,
  filter: PackageFilter,
): Promise<readonly KernelPackage[]> {
  const xz = execa('xz', ['--decompress', '--stdout', '--memlimit-decompress=256MiB', file], {
    reject: false,
    stdin: 'ignore',
    buffer: { stdout: false },
    env: toolEnvironment(options.tools),
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });
  const packages: KernelPackage[] = [];
  let rest = '';
  let sizeBytes = 0;
  xz.stdout?.setEncoding('utf8');
  for await (const chunk of xz.stdout as AsyncIterable<string>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_UNPACKED_INDEX_BYTES) {
      xz.kill('SIGKILL');
      throw unusable(url, `it unpacks to more than ${MAX_UNPACKED_INDEX_BYTES} bytes`, 'too-large');
    }
    const stanzas = (rest + chunk).split('\n\n');
    rest = stanzas.pop() ?? '';
    packages.push(...stanzas.flatMap((stanza) => readStanza(url, stanza, filter)));
  }
  packages.push(...readStanza(url, rest, filter));
  const result = await xz;
  options.signal?.throwIfAborted();
  if (result.failed && 'code' in result && result.code === 'ENOENT') throw missingTool('xz');
  if (result.exitCode !== 0) throw unusable(url, `xz cannot unpack it (${result.stderr})`, 'bad-index');
  return packages;
}

function readStanza(url: string, stanza: string, filter: PackageFilter): readonly KernelPackage[] {
  if (!filter.wants(stanza)) return [];
  const found = parseKernelPackage(stanza);
  if ('wrong' in found) throw unusable(url, found.wrong, 'bad-index');
  return [found];
}

const indexFile = (sha256: string, { name }: PackageFilter, options: KernelOptions) =>
  path.join(cachePaths(options.cacheDir).indices, `${sha256}${name === KERNELS.name ? '' : `-${name}`}.json`);

async function rememberIndex(file: string, packages: readonly KernelPackage[], options: KernelOptions) {
  await makeCache(options.cacheDir, cachePaths(options.cacheDir).indices);
  await writeAtomically(file, JSON.stringify(packages));
}

const cachedIndex = z.array(
  z.object({
    name: z.string(),
    version: z.string(),
    depends: z.array(z.object({ name: z.string(), version: z.string() })),
    filename: z.string().refine(isPoolPath),
    sizeBytes: z.number().int().positive().max(MAX_DEB_BYTES),
    sha256: z.string().regex(SHA256),
  }),
);

async function recallIndex(file: string) {
  try {
    return cachedIndex.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** What every transfer takes from the options. */
export const transferOptions = (options: KernelOptions) => ({
  ...(options.proxy ? { proxy: options.proxy } : {}),
  ...(options.transfer ? { limits: options.transfer } : {}),
  ...(options.signal ? { signal: options.signal } : {}),
});

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

const unusable = (url: string, why: string, reason: string, hint?: string) =>
  new TollgateError('infrastructure', `Cannot use ${url}: ${why}`, { reason, ...(hint ? { hint } : {}) });
