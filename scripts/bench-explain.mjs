// What explaining costs: a program's job with QEMU's plugin and without, from the same saved state, and with QEMU's own log.
//   node scripts/bench-explain.mjs [ROUNDS] [KERNEL...]
// All are timed in turn, round after round, and the table has the medians: the first ratio is the plugin's cost. Behind it
// is what `explain` takes for the program in all, its profile read and attributed: by the plugin, and by the log, with what
// that is of the job alone and of the plugin's way. Run it on a machine that does nothing else.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [rounds = '5', ...named] = process.argv.slice(2);
const kernels = named.length > 0 ? named : ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:newest'];
const project = join(root, 'fixtures/lb/built/base');
const objects = ['build/lb.bpf.o', 'build/filter.bpf.o'];

const work = await mkdtemp(join(tmpdir(), 'tollgate-bench-'));
try {
  const ours = await bundled();
  const cacheDir = ours.cacheDirOf(process.env);
  const qemu = await ours.findQemu({ cacheDir });
  const options = {
    cacheDir,
    distDir: join(root, 'dist'),
    baseDir: root,
    useSavedState: true,
    savedStatesLimitBytes: 4096e6,
    qemu,
  };
  const plugin = await ours.findPlugin('callpaths', qemu, options);
  if (plugin.reason) throw new Error(plugin.reason);
  const config = ours.parseConfig(await readFile(join(project, 'tollgate.yml'), 'utf8'), 'tollgate.yml');
  const rows = [];
  for (const kernel of kernels) {
    const { target, result } = await ours.onKernel(
      kernel,
      qemu,
      ours.createPool(1),
      options,
      async (session) => {
        const found = [];
        for (const name of objects) {
          const object = ours.readObject(join(project, name), name);
          for (const { name: program } of object.spec.programs)
            for (const plan of ours.planObjectProfiles(
              'head',
              [program],
              { config, directory: project },
              object,
            ))
              found.push([kernel, program, ...(await time(ours, session, plan, plugin, options, object))]);
        }
        return found;
      },
    );
    if (!result) throw new Error(`${kernel}: ${target.error.message}`);
    rows.push(...result);
  }
  print(
    [
      ...['kernel', 'program', 'alone, s', 'counted, s', 'ratio', 'explained, s'],
      ...['by the log, s', 'to alone', 'to plugin'],
    ],
    rows,
  );
} finally {
  await rm(work, { recursive: true, force: true });
}

async function time(ours, session, { bytes, subjects }, plugin, options, { spec }) {
  const settings = { at: String(ours.SUBJECT_AT), out: join(work, 'out') };
  const watch = ({ windowPath }) => ours.pluginArguments(plugin.path, { ...settings, window: windowPath });
  const explain = async (from) => {
    const started = performance.now();
    await ours.takeProfiles(session, { spec, bytes, subjects }, { ...options, from });
    return (performance.now() - started) / 1000;
  };
  await explain('plugin'); // the kernel's symbols are asked for once
  const [alone, counted, explained, logged] = [[], [], [], []];
  for (let round = 0; round < Number(rounds); round++) {
    alone.push((await session.run(bytes)).seconds.run);
    counted.push((await session.run(bytes, watch)).seconds.run);
    explained.push(await explain('plugin'));
    logged.push(await explain('log'));
  }
  const [without, withPlugin, all, byLog] = [alone, counted, explained, logged].map(median);
  return [
    ...[without, withPlugin].map((each) => each.toFixed(2)),
    (withPlugin / without).toFixed(2),
    all.toFixed(2),
    byLog.toFixed(2),
    (byLog / without).toFixed(1),
    (byLog / all).toFixed(1),
  ];
}

/** The product's own modules, which are TypeScript. */
async function bundled() {
  const modules = {
    'explain/profile': ['takeProfiles'],
    'model/config': ['parseConfig'],
    'model/surroundings': ['cacheDirOf'],
    'model/window': ['SUBJECT_AT'],
    'run/execute': ['onKernel'],
    'run/explain': ['planObjectProfiles'],
    'run/objects': ['readObject'],
    'run/pool': ['createPool'],
    'vm/plugin': ['findPlugin', 'pluginArguments'],
    'vm/qemu': ['findQemu'],
  };
  const contents = Object.entries(modules)
    .map(([name, names]) => `export { ${names.join(', ')} } from './src/${name}.ts';`)
    .join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', write: false },
    define: { 'import.meta.url': '__filename_url' },
    banner: { js: "const __filename_url = require('node:url').pathToFileURL(__filename).href;" },
  });
  const path = join(work, 'ours.cjs');
  await writeFile(path, outputFiles[0].contents);
  return (await import(pathToFileURL(path).href)).default;
}

function median(all) {
  const sorted = [...all].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

function print(header, rows) {
  const lines = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines)
    console.log(
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    );
}
