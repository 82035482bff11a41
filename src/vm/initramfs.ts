// The guest's root file system: the running Node and its libraries, libbpf, the guest bundle, the kernel's
// modules. Built without root, the same bytes for the same files, cached by the digest of all of them.

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';
import { toolEnvironment } from '../kernels/index.ts';
import { TollgateError } from '../model/errors.ts';
import type { Kernel } from '../model/kernel.ts';
import { INSTALLED, LIBRARY_FOLDERS, type Tools } from '../model/tools.ts';
import { type CpioEntry, writeCpio } from './cpio.ts';
import { digestOf, digestsOf } from './digests.ts';
import { ownName, PASSING, removeLeftovers } from './leftovers.ts';
import { GUEST_MODULES, readModules } from './modules.ts';
import { remember } from './remember.ts';

export interface Initramfs {
  readonly path: string;
  /** Of everything in it: two with the same digest hold the same bytes. */
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface InitramfsOptions {
  readonly cacheDir: string;
  /** dist/: guest.js, koffi.node, native/, bpf/. */
  readonly distDir: string;
  /** Another program than dist/guest.js as /app/guest.js. */
  readonly guestPath?: string;
  readonly tools?: Tools;
}

/** Finds or builds the initramfs for a kernel. Throws TollgateError where a library or tool is missing. */
export async function buildInitramfs(kernel: Kernel, options: InitramfsOptions): Promise<Initramfs> {
  const node = await realpath(process.execPath);
  const libbpf = findLibbpf(options.tools);
  const libraries = await rememberedLibraries([node, libbpf], options);
  const app: readonly (readonly [name: string, from: string])[] = [
    ['guest.js', options.guestPath ?? join(options.distDir, 'guest.js')],
    ['koffi.node', join(options.distDir, 'koffi.node')],
    ...['clock.so', 'timed.so', 'visits.so', 'stimulus'].map(
      (name) => [`native/${name}`, join(options.distDir, 'native', name)] as const,
    ),
    ['bpf/nop_xdp.bpf.o', join(options.distDir, 'bpf/nop_xdp.bpf.o')],
  ];
  const init = join(options.distDir, 'native/init');
  const files: FileList = [
    ['bin/node', node],
    ['bin/init', init],
    ...libraries.map(({ name, path }) => [name, path] as const),
    ...app.map(([name, from]) => [`app/${name}`, from] as const),
    ...(kernel.configPath && kernel.release
      ? [[`boot/config-${kernel.release}`, kernel.configPath] as const]
      : []),
  ];
  const digests = await digestsOf(
    files.map(([, from]) => from),
    options.cacheDir,
  );
  const digest = digestOf({
    format: 3,
    files: files.map(([name], i) => [name, digests[i]]),
    // Modules come with the kernel: its digest stands for them.
    kernel: kernel.modulesPath ? kernel.digest : null,
    modules: GUEST_MODULES,
  });
  const folder = join(options.cacheDir, 'initramfs');
  const path = join(folder, digest);
  const now = new Date();
  if (existsSync(path)) {
    utimesSync(path, now, now);
    return { path, digest, sizeBytes: statSync(path).size };
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeLeftovers(folder, PASSING);
  removeOld(folder, now);
  const temporary = join(folder, ownName(PASSING));
  try {
    await writeCpio(temporary, await entriesOf(files, kernel, options.tools));
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  return { path, digest, sizeBytes: statSync(path).size };
}

/** Another Node or another bundle leaves its initramfs of 100 MB behind: the last few are kept. */
const MOST_KEPT = 8;
/** One used within the hour may be about to boot. */
const SURELY_UNUSED_MS = 3600_000;

function removeOld(folder: string, now: Date): void {
  const files = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => ({ name, usedMs: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedMs - a.usedMs);
  for (const { name, usedMs } of files.slice(MOST_KEPT - 1))
    if (now.getTime() - usedMs > SURELY_UNUSED_MS) rmSync(join(folder, name), { force: true });
}

type FileList = readonly (readonly [name: string, from: string])[];

async function entriesOf(files: FileList, kernel: Kernel, tools?: Tools): Promise<CpioEntry[]> {
  const modules = kernel.modulesPath ? await readModules(kernel.modulesPath, GUEST_MODULES, tools) : [];
  const entries: CpioEntry[] = [
    ...files.map(
      ([path, from]): CpioEntry => ({
        path,
        kind: 'file',
        from,
        executable: true,
        sizeBytes: loadedBytes(from),
      }),
    ),
    ...modules.map(({ name, bytes }): CpioEntry => ({ path: `modules/${name}.ko`, kind: 'data', bytes })),
    {
      path: 'app/modules.list',
      kind: 'data',
      bytes: Buffer.from(modules.map(({ name }) => `/modules/${name}.ko\n`).join('')),
    },
    { path: 'dev/console', kind: 'device', major: 5, minor: 1 },
    { path: 'dev/random', kind: 'device', major: 1, minor: 8 },
    ...['proc', 'sys', 'tmp'].map((path): CpioEntry => ({ path, kind: 'directory' })),
  ];
  const folders = new Set<string>();
  for (const { path } of entries)
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      folders.add(path.slice(0, at));
  return [
    ...[...folders].sort().map((path): CpioEntry => ({ path, kind: 'directory' })),
    ...entries.sort((a, b) => (a.path < b.path ? -1 : 1)),
  ];
}

/**
 * How much of a file from its beginning is ever read: of a program or library up to the end of its last segment.
 * What follows are symbols and section headers for debuggers, an eighth of Node. Other files are read whole.
 */
export function loadedBytes(path: string): number {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(ELF_HEADER_BYTES);
    const isElf64 =
      readSync(file, header, 0, header.length, 0) === header.length && header.subarray(0, 5).equals(ELF64);
    if (!isElf64) return size;
    const count = header.readUInt16LE(0x38);
    const tableAt = Number(header.readBigUInt64LE(0x20));
    const table = Buffer.alloc(count * SEGMENT_BYTES);
    // an object file has no segments
    if (count === 0 || tableAt + table.length > size) return size;
    readSync(file, table, 0, table.length, tableAt);
    const ends = Array.from({ length: count }, (_, i) => {
      const segment = table.subarray(i * SEGMENT_BYTES);
      return Number(segment.readBigUInt64LE(0x08) + segment.readBigUInt64LE(0x20));
    });
    return Math.min(size, Math.max(tableAt + table.length, ...ends));
  } finally {
    closeSync(file);
  }
}

/** Whether a file is a program or library for this machine that needs others: it has a dynamic section. */
export function isDynamic(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(ELF_HEADER_BYTES);
    if (readSync(file, header, 0, header.length, 0) < header.length) return false;
    if (!header.subarray(0, 5).equals(ELF64) || header.readUInt16LE(0x12) !== EM_X86_64) return false;
    const table = Buffer.alloc(header.readUInt16LE(0x38) * SEGMENT_BYTES);
    const read = readSync(file, table, 0, table.length, Number(header.readBigUInt64LE(0x20)));
    for (let at = 0; at + SEGMENT_BYTES <= read; at += SEGMENT_BYTES)
      if (table.readUInt32LE(at) === PT_DYNAMIC) return true;
    return false;
  } finally {
    closeSync(file);
  }
}

// Elf64_Ehdr and Elf64_Phdr (elf(5)).
const ELF64 = Buffer.from('\x7fELF\x02', 'latin1');
const EM_X86_64 = 62;
const PT_DYNAMIC = 2;
const ELF_HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;

export const LIBBPF_PATHS = LIBRARY_FOLDERS.map((folder) => join(folder, 'libbpf.so.1'));

/** Any libbpf 1.x. */
function findLibbpf({ libraryPath }: Tools = INSTALLED): string {
  const paths = [...libraryPath.map((folder) => join(folder, 'libbpf.so.1')), ...LIBBPF_PATHS];
  const found = paths.find((path) => existsSync(path));
  if (!found)
    throw new TollgateError('infrastructure', `Cannot find libbpf.so.1 (looked in ${paths.join(', ')})`, {
      reason: 'no-libbpf',
      hint: 'apt-get install libbpf1',
    });
  return found;
}

const librariesSchema = z.array(z.strictObject({ name: z.string(), path: z.string() }));
type Libraries = z.infer<typeof librariesSchema>;

/** `ldd` takes 40 ms a file: asked again when the files, or the loader's cache of what is installed, have changed. */
async function rememberedLibraries(
  binaries: readonly string[],
  { cacheDir, tools }: Pick<InitramfsOptions, 'cacheDir' | 'tools'>,
): Promise<Libraries> {
  const stamps = [...binaries, '/etc/ld.so.cache'].map((path) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return [path, String(stat?.ino), String(stat?.size), String(stat?.mtimeNs)];
  });
  const environment = toolEnvironment(tools);
  const key = digestOf({ stamps, libraryPath: { ...process.env, ...environment }.LD_LIBRARY_PATH ?? '' });
  const remembered = join(cacheDir, 'libraries', key);
  const libraries = await remember(remembered, librariesSchema, () => librariesOf(binaries, environment));
  return libraries.every(({ path }) => existsSync(path))
    ? libraries
    : await librariesOf(binaries, environment);
}

/** The shared libraries that `binaries` need, the loader included, and libbpf itself, the second of them. */
async function librariesOf(
  binaries: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Libraries> {
  const found = new Map(
    (await Promise.all(binaries.map((binary) => linkedLibraries(binary, environment)))).flatMap((all) =>
      all.map(({ name, path }) => [name, path] as const),
    ),
  );
  const libbpf = binaries[1]!;
  found.set(`lib/x86_64-linux-gnu/${basename(libbpf)}`, await realpath(libbpf));
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, path]) => ({ name, path }));
}

/**
 * The shared libraries that a program or library needs, the loader included, with the place each has in the guest.
 * `ldd` lists what the system's own loader would take.
 */
export async function linkedLibraries(
  binary: string,
  environment: Readonly<Record<string, string>>,
): Promise<Libraries> {
  const { stdout } = await execa('ldd', [binary], { env: environment });
  const found = stdout.split('\n').flatMap((line) => {
    const library = /^\s*(\S+) => (\/\S+) \(/.exec(line);
    if (library?.[1] && library[2]) return [{ name: `lib/x86_64-linux-gnu/${library[1]}`, from: library[2] }];
    const loader = /^\s*(\/lib64\/\S+) \(/.exec(line)?.[1];
    return loader ? [{ name: loader.slice(1), from: loader }] : [];
  });
  return await Promise.all(found.map(async ({ name, from }) => ({ name, path: await realpath(from) })));
}
