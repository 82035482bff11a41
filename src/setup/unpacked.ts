// A folder of unpacked programs: exactly the files that they need to run, without links, each with its digest.
// Nothing in it depends on where it lies.

import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { toolEnvironment } from '../kernels/index.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import type { Tools } from '../model/tools.ts';
import type { Need } from './needs.ts';

const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** File names of the packages that it was made of. */
  packages: z.array(z.string()),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Where programs and libraries lie in an unpacked folder. */
export const toolsIn = (folder: string, needs: readonly Need[]): Tools => ({
  path: [join(folder, 'bin')],
  libraryPath: [join(folder, LIBRARIES)],
  ...(needs.some(({ name }) => name === QEMU)
    ? {
        qemu: {
          data: QEMU_DATA.map((data) => join(folder, data)),
          modules: join(folder, LIBRARIES, QEMU_MODULES),
        },
      }
    : {}),
});

/** Where they lie in packages as they were unpacked. */
export const toolsInRoot = (root: string): Tools => ({
  path: PROGRAM_FOLDERS.map((folder) => join(root, folder)),
  libraryPath: LIBRARY_FOLDERS.map((folder) => join(root, folder)),
});

/** Unpacks packages into `root`, several at a time. Throws TollgateError. */
export async function unpackPackages(
  debs: readonly string[],
  root: string,
  options: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal?: AbortSignal },
): Promise<void> {
  await mkdir(root, { recursive: true });
  const left = [...debs];
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (let deb = left.shift(); deb !== undefined; deb = left.shift()) await unpack(deb);
  });
  await Promise.all(lanes);

  async function unpack(deb: string): Promise<void> {
    const result = await execa('dpkg-deb', ['--extract', deb, root], {
      reject: false,
      stdin: 'ignore',
      env: { ...options.env, LC_ALL: 'C' },
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    });
    options.signal?.throwIfAborted();
    if (!result.failed) return;
    const said = String(result.stderr).trim() || messageOf(result);
    const isFull = /No space left on device/i.test(said);
    throw new TollgateError('infrastructure', `Cannot unpack ${basename(deb)}: ${said.split('\n').at(-1)}`, {
      reason: isFull ? 'cache-write' : 'bad-package',
      ...(isFull ? { hint: 'free some space, or choose another cache folder' } : {}),
    });
  }
}

/**
 * Copies what `needs` need to run out of unpacked packages into `folder`, and writes the manifest last. Throws
 * TollgateError, reason 'not-runnable', where a library is in neither the packages nor the system.
 */
export async function keepNeeded(
  root: string,
  folder: string,
  needs: readonly Need[],
  packages: readonly string[],
): Promise<void> {
  const kept = new Map<string, string>();
  for (const { kind, name } of needs) {
    const folders = kind === 'command' ? PROGRAM_FOLDERS : LIBRARY_FOLDERS;
    const to = kind === 'command' ? join('bin', name) : join(LIBRARIES, name);
    kept.set(to, await findIn(root, folders, name));
  }
  if (kept.has(join('bin', QEMU))) for (const [to, from] of await qemuFiles(root)) kept.set(to, from);
  for (const [to, from] of [...kept])
    if (to.startsWith('bin/') || to.startsWith('lib/'))
      for (const [library, path] of await librariesOf(from, root)) kept.set(join(LIBRARIES, library), path);

  const files: Manifest['files'] = [];
  for (const [to, from] of [...kept].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await cp(from, join(folder, to), { preserveTimestamps: true });
    files.push({ path: to, sha256: await digestOf(join(folder, to)) });
  }
  const manifest: Manifest = { format: 1, packages: packages.map((deb) => basename(deb)), files };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
}

/** The manifest of a folder whose every file is what was unpacked, with nothing beside; else what is wrong with it. */
export async function checkUnpacked(folder: string): Promise<Manifest | { readonly wrong: string }> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')));
    const known = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
    const found = (await filesBelow(folder)).filter((path) => path !== MANIFEST);
    for (const path of found) {
      if (!known.has(path)) return { wrong: `'${path}' does not belong there` };
      if ((await digestOf(join(folder, path))) !== known.get(path))
        return { wrong: `'${path}' has been changed` };
      known.delete(path);
    }
    const [lost] = known.keys();
    return lost === undefined ? manifest : { wrong: `'${lost}' is missing` };
  } catch (cause) {
    return { wrong: messageOf(cause).split('\n')[0]! };
  }
}

/** Why the programs in a folder do not run here; undefined where they do. */
export async function whyNotRunning(folder: string, needs: readonly Need[]): Promise<string | undefined> {
  const tools = toolsIn(folder, needs);
  const whys = await Promise.all(
    needs.map(async ({ kind, name }) => {
      const file = join(folder, kind === 'command' ? 'bin' : LIBRARIES, name);
      const why =
        (await missingLibraries(file, tools).catch(messageOf)) || (await whyNoMachine(file, name, tools));
      return why ? `${name}: ${why}` : undefined;
    }),
  );
  return whys.find((why) => why !== undefined);
}

