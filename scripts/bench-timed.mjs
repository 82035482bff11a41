// What timed mode is worth on this machine: false alarms and regressions found, beside a gate that runs each program once
// and allows 5 %; and whether anything is left behind when it is killed: of programs alone, of programs in place with softirqs
// on one CPU and on another, and under network load, so many times each.
//   node scripts/bench-timed.mjs [--comparisons 1000] [--found 40] [--kills 20] [--seconds 2] [--hog] [--json FILE]
// Needs root, clang, bpftool and the built dist/. --hog keeps one core busy meanwhile; --seconds is for each program.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist/cli.js');
const { values: flags } = parseArgs({
  options: {
    comparisons: { type: 'string', default: '1000' },
    found: { type: 'string', default: '40' },
    kills: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '2' },
    hog: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const counts = Object.fromEntries(
  ['comparisons', 'found', 'kills'].map((name) => [name, Number(flags[name])]),
);

/** Programs of one object; a check compares all of them. */
const PROGRAMS = 20;
const TURNS = 400;
const SECONDS = Number(flags.seconds);
const DEARER = [0.5, 1, 2, 5, 10];
const NAIVE_LIMIT = 5;
const NAIVE_RUNS = 100_000;

/** What is killed, and by when each is in the midst of it. */
const KILLED = [
  { of: 'noise', seconds: 4, args: ['noise', '--seconds', '2'] },
  {
    of: 'hooks, placement same,split',
    seconds: 8,
    args: ['measure', '--hooks', '--kernel', 'host', '--mode', 'timed', '--placement', 'same,split'],
  },
  { of: 'load', seconds: 8, args: ['load', '--mode', 'timed'] },
];

const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
const hog = flags.hog ? execa(process.execPath, ['-e', 'for (;;);'], { reject: false }) : undefined;
try {
  const result = {
    machine: {
      release: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
      load: loadavg(),
      hog: flags.hog,
    },
    turns: TURNS,
    seconds: SECONDS,
    falseAlarms: await falseAlarms(counts.comparisons),
    found: [],
    kills: undefined,
  };
  if (counts.found > 0) for (const percent of DEARER) result.found.push(await found(percent, counts.found));
  if (counts.kills > 0) result.kills = await kills(counts.kills);
  result.machine.loadAtTheEnd = loadavg();
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(result, null, 2)}\n`);
  console.log(JSON.stringify(result, null, 2));
} finally {
  if (hog) {
    hog.kill('SIGKILL');
    await hog;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Loops of `turns` turns: a cost that is known, in code that the JIT cannot shorten. */
async function build(path, turns) {
  const source = `#include <linux/bpf.h>
#define SEC(name) __attribute__((section(name), used))
${Array.from(
  { length: PROGRAMS },
  (_, i) => `
SEC("tc") int loop_${i}(struct __sk_buff *skb)
{
	unsigned int value = skb->len + ${i};
#pragma clang loop unroll(disable)
	for (int turn = 0; turn < ${turns}; turn++) {
		value ^= value << 13;
		value ^= value >> 17;
		value ^= value << 5;
		value += turn * 2654435769u;
	}
	return value & 1;
}`,
).join('\n')}
char gpl[] SEC("license") = "GPL";
`;
  await execa(
    'clang',
    ['-O2', '-g', '-target', 'bpf', '-I/usr/include/x86_64-linux-gnu', '-xc', '-c', '-', '-o', path],
    {
      input: source,
    },
  );
}

/** One check of all programs: its rows of run_ns, and of how many rounds each is. */
async function compare(headTurns, programs = PROGRAMS) {
  const sides = { head: headTurns, base: TURNS };
  for (const [side, turns] of Object.entries(sides)) {
    mkdirSync(join(folder, side), { recursive: true });
    await build(join(folder, side, 'loops.bpf.o'), turns);
    writeFileSync(
      join(folder, side, 'tollgate.yml'),
      'version: 1\nkernels: [host]\nobjects: ["*.bpf.o"]\nbudgets:\n  "*": { run_ns: { increase: 0 } }\n',
    );
  }
  const json = join(folder, 'report.json');
  const { exitCode, stderr } = await execa(
    process.execPath,
    [
      cli,
      'check',
      '--mode',
      'timed',
      '--seconds',
      String(SECONDS),
      '--no-explain',
      '--quiet',
      '--json',
      json,
    ].concat(['--config', join(folder, 'head/tollgate.yml'), '--base', join(folder, 'base')]),
    { reject: false },
  );
  if (exitCode !== 0 && exitCode !== 1) throw new Error(stderr);
  const report = JSON.parse(readFileSync(json, 'utf8'));
  const rounds = report.measurements.flatMap(({ metric, side, rounds }) =>
    metric === 'run_ns' && side === 'head' && rounds ? [rounds.count] : [],
  );
  return { rows: report.verdicts.filter(({ metric }) => metric === 'run_ns').slice(0, programs), rounds };
}

/** The same two objects for the gate that most write first: one run of each, 5 %. */
async function naive(programs = PROGRAMS) {
  const times = {};
  for (const side of ['head', 'base']) {
    const pins = `/sys/fs/bpf/${side}-${process.pid}`;
    await execa('bpftool', ['prog', 'loadall', join(folder, side, 'loops.bpf.o'), pins]);
    try {
      times[side] = [];
      for (let i = 0; i < programs; i++) {
        const { stdout } = await execa(
          'bpftool',
          [
            ...['-j', 'prog', 'run', 'pinned', `${pins}/loop_${i}`],
            ...['data_in', '/proc/self/exe', 'repeat', String(NAIVE_RUNS)],
          ].map((argument) => (argument === '/proc/self/exe' ? join(folder, 'packet') : argument)),
        );
        times[side].push(JSON.parse(stdout).duration);
      }
    } finally {
      rmSync(pins, { recursive: true, force: true });
    }
  }
  return times.head.map((head, i) => 100 * (head / times.base[i] - 1));
}

async function falseAlarms(comparisons) {
  writeFileSync(join(folder, 'packet'), Buffer.alloc(64));
  const tally = { comparisons: 0, over: 0, pass: 0, inconclusive: 0, naive: { comparisons: 0, over: 0 } };
  const taken = [];
  while (tally.comparisons < comparisons) {
    const { rows, rounds } = await compare(TURNS);
    tally.comparisons += rows.length;
    taken.push(...rounds);
    tally.rounds = { least: Math.min(...taken), median: median(taken) };
    for (const { verdict } of rows) count(tally, verdict);
    if (tally.naive.comparisons >= comparisons) continue;
    const changes = await naive();
    tally.naive.comparisons += changes.length;
    tally.naive.over += changes.filter((percent) => percent > NAIVE_LIMIT).length;
    process.stderr.write(`A/A: ${JSON.stringify(tally)}\n`);
  }
  return tally;
}

async function found(percent, comparisons) {
  const tally = {
    percent,
    comparisons: 0,
    over: 0,
    inconclusive: 0,
    medianChange: 0,
    naive: { comparisons: 0, over: 0 },
  };
  const seen = [];
  while (tally.comparisons < comparisons) {
    const { rows } = await compare(TURNS * (1 + percent / 100));
    tally.comparisons += rows.length;
    for (const { verdict, change, base } of rows) {
      count(tally, verdict);
      seen.push((100 * change) / base);
    }
    const changes = await naive();
    tally.naive.comparisons += changes.length;
    tally.naive.over += changes.filter((each) => each > NAIVE_LIMIT).length;
  }
  tally.medianChange = Number(median(seen).toFixed(3));
  process.stderr.write(`+${percent} %: ${JSON.stringify(tally)}\n`);
  return tally;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function count(tally, verdict) {
  tally[verdict] = (tally[verdict] ?? 0) + 1;
}

/** The tool killed at random moments; what is there then that was not before. */
async function kills(times) {
  const all = [];
  for (const { of, seconds, args } of KILLED) {
    const before = await leftovers();
    for (let i = 0; i < times; i++) {
      const run = execa(process.execPath, [cli, ...args], { reject: false, stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 1000 * seconds));
      run.kill('SIGKILL');
      await run;
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const after = await leftovers();
    const left = Object.entries(after).flatMap(([what, names]) =>
      names.filter((name) => !before[what].includes(name)).map((name) => `${what}: ${name}`),
    );
    all.push({ of, times, left });
    process.stderr.write(`killed: ${JSON.stringify(all.at(-1))}\n`);
  }
  return all;
}

async function leftovers() {
  const ids = async (kind) =>
    JSON.parse((await execa('bpftool', ['-j', kind, 'show'])).stdout || '[]').map(({ id }) => String(id));
  return {
    programs: await ids('prog'),
    maps: await ids('map'),
    links: await ids('link'),
    pinned: readdirSync('/sys/fs/bpf'),
    windows: readdirSync(tmpdir()).filter((name) => name.startsWith('tollgate-window')),
    cgroups: readdirSync('/sys/fs/cgroup'),
    processes: readdirSync('/proc').filter(isOurs),
    namespaces: [...new Set((await execa('lsns', ['-t', 'net', '-n', '-o', 'NS'])).stdout.split('\n'))],
  };
}

/** Whether a process of that number is one that a run starts. */
function isOurs(pid) {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return /guest\.js\0on-host|(^|\/)iperf3\0|native\/(load|stimulus)\0/.test(command);
  } catch {
    return false; // no process, or one that has just ended
  }
}
