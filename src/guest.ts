// The guest: pid 1 in the VM. Boots, says hello, pauses to be saved, runs the job it finds, pauses for good.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openChannel, sendError } from './guest/channel.ts';
import { runHookJob } from './guest/hooks.ts';
import { runOnHost } from './guest/host.ts';
import {
  becomeRealTime,
  drawRandomKey,
  findPauseDevice,
  findRetainedInitramfs,
  loadModules,
  mapWindow,
  mountAll,
  restartLockupDetector,
  setUpKernel,
} from './guest/init.ts';
import { libbpf, loadClock, memory } from './guest/libbpf/ffi.ts';
import { findTicks, seedRandomNumbers } from './guest/libbpf/runs.ts';
import { runLoadJob } from './guest/load.ts';
import { runLoaderJob } from './guest/loader.ts';
import { sleep } from './guest/neighbours.ts';
import { type Guest, runJob } from './guest/runner.ts';
import { type Bed, makeBed } from './guest/stimulus.ts';
import { reportSymbols } from './guest/symbols.ts';
import { doTimedJob } from './guest/timed-job.ts';
import { kernelRelease, libbpfVersion } from './guest/versions.ts';
import type { HookJob, Job, LoaderJob, LoadJob, SymbolsJob } from './model/job.ts';
import type { Absent } from './model/report.ts';
import { ON_HOST, REAL_CLOCK, type TimedHookJob, type TimedJob, type TimedLoadJob } from './model/timed.ts';
import { decodeJob, encodeJob, type PlaceBlob, WINDOW_BYTES } from './model/window.ts';

const here = dirname(process.argv[1] ?? '/app/guest.js');

async function main(): Promise<void> {
  process.on('uncaughtException', (error) => {
    say(`tollgate guest: ${error.stack ?? error}`);
    process.exit(1); // the kernel panics: the host sees it and shows the console
  });
  mountAll();
  if (readFileSync('/proc/cmdline', 'utf8').includes(REAL_CLOCK)) return await serveTimedJobs();
  const warnings = loadModules('/app/modules.list');
  setUpKernel();
  const window = mapWindow(windowAddress(), WINDOW_BYTES);
  const channel = openChannel(window);
  const clock = loadClock(join(here, 'native/clock.so'));
  const bed = makeBed({ helper: join(here, 'native/stimulus'), isClockExact: true });
  settle();
  warnings.push(...becomeRealTime());
  const grid = findTicks(clock);
  clock.align(grid.tickNs, grid.phaseNs);
  restartLockupDetector();
  const pause = findPauseDevice();
  const guest: Guest = { window, channel, clock, grid, pause, visitsPath: join(here, 'native/visits.so') };
  seedRandomNumbers();
  await warmUp({ ...guest, bed });
  const discard = findRetainedInitramfs();
  channel.send({
    type: 'hello',
    release: kernelRelease(),
    node: process.version,
    libbpf: libbpfVersion(),
    tickNs: String(grid.tickNs),
    ticksPerSecond: String(ticksPerSecond(clock)),
    possibleCpus: Number(libbpf().libbpf_num_possible_cpus()),
    ...(discard ? { discard } : {}),
    warnings,
  });
  drawRandomKey();
  clock.align(SECOND_NS, 0);
  const pausedAt = Number(clock.ticks());
  pause(); // the host saves this state; what follows runs once per job
  // QEMU's other thread has still to do with the command to go on. A processor that goes idle under its eyes has its
  // clock set forward by what it has executed and not told yet (icount_start_warp_timer): it stays busy until that is over.
  // And QEMU may have skipped to the next timer while it stopped, or not, as its threads race: from here on both are one.
  clock.spinUntil(pausedAt + SPIN_NS);
  clock.align(SECOND_NS, SECOND_NS / 2);
  channel.reset();
  try {
    await doJob({ ...guest, bed });
  } catch (error) {
    sendError(channel, error);
  }
  channel.send({ type: 'end' });
  pause();
}

/** Does the job in the window to its last record but `end`. */
async function doJob(guest: BedGuest): Promise<void> {
  const job = decodeJob(guest.window) as Job | HookJob | LoadJob | LoaderJob | SymbolsJob | undefined;
  if (!job) throw new Error('the window holds no job');
  if (!('task' in job)) runJob(guest, job);
  else if (job.task === 'hook') runHookJob(guest, job);
  else if (job.task === 'load') await runLoadJob(guest, job);
  else if (job.task === 'loader') await runLoaderJob(guest, job);
  else reportSymbols(guest.channel, 'all');
}

type BedGuest = Guest & { readonly bed: Bed | Absent };

/**
 * Where the clock is a real one: says hello, and does each job that the host puts into the window while it pauses.
 * Nothing has to be the same in two boots, so nothing is waited for but that the boot's own work is over.
 */
