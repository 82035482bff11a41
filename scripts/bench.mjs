// How long the main jobs take here, in seconds and beside a bare boot of the same kernel.
//   node scripts/bench.mjs [ROUNDS] [PART]   with PART only the jobs whose names have it, and the bare boot of one kernel
// A bare boot is QEMU without KVM from its start to the guest's power-off, with a first process that does nothing else.
// All are timed in turn, round after round, and the table has the medians: on a shared machine only the ratios mean
// something. Run it on a machine that does nothing else.

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'dist/cli.js');
const rounds = Number(process.argv[2] ?? 5);
const part = process.argv[3] ?? '';
const one = ['debian:6.12'];
const four = ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:newest'];
/** Of the sample project: an object with one program, and one with four, which is loaded anew for each. */
const objects = [
  { name: 'filter.bpf.o', programs: ['filter_egress'] },
  { name: 'lb.bpf.o', programs: ['xdp_lb'] },
];

/** One program of it where it is attached, at a base and a head whose objects differ, and its object alone. */
const inPlace = {
  ...{ name: 'account.bpf.o', folder: 'in-place', head: 'unchanged', programs: [] },
  ...{ attached: 'account_ingress', attach: { hook: 'tc', direction: 'ingress' } },
};

const powerOff = `
void _start(void)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(169), "D"(0xfee1deadL), "S"(672274793L), "d"(0x4321fedcL)
			 : "rcx", "r11", "memory");
	for (;;)
		;
}
`;

/** The product's cache, which has the kernels, and one that has nothing else of it. */
const env = process.env;
const warmCache = env.TOLLGATE_CACHE_DIR ?? join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tollgate');
const work = await mkdtemp(join(tmpdir(), 'tollgate-bench-'));
const coldCache = join(work, 'cache');

try {
  await tollgate(['kernels', 'pull', ...four], warmCache);
  const initrd = await makeInitrd();
  const images = await kernelImages();
  for (const object of [...objects, inPlace]) await makeProject(object);
  const head = join(root, 'fixtures/lb/built/plus-1-insn');
  const base = join(root, 'fixtures/lb/built/base');
  const flags = (kernels) => ['--quiet', ...kernels.flatMap((kernel) => ['--kernel', kernel])];
  const measure = (name, kernels) => ['measure', join(head, 'build', name), ...flags(kernels)];
  const check = (name, kernels) => [
    ...['check', '--config', join(work, name, 'tollgate.yml'), '--base', base],
    ...flags(kernels),
  ];
  const load = (arm, bytes) => [
    `load of ${bytes} with ${arm} on ${one[0]}, saved state`,
    // two arms, the named one and nothing, of two runs each
    () => tollgate(['load', '--hook', arm, '--bytes', bytes, ...flags(one)], warmCache),
  ];
  const isWanted = ([name]) => name.includes(part) || name.startsWith(`bare boot of ${one[0]}`);
  const jobs = [
    ...four.map((kernel) => [
      `bare boot of ${kernel} to power-off`,
      () => bareBoot(images.get(kernel), initrd),
    ]),
    ...[one, four].flatMap((kernels) =>
      objects.flatMap(({ name }) => {
        const on = `${name} on ${kernels.length === 1 ? kernels[0] : `${kernels.length} kernels`}`;
        return [
          [`measure ${on}, saved states`, () => tollgate(measure(name, kernels), warmCache)],
          [`check ${on}, saved states`, () => tollgate(check(name, kernels), warmCache)],
        ];
      }),
    ),
    ...[one, four].flatMap((kernels) => {
      const on = kernels.length === 1 ? kernels[0] : `${kernels.length} kernels`;
      const { name } = objects[0];
      return [
        [`measure ${name} on ${on}, nothing saved`, () => afresh(measure(name, kernels))],
        [`check ${name} on ${on}, nothing saved`, () => afresh(check(name, kernels))],
      ];
    }),
    [
      `check ${inPlace.attached} at tc ingress on ${one[0]}, saved state`,
      () => tollgate([...check(inPlace.folder, one), '--no-explain'], warmCache),
    ],
    [
      `measure all hooks on ${four.length} kernels, saved states`,
      () => tollgate(['measure', '--hooks', ...flags(four)], warmCache),
    ],
    ...['tc ingress', 'xdp native'].flatMap((arm) => ['16M', '80M'].map((bytes) => load(arm, bytes))),
  ].filter(isWanted);
  // The saved states are there, and what loads need of them.
  if (jobs.some(([name]) => /^check|all hooks/.test(name)))
    for (const { name } of objects) await tollgate(check(name, four), warmCache);
  if (jobs.some(([name]) => name.startsWith('load'))) await load('tc ingress', '4M')[1]();
  const seconds = new Map(jobs.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, job] of jobs) {
      const started = performance.now();
      const spent = await job();
      seconds.get(name).push(spent ?? (performance.now() - started) / 1000);
    }
  const bare = median(seconds.get(`bare boot of ${one[0]} to power-off`));
  const width = Math.max(...jobs.map(([name]) => name.length));
  console.log(`${'medians of'.padEnd(width)}  seconds  min - max     / bare boot of ${one[0]}`);
  for (const [name, all] of seconds) {
    const range = `${Math.min(...all).toFixed(2)} - ${Math.max(...all).toFixed(2)}`;
    const ratio = (median(all) / bare).toFixed(2);
    console.log(`${name.padEnd(width)}  ${median(all).toFixed(2).padStart(7)}  ${range.padEnd(14)}${ratio}`);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}

