#!/usr/bin/env node
// Builds the eBPF objects that are committed: our own (bpf/ to dist/bpf/) and the fixtures' (fixtures/*/built/).
// They are committed so that neither users nor tests need clang; `--check` says whether they still are
// what their sources make. Bytes are compared only under the clang that made them: another version
// generates other code from the same source.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = path.resolve(import.meta.dirname, '..');
const versionFile = 'bpf/CLANG_VERSION';

/** Folders of sources that become objects one by one, relative to the repository. */
const folders = [
  { sources: 'bpf', objects: 'dist/bpf' },
  { sources: 'fixtures/tricky/src', objects: 'fixtures/tricky/built' },
  { sources: 'fixtures/verifier/src', objects: 'fixtures/verifier/built' },
  { sources: 'fixtures/netto/src', objects: 'fixtures/netto/built' },
];

/** Objects that no loader should take as they are, most of them made from one that it takes. */
const broken = { source: 'fixtures/tricky/src/count.bpf.c', objects: 'fixtures/tricky/broken' };

/**
 * The sample project is built by its own Makefile: once as it is, once per head's patch. Beside each one's objects
 * stand links to what all of them share, so that every built folder is a project that can be checked.
 */
const sample = {
  base: 'fixtures/lb/base',
  heads: 'fixtures/lb/heads',
  objects: 'fixtures/lb/built',
  shared: ['tollgate.yml', 'pcaps'],
};

/**
 * Builds every committed object. With `check`, builds into a temporary folder instead and returns what differs.
 * @param {{ check?: boolean }} options
 * @returns {Promise<{ objects: number, differences: string[], compared: boolean, clang: string, recorded: string }>}
 */
export async function buildBpf({ check = false } = {}) {
  const clang = await clangVersion();
  const recorded = (await readFile(path.join(root, versionFile), 'utf8').catch(() => '')).trim();
  const out = await mkdtemp(path.join(tmpdir(), 'tollgate-bpf-'));
  try {
    for (const folder of folders) await buildFolder(folder, out);
    await buildSample(out);
    await buildBroken(out);
    const built = await listObjects(out);
    if (!check) {
      for (const { objects } of [...folders, sample, broken]) await removeObjects(path.join(root, objects));
      for (const name of built) await copyInto(path.join(out, name), path.join(root, name));
      await linkShared();
      await writeFile(path.join(root, versionFile), `${clang}\n`);
      return { objects: built.length, differences: [], compared: true, clang, recorded: clang };
    }
    const compared = major(clang) === major(recorded);
    const differences = await compare(built, out, compared);
    return { objects: built.length, differences, compared, clang, recorded };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function clangVersion() {
  const { stdout } = await execa('clang', ['--version']).catch((cause) => {
    throw new Error("Cannot run 'clang': install it with: apt install clang llvm libbpf-dev make", { cause });
  });
  const version = /clang version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (!version) throw new Error(`Cannot read clang's version from '${stdout.split('\n')[0]}'`);
  return version;
}

const major = (version) => version.split('.')[0];

async function buildFolder({ sources, objects }, out) {
  const names = (await readdir(path.join(root, sources)).catch(() => [])).filter((n) => n.endsWith('.bpf.c'));
  for (const name of names.sort()) {
    const object = path.join(out, objects, name.replace(/\.c$/, '.o'));
    await compile(path.join(sources, name), object, ['-g', '-target', 'bpf', '-mcpu=v3']);
    await execa('llvm-strip', ['-g', object]);
  }
}

/** `source` is relative to the repository, `object` absolute. */
async function compile(source, object, target) {
  await mkdir(path.dirname(object), { recursive: true });
  const warnings = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror'];
  // Without the map, the folder of this very clone would stand in the object's line info.
  const map = `-ffile-prefix-map=${root}=`;
  await execa(
    'clang',
    ['-O2', ...target, ...warnings, map, ...(await multiarchInclude()), '-c', source, '-o', object],
    { cwd: root, stderr: 'inherit' },
  );
}

async function buildBroken(out) {
  const folder = path.join(out, broken.objects);
  const whole = await readFile(path.join(out, 'fixtures/tricky/built/count.bpf.o'));
  const btf = whole.indexOf(Buffer.from([0x9f, 0xeb]));
  const badBtf = Buffer.from(whole);
  badBtf.writeUInt16LE(0xdead, btf);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'empty.bpf.o'), '');
  await writeFile(path.join(folder, 'text.bpf.o'), 'This is no object.\n');
  await writeFile(path.join(folder, 'truncated-header.bpf.o'), whole.subarray(0, 40));
  await writeFile(path.join(folder, 'truncated.bpf.o'), whole.subarray(0, whole.length / 2));
  await writeFile(path.join(folder, 'bad-btf.bpf.o'), badBtf);
  await compile(broken.source, path.join(folder, 'no-btf.bpf.o'), ['-target', 'bpf', '-mcpu=v3']);
  await compile(broken.source, path.join(folder, 'big-endian.bpf.o'), ['-target', 'bpfeb', '-mcpu=v3']);
  await compile('fixtures/tricky/src/host.c', path.join(folder, 'host.bpf.o'), [
    '-target',
    'x86_64-linux-gnu',
  ]);
}

