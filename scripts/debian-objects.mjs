#!/usr/bin/env node
// Brings together eBPF objects that others wrote: every one that Debian's packages ship, from two releases.
// Through apt with a state of its own, so that it needs no root, leaves the machine's apt alone, and every
// package is verified up to Debian's signing key.

import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';

/** Debian's packages that ship eBPF objects as files. Others embed theirs in executables. */
const packages = ['libxdp1', 'xdp-tools', 'xdp-tests', 'ir-keytable', 'opensnitch-ebpf-modules', 'suricata'];

const suites = ['bookworm', 'trixie'];
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const EM_BPF = 247;

/**
 * Fills `cache` with the objects, as SUITE/PACKAGE/FILE, and with objects.json, the list of them. A cache that is
 * whole is left as it is, without network; `refresh` fetches what the archive has now.
 * @param {string} cache
 * @param {{ refresh?: boolean, mirror?: string }} options
 * @returns {Promise<{ path: string, suite: string, package: string, version: string, sha256: string }[]>}
 */
export async function debianObjects(
  cache,
  { refresh = false, mirror = 'http://deb.debian.org/debian' } = {},
) {
  if (!refresh) {
    const whole = await readCache(cache);
    if (whole) return whole;
  }
  const work = await mkdtemp(path.join(tmpdir(), 'tollgate-debian-'));
  try {
    const objects = [];
    for (const suite of suites) objects.push(...(await fetchSuite(suite, mirror, work)));
    await writeFile(path.join(work, 'out/objects.json'), `${JSON.stringify(objects, null, 2)}\n`);
    await replace(path.join(work, 'out'), cache);
    return objects;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The list of a cache whose every object is there and is what the list says; else undefined. */
async function readCache(cache) {
  try {
    const objects = JSON.parse(await readFile(path.join(cache, 'objects.json'), 'utf8'));
    for (const object of objects) {
      if (digest(await readFile(path.join(cache, object.path))) !== object.sha256) return undefined;
    }
    return objects;
  } catch {
    return undefined;
  }
}

async function fetchSuite(suite, mirror, work) {
  const apt = await privateApt(suite, mirror, path.join(work, suite));
  await execa('apt-get', [...apt, '-q', '-o', 'APT::Update::Error-Mode=any', 'update']);
  const objects = [];
  for (const name of packages) {
    const version = await candidate(apt, name);
    // Not every release has every package.
    if (!version) continue;
    const folder = await mkdtemp(path.join(work, `${name}-`));
    await execa('apt-get', [...apt, '-q', 'download', `${name}=${version}`], { cwd: folder });
    const [deb] = await readdir(folder);
    await execa('dpkg-deb', ['-x', path.join(folder, deb), path.join(folder, 'root')]);
    for (const file of await bpfObjects(path.join(folder, 'root'))) {
      const object = path.join(suite, name, path.basename(file));
      const to = path.join(work, 'out', object);
      await mkdir(path.dirname(to), { recursive: true });
      await cp(file, to);
      objects.push({ path: object, suite, package: name, version, sha256: digest(await readFile(to)) });
    }
  }
  return objects;
}

/** apt's arguments for a state that knows this one suite and nothing of the machine's. */
export async function privateApt(suite, mirror, state) {
  for (const folder of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(path.join(state, folder), { recursive: true });
  }
  const sources = path.join(state, 'sources.list');
  await writeFile(sources, `deb [arch=amd64 signed-by=${keyring}] ${mirror} ${suite} main\n`);
  await writeFile(path.join(state, 'status'), '');
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State::Lists': path.join(state, 'lists'),
    'Dir::State::status': path.join(state, 'status'),
    'Dir::Cache': path.join(state, 'cache'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

async function candidate(apt, name) {
  const { stdout } = await execa('apt-cache', [...apt, 'policy', name]);
  const version = /Candidate: (\S+)/.exec(stdout)?.[1];
  return version === '(none)' ? undefined : version;
}

/** Known by the machine in their ELF header: not all are called .o. */
async function bpfObjects(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(file);
    if (bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes.readUInt16LE(18) === EM_BPF)
      found.push(file);
  }
  return found.sort();
}

/** Takes the place of an older cache, and of nothing else: a folder given by mistake is left alone. */
async function replace(from, to) {
  const before = await readdir(to).catch(() => []);
  if (before.length > 0 && !before.includes('objects.json')) {
    throw new Error(`Cannot replace '${to}': it holds something else than these objects`);
  }
  await mkdir(path.dirname(path.resolve(to)), { recursive: true });
  await rm(to, { recursive: true, force: true });
  // A cache may lie on another file system than the temporary folder.
  const beside = `${path.resolve(to)}.new`;
  await rm(beside, { recursive: true, force: true });
  await cp(from, beside, { recursive: true });
  await rename(beside, to);
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { refresh: { type: 'boolean' }, mirror: { type: 'string' } },
  });
  const [cache] = positionals;
  if (!cache) {
    console.error('usage: node scripts/debian-objects.mjs FOLDER [--refresh] [--mirror URL]');
    process.exitCode = 2;
    return;
  }
  for (const object of await debianObjects(cache, values)) console.log(`${object.path} (${object.version})`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