/** `check` exits 1, as the head has an instruction more than its base. */
async function tollgate(args, cacheDir) {
  const result = await execa(process.execPath, [cli, ...args, '--cache-dir', cacheDir], {
    cwd: root,
    reject: false,
  });
  if (result.exitCode > 1) throw new Error(`tollgate ${args.join(' ')}: ${result.stderr}`);
}

/** With a cache that holds the packages' content and nothing made of it. Returns the seconds without making that. */
async function afresh(args) {
  await rm(coldCache, { recursive: true, force: true });
  await mkdir(coldCache, { mode: 0o700 });
  for (const name of ['kernels', 'resolutions', 'indices'])
    await symlink(join(warmCache, name), join(coldCache, name));
  const started = performance.now();
  await tollgate(args, coldCache);
  return (performance.now() - started) / 1000;
}

async function bareBoot(image, initrd) {
  await execa('qemu-system-x86_64', [
    ...['-accel', 'tcg', '-m', '512M', '-nodefaults', '-display', 'none', '-no-reboot', '-nographic'],
    ...['-kernel', image, '-initrd', initrd, '-append', 'quiet panic=-1 rdinit=/init'],
  ]);
}

async function makeInitrd() {
  const folder = join(work, 'initrd');
  await mkdir(folder);
  await writeFile(join(work, 'init.c'), powerOff);
  const flags = ['-Os', '-static', '-nostdlib', '-ffreestanding', '-fno-pie', '-no-pie'];
  await execa('gcc', [...flags, join(work, 'init.c'), '-o', join(folder, 'init')]);
  const archive = await execa('cpio', ['--create', '--format=newc'], {
    cwd: folder,
    input: 'init\n',
    encoding: 'buffer',
  });
  const path = join(work, 'initrd.cpio');
  await writeFile(path, archive.stdout);
  return path;
}

/** The bzImage of each reference, from the cache. */
async function kernelImages() {
  const images = new Map();
  for (const name of await readdir(join(warmCache, 'resolutions'))) {
    const { kernel } = JSON.parse(await readFile(join(warmCache, 'resolutions', name), 'utf8'));
    if (!four.includes(kernel.reference)) continue;
    for (const folder of await readdir(join(warmCache, 'kernels'))) {
      const path = join(warmCache, 'kernels', folder);
      const { version, release } = JSON.parse(await readFile(join(path, 'kernel.json'), 'utf8'));
      if (version === kernel.version) images.set(kernel.reference, join(path, 'boot', `vmlinuz-${release}`));
    }
  }
  return images;
}

/** A folder with the sample's budget file for one object alone. */
async function makeProject({
  name,
  folder: ownFolder = name,
  programs,
  head = 'plus-1-insn',
  attached,
  attach,
}) {
  const folder = join(work, ownFolder);
  await mkdir(folder);
  const config = parse(await readFile(join(root, 'fixtures/lb/base/tollgate.yml'), 'utf8'));
  const kept = Object.entries(config.programs).filter(([program]) => programs.includes(program));
  const configured = Object.fromEntries(kept);
  const budgets = { '*': { ...config.budgets['*'] } };
  if (attach) {
    configured[attached] = { ...configured[attached], attach };
    budgets['*'].hook_total_insns = { increase: 0 };
  }
  const own = { ...config, objects: [`build/${name}`], programs: configured, budgets };
  await writeFile(join(folder, 'tollgate.yml'), stringify(own));
  await symlink(join(root, 'fixtures/lb/base/pcaps'), join(folder, 'pcaps'));
  await symlink(join(root, 'fixtures/lb/built', head, 'build'), join(folder, 'build'));
}

function median(all) {
  const sorted = [...all].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