async function buildSample(out) {
  const base = path.join(root, sample.base);
  const heads = (await readdir(path.join(root, sample.heads)).catch(() => [])).filter((n) =>
    n.endsWith('.patch'),
  );
  if (heads.length === 0) return;
  for (const head of [undefined, ...heads.sort()]) {
    const name = head ? path.basename(head, '.patch') : 'base';
    const copy = await mkdtemp(path.join(tmpdir(), `tollgate-${name}-`));
    try {
      await cp(base, copy, { recursive: true, filter: (file) => path.basename(file) !== 'build' });
      if (head) await execa('git', ['apply', path.join(root, sample.heads, head)], { cwd: copy });
      await execa('make', ['-s'], { cwd: copy, stderr: 'inherit' });
      for (const object of await listObjects(copy)) {
        await copyInto(path.join(copy, object), path.join(out, sample.objects, name, object));
      }
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }
}

async function linkShared() {
  const objects = path.join(root, sample.objects);
  for (const name of await readdir(objects)) {
    for (const shared of sample.shared) {
      const link = path.join(objects, name, shared);
      await rm(link, { force: true });
      await symlink(path.relative(path.dirname(link), path.join(root, sample.base, shared)), link);
    }
  }
}

/** asm/types.h lies in the multiarch folder on Debian and Ubuntu; elsewhere clang finds it by itself. */
async function multiarchInclude() {
  const { stdout } = await execa('clang', ['-print-target-triple']);
  const [arch] = stdout.split('-');
  return [`-I/usr/include/${arch}-linux-gnu`];
}

async function listObjects(folder) {
  const found = await readdir(folder, { recursive: true });
  return found.filter((name) => name.endsWith('.bpf.o')).sort();
}

async function removeObjects(folder) {
  for (const name of await listObjects(folder).catch(() => [])) await rm(path.join(folder, name));
}

async function copyInto(from, to) {
  await mkdir(path.dirname(to), { recursive: true });
  await cp(from, to);
}

async function compare(built, out, bytes) {
  const differences = [];
  for (const name of built) {
    const committed = await readFile(path.join(root, name)).catch(() => undefined);
    if (!committed) differences.push(`${name} is missing`);
    else if (bytes && !committed.equals(await readFile(path.join(out, name))))
      differences.push(`${name} differs`);
  }
  for (const { objects } of [...folders, sample, broken]) {
    for (const name of await listObjects(path.join(root, objects)).catch(() => [])) {
      const full = path.join(objects, name);
      if (!built.includes(full)) differences.push(`${full} has no source`);
    }
  }
  return differences;
}

async function main() {
  const check = process.argv.includes('--check');
  const result = await buildBpf({ check });
  if (!check) {
    console.log(`built ${result.objects} objects with clang ${result.clang}`);
    return;
  }
  if (!result.compared) {
    console.log(
      `clang ${result.clang} is not clang ${result.recorded}, which made the committed objects: ` +
        `all ${result.objects} sources build, but their bytes were not compared`,
    );
  }
  for (const line of result.differences) console.error(line);
  if (result.differences.length > 0) {
    console.error('mend it with: node scripts/bpf.mjs');
    process.exitCode = 1;
  } else if (result.compared) console.log(`${result.objects} objects are up to date (clang ${result.clang})`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