/** Why QEMU makes no machine: one that is told to quit before its first instruction needs modules and firmware, too. */
async function whyNoMachine(file: string, name: string, { path, libraryPath, qemu }: Tools): Promise<string> {
  if (name !== QEMU || !qemu) return '';
  const machine = ['-M', 'pc', '-accel', 'tcg', '-nodefaults', '-no-user-config', '-display', 'none', '-S'];
  const folders = qemu.data.flatMap((data) => ['-L', data]);
  const result = await execa(file, [...folders, ...machine, '-monitor', 'stdio'], {
    input: 'quit\n',
    reject: false,
    timeout: 20_000,
    env: { ...toolEnvironment({ path, libraryPath }), QEMU_MODULE_DIR: qemu.modules },
  });
  return result.failed ? result.stderr.trim().split('\n').at(-1) || (result.shortMessage ?? '') : '';
}

const MANIFEST = 'manifest.json';
const LIBRARIES = 'lib/x86_64-linux-gnu';
const PROGRAM_FOLDERS = ['usr/bin', 'usr/sbin', 'bin', 'sbin'];
const LIBRARY_FOLDERS = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'];

const QEMU = 'qemu-system-x86_64';
const QEMU_MODULES = 'qemu';
const QEMU_DATA = ['share/qemu', 'share/seabios'];

/** Emulation itself is a module in some builds; audio, displays and network are of no use here. */
async function qemuFiles(root: string): Promise<readonly (readonly [to: string, from: string])[]> {
  const files: [string, string][] = [];
  const modules = join(root, 'usr', LIBRARIES, QEMU_MODULES);
  for (const name of await readdir(modules).catch(() => []))
    if (/^accel-.*\.so$/.test(name)) files.push([join(LIBRARIES, QEMU_MODULES, name), join(modules, name)]);
  for (const data of QEMU_DATA) {
    const folder = join(root, 'usr', data);
    for (const path of await filesBelow(folder).catch(() => [])) {
      // some link to the data of packages that are not here
      const from = await followIn(root, join(folder, path));
      if (/\.(bin|rom)$/.test(path) && from) files.push([join(data, path), from]);
    }
  }
  return files;
}

async function findIn(root: string, folders: readonly string[], name: string): Promise<string> {
  for (const folder of folders) {
    const file = await followIn(root, join(root, folder, name));
    if (file) return file;
  }
  throw notRunnable(`${name} is in none of the packages`);
}

/** The file behind a path, its links followed as if `root` were the root; undefined where there is none in it. */
async function followIn(root: string, path: string): Promise<string | undefined> {
  for (let links = 0, at = path; links < MAX_LINKS; links++) {
    if (relative(root, at).startsWith('..')) return undefined;
    const info = await lstat(at).catch(() => undefined);
    if (!info?.isSymbolicLink()) return info?.isFile() ? at : undefined;
    const target = await readlink(at);
    at = target.startsWith('/') ? join(root, target) : resolve(dirname(at), target);
  }
  return undefined;
}

const MAX_LINKS = 8;

/** The shared libraries of a file that lie in the packages, by soname. */
async function librariesOf(file: string, root: string): Promise<readonly (readonly [string, string])[]> {
  const tools = toolsInRoot(root);
  const missing = await missingLibraries(file, tools);
  if (missing !== '') throw notRunnable(`${basename(file)}: ${missing}`);
  const found: [string, string][] = [];
  for (const [, name, path] of (await ldd(file, tools)).matchAll(/^\s*(\S+) => (\/\S+) \(/gm)) {
    const from = path!.startsWith(`${root}/`) ? await followIn(root, path!) : undefined;
    if (from) found.push([name!, from]);
  }
  return found;
}

/** What the loader says is missing; '' where nothing is. */
async function missingLibraries(file: string, tools: Tools): Promise<string> {
  const said = await ldd(file, tools);
  return said
    .split('\n')
    .filter((line) => line.includes('not found'))
    .map((line) => line.trim())
    .join('; ');
}

async function ldd(file: string, tools: Tools): Promise<string> {
  await stat(file);
  const result = await execa('ldd', [file], { all: true, reject: false, env: toolEnvironment(tools) });
  return result.all ?? '';
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

async function digestOf(file: string): Promise<string> {
  if (!(await lstat(file)).isFile()) throw new Error(`'${file}' is no file`);
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

const notRunnable = (why: string) =>
  new TollgateError('infrastructure', `Cannot run the packages from where they were unpacked: ${why}`, {
    reason: 'not-runnable',
  });

/** Removes a folder that is of no use. */
export const dropUnpacked = (folder: string) => rm(folder, { recursive: true, force: true });
