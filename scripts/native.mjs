// Builds native/*.c into dist/native.  node scripts/native.mjs [--check]
// The results are committed, so that no user needs a compiler; they depend on nothing but the kernel. --check says
// whether they still are what the sources make; bytes are compared only under the gcc that made them.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const versionFile = join(root, 'native/GCC_VERSION');
const committed = join(root, 'dist/native');
const warned = ['-Wl,--build-id=none', '-Wall', '-Wextra', '-Werror'];
const freestanding = [
  ...warned,
  '-nostdlib',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
];
const program = ['-static', '-fno-pie', '-no-pie', ...freestanding];

/** What is built from what: the first six run in the guest, the others in QEMU, one for each plugin interface. */
const targets = [
  { name: 'init', source: 'native/init.c', flags: ['-Os', '-s', ...program] },
  // Its symbols stay: a profile is taken between the addresses they tell. Its loops must not become calls of themselves.
  {
    name: 'stimulus',
    source: 'native/stimulus.c',
    flags: ['-O2', '-fno-tree-loop-distribute-patterns', ...program],
  },
  { name: 'load', source: 'native/load.c', flags: ['-O2', '-s', ...program] },
  ...['clock', 'timed', 'visits'].map((name) => ({
    name: `${name}.so`,
    source: `native/${name}.c`,
    flags: ['-O2', '-s', '-shared', '-fPIC', ...freestanding],
  })),
  ...['callpaths', 'tailcalls', 'netcpu'].flatMap((name) =>
    [1, 2, 3].map((api) => ({
      name: `${name}-${api}.so`,
      source: `native/${name}.c`,
      flags: ['-O2', '-s', '-shared', '-fPIC', `-DAPI=${api}`, ...warned],
    })),
  ),
];

async function build(folder) {
  await mkdir(folder, { recursive: true });
  for (const { name, source, flags } of targets)
    await execa('gcc', [...flags, source, '-o', join(folder, name)], {
      cwd: root,
      stdio: 'inherit',
    });
}

async function gccVersion() {
  const { stdout } = await execa('gcc', ['-dumpfullversion']).catch((cause) => {
    throw new Error("Cannot run 'gcc': install it with: apt-get install gcc binutils", { cause });
  });
  return stdout.trim();
}

async function check(gcc) {
  const recorded = (await readFile(versionFile, 'utf8').catch(() => '')).trim();
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-native-'));
  try {
    await build(folder);
    if (gcc !== recorded) {
      console.log(
        `gcc ${gcc} is not gcc ${recorded}, which made dist/native: the sources build, but no bytes were compared`,
      );
      return;
    }
    for (const { name } of targets) {
      const there = await readFile(join(committed, name)).catch(() => Buffer.alloc(0));
      if (there.equals(await readFile(join(folder, name)))) continue;
      console.error(`dist/native/${name} is not what its source makes; run: node scripts/native.mjs`);
      process.exitCode = 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const gcc = await gccVersion();
if (process.argv.includes('--check')) await check(gcc);
else {
  await build(committed);
  await writeFile(versionFile, `${gcc}\n`);
}