async function serveTimedJobs(): Promise<never> {
  const warnings = loadModules('/app/modules.list');
  setUpKernel();
  const window = mapWindow(windowAddress(), WINDOW_BYTES);
  const channel = openChannel(window);
  const pause = findPauseDevice();
  seedRandomNumbers();
  sleep(TIMED_SETTLE_MS);
  channel.send({
    type: 'hello',
    release: kernelRelease(),
    node: process.version,
    libbpf: libbpfVersion(),
    possibleCpus: Number(libbpf().libbpf_num_possible_cpus()),
    warnings,
  });
  for (;;) {
    pause();
    channel.reset();
    try {
      const job = decodeJob(window) as TimedJob | TimedHookJob | TimedLoadJob | undefined;
      if (!job) throw new Error('the window holds no job');
      await doTimedJob({ folder: here, window, channel, isShared: false }, job);
    } catch (error) {
      sendError(channel, error);
    }
    channel.send({ type: 'end' });
  }
}

/** Where the window lies: 'memmap=64M$640M' on the kernel's command line. */
function windowAddress(): number {
  const megabytes = /memmap=\d+M\$(\d+)M/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1];
  if (megabytes === undefined) throw new Error('no memmap= window on the command line');
  return Number(megabytes) * (1 << 20);
}

/**
 * Since the kernel began. It draws a new random key after 1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63 s and so on, half as long again
 * each time, so a job that starts behind the one at 28 s has 12 s of virtual time for itself. Later would be longer still,
 * but every time that a processor goes idle it may happen that QEMU sets its clock too far, by what it has executed and not
 * told yet (below): in 135 s one boot in ten was another one, in 30 s few are.
 */
const SETTLED_SECONDS = 30;
const TIMED_SETTLE_MS = 1000;
const SECOND_NS = 1_000_000_000;
const SPIN_NS = 20_000_000;

/**
 * The clock's calibration and the boot's own work end, and the random generator has a key that holds: a new one in a job is
 * stirred by all that the job has done so far, and then base and head draw other ports and hash seeds (crng_reseed_interval
 * in drivers/char/random.c). Idle time costs nothing under icount.
 */
function settle(): void {
  const uptimeSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  sleep(1000 * (SETTLED_SECONDS - uptimeSeconds));
}

/**
 * Does small jobs before the first real one, so that none pays for what is done only once; nor for having JavaScript
 * compiled, whose compiler is much of what QEMU would have to translate for every job.
 */
async function warmUp(guest: BedGuest): Promise<void> {
  const { window, channel } = guest;
  const elf = readFileSync(join(here, 'bpf/nop_xdp.bpf.o'));
  const object = (place: PlaceBlob) => ({
    object: 'nop_xdp.bpf.o',
    elf: place(elf),
    mapSizes: {},
    programs: [{ name: 'nop', inputs: [], maps: {}, tailCalls: {} }],
  });
  const ofRuns = encodeJob((place): Job => {
    const { programs, ...rest } = object(place);
    const inputs = [{ name: 'warm', packets: [place(new Uint8Array(64))] }];
    return { format: 1, ...rest, programs: [{ ...programs[0]!, inputs }], reportStatics: true };
  });
  const ofHooks = encodeJob(
    (place): HookJob => ({
      format: 1,
      task: 'hook',
      objects: [{ ...object(place), program: 'nop' }],
      chosen: 0,
      attach: { hook: 'xdp', options: { mode: 'generic' } },
      stimuli: [{ name: 'udp', sizeBytes: 64, warmUp: 2, count: 2, patienceMs: 1 }],
    }),
  );
  for (const job of [ofRuns, ofRuns, ofHooks, ofHooks]) {
    window.set(job);
    await doJob(guest);
    window.fill(0, 0, job.length);
    channel.reset();
  }
}

/** TSC ticks in a second of the kernel's clock. Two sleeps and their difference: what reading the clocks costs cancels. */
function ticksPerSecond(clock: ReturnType<typeof loadClock>): number {
  const [oneTicks, oneNs] = clockPair(clock, 1_000_000_000);
  const [twoTicks, twoNs] = clockPair(clock, 2_000_000_000);
  return Math.round((1e9 * Number(twoTicks - oneTicks)) / Number(twoNs - oneNs));
}

function clockPair(clock: ReturnType<typeof loadClock>, sleepNs: number): [ticks: bigint, ns: bigint] {
  const [ticks, ns] = [memory(8), memory(8)];
  clock.ratio(sleepNs, ticks, ns);
  return [ticks.readBigUInt64LE(), ns.readBigUInt64LE()];
}

function say(line: string): void {
  try {
    writeFileSync('/dev/console', `${line}\n`);
  } catch {
    // no console: the panic itself has to do
  }
}

/** Outside a VM: loads every library the bundle needs and says so, for a check of the built file. */
function selfTest(): void {
  loadClock(join(here, 'native/clock.so'));
  const objects = existsSync(join(here, 'bpf/nop_xdp.bpf.o')) ? 'found' : 'missing';
  process.stdout.write(
    `tollgate guest: node ${process.version}, libbpf ${libbpfVersion()}, objects ${objects}\n`,
  );
}

if (process.pid === 1) void main();
else if (process.argv[2] === ON_HOST)
  void runOnHost({ folder: here, parent: Number(process.argv[3]), windowPath: process.argv[4]! });
else selfTest();
