// Where the Action's time goes beside measuring, on a runner that has nothing and on one that finds a cache.
//   node scripts/bench-setup.mjs [OBJECT] [KERNEL...]
// The cache is a file on this disk, packed and unpacked as @actions/cache does: add what the network takes for its size.
// A machine that has nothing is played by one whose programs are not looked at, but for what unpacks packages.

import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [object = join(root, 'fixtures/lb/built/base/build/filter.bpf.o'), ...given] = process.argv.slice(2);
const kernels = given.length > 0 ? given : ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:newest'];
const work = await mkdtemp(join(tmpdir(), 'tollgate-bench-'));
/** @actions/cache's way of packing, with a file instead of GitHub. */
const saved = join(work, 'saved.tzst');
let savedKey;
const store = {
  restore: async () => {
    if (savedKey === undefined) return undefined;
    await execa('tar', ['-xf', saved, '-P', '--use-compress-program', 'zstd -d --long=30']);
    return savedKey;
  },
  save: async (paths, key) => {
    const present = [];
    for (const path of paths) if (await stat(path).catch(() => undefined)) present.push(path);
    const program = ['--use-compress-program', 'zstd -T0 --long=30'];
    await execa('tar', ['--posix', '-cf', saved, '-P', ...program, ...present]);
    savedKey = key;
    console.log(`\nthe cache has ${((await stat(saved)).size / 1e6).toFixed(0)} MB`);
  },
};

const { setUp, restoreCache, keptFiles, knowUnpacked, measure, resolveKernel } = await sources();

try {
  const bin = join(work, 'bin');
  await mkdir(bin);
  await symlink('/usr/bin/dpkg-deb', join(bin, 'dpkg-deb'));
  console.log(`${kernels.length} kernels: ${kernels.join(', ')}`);
  await runner('cold');
  await runner('warm');
  await runner('warm, without saved states', async (cacheDir) => {
    await rm(join(cacheDir, 'states'), { recursive: true });
  });
} finally {
  await rm(work, { recursive: true, force: true });
}

/** One run of the Action on a runner of its own; all have the same folders, as GitHub's have. */
async function runner(name, spoil = async () => {}) {
  const cacheDir = join(work, 'home/cache');
  await rm(dirname(cacheDir), { recursive: true, force: true });
  const rows = [];
  const timed = async (what, job) => {
    const [started, spent] = [performance.now(), cpuSeconds()];
    const result = await job();
    rows.push([what, (performance.now() - started) / 1000, cpuSeconds() - spent]);
    return result;
  };
  const lines = [];
  const say = (line) => lines.push(line);
  const log = { group: (_, job) => job(), info: say, warning: (line) => say(`warning: ${line}`) };
  const machine = { commands: [join(work, 'bin')], libraries: [] };
  const since = new Date();
  const common = { cacheDir, machine, log, isRoot: false, env: process.env };
  const cache = await timed('restore the cache', () =>
    restoreCache({ ...common, store, version: 'bench', kernels }),
  );
  const { tools } = await timed('QEMU, libbpf and tools', () => setUp(common));
  await timed('unpack kernels and states', async () => knowUnpacked(cacheDir, await cache.unpack(tools)));
  await spoil(cacheDir);
  const options = {
    ...{ cacheDir, tools, distDir: join(root, 'dist'), baseDir: root, useSavedState: true },
    savedStatesLimitBytes: 4e9,
    onWarning: say,
  };
  await timed('download kernels', () => Promise.all(kernels.map((kernel) => resolveKernel(kernel, options))));
  const once = () => measure({ version: 'bench', objects: [object], kernels }, options);
  const report = await timed('measure, boots included', once);
  for (const { id, status, error } of report.targets)
    if (status !== 'ok') throw new Error(`${id}: ${error?.message}`);
  const digests = report.targets.map(({ digest }) => digest);
  await timed('save the cache', async () => cache.save(await keptFiles(cacheDir, { digests, since }), tools));
  const all = [...rows];
  await timed('measuring itself', once);
  const again = rows.pop();
  const sums = [1, 2].map((column) => all.reduce((sum, row) => sum + row[column], 0));
  const beside = sums.map((sum, i) => sum - again[i + 1]);
  console.log(`\n${name.padEnd(30)}seconds  of CPU`);
  for (const [what, seconds, cpu] of [
    ...rows,
    ['in all', ...sums],
    again,
    ['beside the measuring', ...beside],
  ])
    console.log(`  ${what.padEnd(28)}${seconds.toFixed(2).padStart(7)}${cpu.toFixed(2).padStart(8)}`);
  for (const line of lines.filter((each) => !each.startsWith('missing:'))) console.log(`  | ${line}`);
}

/** Of this process and of its children that have ended: unlike time, the same however busy the machine is. */
function cpuSeconds() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** The sources as they are, bundled: dist/ has only programs. */
async function sources() {
  const file = join(work, 'sources.cjs');
  await build({
    stdin: {
      contents: `export { setUp } from './src/setup/index.ts';
export { restoreCache } from './src/setup/cache.ts';
export { keptFiles, knowUnpacked } from './src/run/kept.ts';
export { measure } from './src/run/measure.ts';
export { resolveKernel } from './src/kernels/index.ts';`,
      resolveDir: root,
    },
    ...{ bundle: true, platform: 'node', format: 'cjs', outfile: file, logLevel: 'warning' },
    define: { 'import.meta.url': '__filename_url' },
    banner: { js: "const __filename_url = require('node:url').pathToFileURL(__filename).href;" },
  });
  await cp(join(root, 'src/kernels/keys'), join(work, 'keys'), { recursive: true });
  return createRequire(import.meta.url)(file);
}
