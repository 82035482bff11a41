// Times the programs of one object, head and base in one process. A round runs both, and an empty program, in short
// batches in turn, the order drawn by lot (ABBA or BAAB); each round is of loads of its own, since where the JIT puts
// a program makes it up to twice as slow. Only loads that begin alike in a cache line are compared.

import { MEASUREMENTS } from '../measurements/index.ts';
import { isRelative, isTooNoisy, KEPT_LEVEL, leaning, scheduleOf } from '../measurements/timed.ts';
import type { JobInput, JobProgram } from '../model/job.ts';
import type { LoadedProgram } from '../model/port.ts';
import { type ProgramType, programTypeById } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, Side } from '../model/report.ts';
import type { Rounds, TimedArm, TimedJob, TimedLimit } from '../model/timed.ts';
import { blobIn } from '../model/window.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';
import { isLook } from '../statistics/sequential.ts';
import type { Channel } from './channel.ts';
import { errorName, libbpf } from './libbpf/ffi.ts';
import { programImages } from './libbpf/info.ts';
import {
  findLoadable,
  type Loadable,
  type LoadedObject,
  loadObject,
  ObjectRejected,
  type OpenProgram,
} from './libbpf/object.ts';
import { loadEmpty, type RunData } from './libbpf/runs.ts';
import {
  closeFd,
  leavesPacket,
  openSeat,
  type TestRuns,
  type Timing,
  testRunsOf,
  type XdpSeat,
} from './libbpf/timing.ts';
import { cpuTimes, frequencyKhz, sleep, TICK_MS } from './neighbours.ts';
import { recordOf, refusal, runData, takeStatics } from './runner.ts';

export interface TimingGuest {
  readonly window: Uint8Array;
  readonly channel: Channel;
  readonly timing: Timing;
  /** Where it is pinned to. */
  readonly cpu: number;
}

/** Does the job to its last record but `end`. */
export function runTimedJob(guest: TimingGuest, job: TimedJob): void {
  const { channel } = guest;
  const sides = job.arms.flatMap((arm): TimedSide[] => {
    channel.send({ type: 'side', side: arm.side });
    const side = openSide(guest, arm);
    return side ? [side] : [];
  });
  const [head, base] = (['head', 'base'] as const).map((name) => sides.find(({ arm }) => arm.side === name));
  for (const { name, inputs, notRun } of (head ?? base)?.arm.programs ?? []) {
    for (const input of inputs) {
      channel.send({ type: 'progress', step: 'measure', program: name });
      const contestants = [head, base].flatMap((side) => (side ? contestantOf(side, name, input.name) : []));
      if (contestants.length > 0) channel.send(measure(guest, job, name, input, contestants));
    }
    if (inputs.length === 0 && notRun !== undefined)
      channel.send({ type: 'rounds', program: name, input: '', ...NO_ROUNDS, absent: { reason: notRun } });
  }
}

/** A side's object: what of it loads. */
interface TimedSide {
  readonly arm: TimedArm;
  readonly elf: Uint8Array;
  readonly loadable: Loadable;
  readonly canTailCall: boolean;
  readonly programs: readonly LoadedProgram[];
}

/** Reports what the verifier and the kernel say of a side; undefined where the object as a whole is rejected. */
function openSide(guest: TimingGuest, arm: TimedArm): TimedSide | undefined {
  const { channel } = guest;
  const elf = blobIn(guest.window, arm.elf);
  try {
    const { loadable, object } = findLoadable(arm, elf);
    const { canTailCall } = object;
    const programs = takeStatics(guest, { reportStatics: true }, loadable, object);
    const port = { run: () => ({ reason: 'timed mode counts no instructions' }) };
    for (const program of programs) {
      channel.send({ type: 'measurement', program: program.name, metric: 'load_ok', value: '1' });
      for (const kind of MEASUREMENTS.filter(({ runs }) => !runs))
        for (const figure of kind.measure({ program, inputs: [], port }))
          channel.send(recordOf(program.name, figure));
    }
    return { arm, elf, loadable, canTailCall, programs };
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    channel.send({ type: 'object-rejected', reason: cause.message.slice(-60_000) });
    return undefined;
  }
}

/** One side's program, ready to be loaded again and again. */
interface Contestant {
  readonly side: Side;
  readonly input: JobInput;
  readonly type: ProgramType;
  readonly load: () => Copy;
}

/** A load of it. */
interface Copy {
  readonly fd: number;
  readonly program: Pick<OpenProgram, 'typeId' | 'expectedAttachType' | 'flags'>;
  /** Where in a cache line its code begins. */
  readonly place: number;
  readonly close: () => void;
}

function contestantOf(
  { arm, elf, loadable, canTailCall, programs }: TimedSide,
  name: string,
  inputName: string,
): Contestant[] {
  const program = programs.find((candidate) => candidate.name === name);
  const setUp = arm.programs.find((candidate) => candidate.name === name);
  const input = setUp?.inputs.find((candidate) => candidate.name === inputName);
  if (!program?.type.testRun || !setUp || !input) return [];
  const wanted = canTailCall ? loadable : withoutOthers(loadable, name);
  return [{ side: arm.side, input, type: program.type, load: () => loadCopy(arm, elf, wanted, setUp) }];
}

/** A load of one program costs less than one of all; those that may be called from it have to be there. */
function withoutOthers(loadable: Loadable, name: string): Loadable {
  const refused = new Set(loadable.refusedPrograms.map((program) => program.name));
  const others = loadable.programs
    .filter((program) => program.name !== name && !refused.has(program.name))
    .map((program) => ({ name: program.name, reason: '', log: '' }));
  return { ...loadable, refusedPrograms: [...loadable.refusedPrograms, ...others] };
}

const CACHE_LINE_BYTES = 64n;

function loadCopy(arm: TimedArm, elf: Uint8Array, loadable: Loadable, setUp: JobProgram): Copy {
  const object: LoadedObject = loadObject(arm, elf, loadable, setUp);
  const program = object.programs.find(({ name }) => name === setUp.name)!;
  const fd = Number(libbpf().bpf_program__fd(program.pointer));
  const address = programImages(fd, 0)[0]?.address ?? 0n;
  return { fd, program, place: Number(address % CACHE_LINE_BYTES), close: object.close };
}

type RoundsRecord = Extract<GuestRecord, { type: 'rounds' }>;

const NO_ROUNDS: Rounds = {
  head: [],
  base: [],
  empty: [],
  emptyAgain: [],
  discarded: { interrupted: 0, steal: 0, frequency: 0 },
  runsInBatch: 0,
  seconds: 0,
};

function measure(
  guest: TimingGuest,
  job: TimedJob,
  program: string,
  input: JobInput,
  contestants: readonly Contestant[],
): RoundsRecord {
  const record = { type: 'rounds', program, input: input.name } as const;
  try {
    const found = takeRounds(guest, job, job.limits[program] ?? [], contestants);
    return 'reason' in found ? { ...record, ...NO_ROUNDS, absent: found } : { ...record, ...found };
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    return { ...record, ...NO_ROUNDS, absent: { reason: cause.message.slice(0, 2000) } };
  }
}

/** A batch's length: short, so that a neighbour's burst is in few of a round's batches and the others tell without it. */
const BATCH_NS = 250_000;
/** Where each call waits for something, batches are this long instead, and few. */
const LONG_BATCH_NS = 10_000_000;
const WAITING_NS = 2_000_000;
/** Batches of one side in a round, together, take about this. */
const SIDE_NS = 10_000_000;
/** Rests between rounds: whoever waits for this CPU behind a real-time thread gets it. */
const REST_MS = 1;

/** How the runs of all programs in a comparison are put into batches. */
interface Batching {
  readonly repeat: number;
  readonly loops: number;
  /** Groups of A B B A in a round. */
  readonly groups: number;
}

function takeRounds(
  guest: TimingGuest,
  job: TimedJob,
  limits: readonly TimedLimit[],
  contestants: readonly Contestant[],
): (Rounds & Pick<RoundsRecord, 'note'>) | Absent {
  const started = process.hrtime.bigint();
  const [first] = contestants;
  const random = seededRandom(job.seed);
  const data = contestants.map(({ input }) => runData(guest, input));
  const pools = contestants.map(({ load }) => openPool(load));
  const seats = openSeats(first!.type, contestants.length + 2);
  const empties = [0, 1].map(() => loadEmptyLike(pools[0]!.any()));
  try {
    const refused = empties.find((fd) => fd < 0);
    if (refused !== undefined)
      return {
        reason: `the kernel does not load an empty program of the type, to compare with: ${errorName(refused)}`,
      };
    empties.forEach((fd, i) => {
      seats?.[i]?.put(fd);
    });
    const batching = calibrate(guest, contestants, pools, data, seats?.slice(2));
    if ('reason' in batching) return batching;
    const rounds = { head: [], base: [], empty: [], emptyAgain: [] } as Record<
      'head' | 'base' | 'empty' | 'emptyAgain',
      number[]
    >;
    const discarded = { interrupted: 0, steal: 0, frequency: 0 };
    const secondsSoFar = () => Number(process.hrtime.bigint() - started) / 1e9;
    const state = (): Rounds => ({
      ...rounds,
      discarded,
      runsInBatch: batching.repeat * batching.loops * data[0]!.length,
      seconds: Math.round(1000 * secondsSoFar()) / 1000,
    });
    for (;;) {
      const kept = rounds.head.length || rounds.base.length;
      if (isLook(scheduleOf(job.bounds), kept) && isDecided(state(), limits, job)) break;
      if (kept >= job.bounds.mostRounds || secondsSoFar() >= job.bounds.seconds) break;
      const copies = drawCopies(pools, random);
      copies.forEach((copy, i) => {
        seats?.[2 + i]?.put(copy.fd);
      });
      const found = oneRound(guest, batching, random, [
        ...copies.map(({ fd }, i) => testRunsOf(fd, data[i]!, batching.repeat, batching.loops)),
        ...empties.map((fd) => testRunsOf(fd, data[0]!, batching.repeat, batching.loops)),
      ]);
      if ('why' in found) discarded[found.why]++;
      else {
        contestants.forEach(({ side }, i) => {
          rounds[side].push(found.ns[i]!);
        });
        rounds.empty.push(found.ns.at(-2)!);
        rounds.emptyAgain.push(found.ns.at(-1)!);
      }
      for (const pool of pools) pool.renew();
      sleep(REST_MS);
    }
    return { ...state(), ...(batching.note === undefined ? {} : { note: batching.note }) };
  } finally {
    for (const seat of seats ?? []) seat.close();
    for (const fd of empties) if (fd >= 0) closeFd(fd);
    for (const pool of pools) pool.close();
  }
}

/** With nothing to decide the least rounds do. */
function isDecided(rounds: Rounds, limits: readonly TimedLimit[], { bounds, level }: TimedJob): boolean {
  if (isTooNoisy(rounds)) return false;
  return comparable(rounds, limits).every((limit) => {
    const { beyond, within } = leaning(rounds, limit, bounds);
    return beyond <= level || within <= KEPT_LEVEL;
  });
}

/** What is against base is decided only where there is one. */
function comparable({ head, base }: Rounds, limits: readonly TimedLimit[]): readonly TimedLimit[] {
  if (head.length === 0) return [];
  return limits.filter((limit) => !isRelative(limit) || base.length > 0);
}

/**
 * A round: what a run took of each program, by the cheaper quarter of its batches, since what others do only adds; or why
 * it is left out. The last two programs are the empty ones.
 */
function oneRound(
  { timing, cpu }: TimingGuest,
  { repeat, loops, groups }: Batching,
  random: () => number,
  programs: readonly TestRuns[],
): { readonly ns: readonly number[] } | { readonly why: keyof Rounds['discarded'] } {
  const batches = programs.map((): number[] => []);
  let interrupted = 0;
  const run = (i: number) => {
    const runs = programs[i]!;
    const { onCpuNs, involuntary } = timing.batch(runs);
    if (involuntary > 0) interrupted++;
    else batches[i]!.push(onCpuNs / (repeat * loops * runs.count));
  };
  const { during, why } = watch(cpu);
  const empties = [programs.length - 2, programs.length - 1];
  during(() => {
    for (const runs of programs) timing.batch({ ...runs, loops: Math.max(1, loops >> 2) }); // warm
    for (let group = 0; group < groups; group++) {
      const turn = random() < 0.5;
      const order = programs.slice(0, -2).map((_, i) => i);
      if (turn) {
        order.reverse();
        empties.reverse();
      }
      for (const i of [empties[0]!, ...order, ...order.toReversed(), empties[1]!]) run(i);
    }
  });
  const most = INTERRUPTED_SHARE * groups * (2 * (programs.length - 2) + 2);
  if (interrupted > most || batches.some(({ length }) => length === 0)) return { why: 'interrupted' };
  const disturbance = why();
  if (disturbance) return { why: disturbance };
  return { ns: batches.map((times) => quantile(times, CHEAPER_QUARTER)) };
}

/** What a CPU did while it was looked at. */
export interface Watch {
  /** Looks at the CPU until what this returns is called. */
  readonly begin: () => () => void;
  /** Does `work` and looks at the CPU meanwhile. */
  readonly during: <T>(work: () => T) => T;
  /** Why a round of all that was done so does not count; undefined where it does. */
  readonly why: () => 'steal' | 'frequency' | undefined;
}

/** What comes between two looks is not looked at. */
export function watch(cpu: number): Watch {
  let [tookMs, stolenMs, farthest] = [0, 0, 0];
  const begin = () => {
    const [steal, frequency] = [stolenTicks(cpu), frequencyKhz(cpu)];
    const began = process.hrtime.bigint();
    return () => {
      tookMs += Number(process.hrtime.bigint() - began) / 1e6;
      stolenMs += (stolenTicks(cpu) - steal) * TICK_MS;
      const now = frequencyKhz(cpu);
      if (now !== undefined && frequency !== undefined)
        farthest = Math.max(farthest, Math.abs(now / frequency - 1));
    };
  };
  return {
    begin,
    during: (work) => {
      const end = begin();
      try {
        return work();
      } finally {
        end();
      }
    },
    why: () => {
      if (stolenMs > STEAL_SHARE * tookMs) return 'steal';
      return farthest > FREQUENCY_SHARE ? 'frequency' : undefined;
    },
  };
}

const stolenTicks = (cpu: number) => cpuTimes().get(cpu)?.steal ?? 0;

export const CHEAPER_QUARTER = 0.25;
/** A round is left out where more of its batches than this were interrupted, */
const INTERRUPTED_SHARE = 0.25;
/** or where more of its time than this was stolen by a hypervisor, */
const STEAL_SHARE = 0.05;
/** or where the CPU's frequency at its end is further than this from that at its beginning. */
const FREQUENCY_SHARE = 0.05;

function openSeats(type: ProgramType, count: number): XdpSeat[] | undefined {
  return type.name === 'xdp' ? Array.from({ length: count }, openSeat) : undefined;
}

function loadEmptyLike({ program }: Copy): number {
  const { id, testRun } = programTypeById(program.typeId);
  return loadEmpty({ id, ...testRun! }, program.expectedAttachType, program.flags);
}

/**
 * How many runs make a batch: as many in one call as the kernel takes, one a call where a run changes its packet or the
 * type has no more. The programs of a comparison all have the same, so that what a call costs is the same in all.
 */
function calibrate(
  { timing }: TimingGuest,
  contestants: readonly Contestant[],
  pools: readonly Pool[],
  data: readonly (readonly RunData[])[],
  seats: readonly XdpSeat[] | undefined,
): (Batching & { readonly note?: string }) | Absent {
  const copies = pools.map((pool) => pool.any());
  copies.forEach((copy, i) => {
    seats?.[i]?.put(copy.fd);
  });
  const ran = copies.map(({ fd }, i) => timing.batch(testRunsOf(fd, data[i]!, 1, 1)));
  const refused = ran.find(({ error }) => error !== 0);
  if (refused) return refusal(refused.error, contestants[0]!.type.testRun!.since);
  const isPure = copies.every(({ fd }, i) => data[i]!.every((each) => leavesPacket(timing, fd, each)));
  const many = isPure ? copies.map(({ fd }, i) => timing.batch(testRunsOf(fd, data[i]!, 2, 1))) : [];
  const canRepeat = isPure && many.every(({ error }) => error === 0);
  const waits = canRepeat && many.some(({ wallNs, onCpuNs }) => wallNs - onCpuNs > WAITING_NS);
  const batchNs = waits ? LONG_BATCH_NS : BATCH_NS;
  const batchOf = (runs: number): Pick<Batching, 'repeat' | 'loops'> =>
    canRepeat
      ? { repeat: Math.max(2, Math.round(runs / data[0]!.length)), loops: 1 }
      : { repeat: 1, loops: Math.max(1, Math.round(runs / data[0]!.length)) };
  const runsOf = (runs: number) => batchOf(runs).repeat * batchOf(runs).loops;
  const timeOf = (runs: number, times = 1) => {
    const { repeat, loops } = batchOf(runs);
    const all = Array.from({ length: times }, () =>
      copies.map(({ fd }, i) => timing.batch(testRunsOf(fd, data[i]!, repeat, loops)).onCpuNs),
    );
    return Math.max(...copies.map((_, i) => Math.min(...all.map((each) => each[i]!))));
  };
  let runs = data[0]!.length;
  let took = timeOf(runs, 3); // the first finds nothing in caches, and an emulator has it to translate
  while (took < batchNs / 2 && runs < MOST_RUNS) {
    runs = Math.min(
      MOST_RUNS,
      Math.ceil(runs * Math.min(10, Math.max(2, (0.9 * batchNs) / Math.max(1, took)))),
    );
    took = timeOf(runs, 3);
  }
  const once = timeOf(runs, PROPORTION_BATCHES);
  const proportions = Array.from({ length: PROPORTION_TRIES }, () => {
    const pairs = Array.from({ length: PROPORTION_BATCHES }, () => [timeOf(runs), timeOf(2 * runs)] as const);
    const [one, two] = [0, 1].map((i) =>
      quantile(
        pairs.map((pair) => pair[i]!),
        CHEAPER_QUARTER,
      ),
    );
    return two! / one! / (runsOf(2 * runs) / runsOf(runs));
  });
  const nearest = proportions.reduce((best, each) => (Math.abs(each - 1) < Math.abs(best - 1) ? each : best));
  if (Math.abs(nearest - 1) > PROPORTION_SHARE)
    return {
      reason: `runs are not alike: of twice as many each takes ${nearest.toFixed(2)} times as long, so there is no cost of one`,
    };
  return {
    ...batchOf(runs),
    groups: Math.max(1, Math.min(20, Math.round(SIDE_NS / (2 * once)))),
    ...(canRepeat
      ? {}
      : { note: `one run a system call: ${isPure ? 'the type takes no more' : 'a run changes its packet'}` }),
  };
}

const MOST_RUNS = 4_000_000;
/** Neighbours disturb some tries; a program whose runs differ disturbs all. */
const PROPORTION_TRIES = 5;
const PROPORTION_BATCHES = 6;
const PROPORTION_SHARE = 0.2;

/** Loads of one program that wait to be drawn; each is drawn once. */
interface Pool {
  readonly copies: Copy[];
  /** One of them, without drawing it. */
  readonly any: () => Copy;
  readonly add: () => void;
  /** Closes those that were drawn, and loads as many again. */
  readonly renew: () => void;
  readonly draw: (copy: Copy) => void;
  readonly close: () => void;
}

/** So many loads wait, or fewer where loading is slow. */
const POOL = 8;
const POOL_MS = 40;

function openPool(load: () => Copy): Pool {
  const copies: Copy[] = [];
  const drawn: Copy[] = [];
  const started = process.hrtime.bigint();
  do copies.push(load());
  while (copies.length < POOL && Number(process.hrtime.bigint() - started) < POOL_MS * 1e6);
  const size = copies.length;
  return {
    copies,
    any: () => copies[0]!,
    add: () => copies.push(load()),
    draw: (copy) => {
      copies.splice(copies.indexOf(copy), 1);
      drawn.push(copy);
    },
    renew: () => {
      for (const copy of drawn.splice(0)) copy.close();
      while (copies.length > POOL) copies.shift()!.close();
      while (copies.length < size) copies.push(load());
    },
    close: () => {
      for (const copy of [...copies, ...drawn]) copy.close();
    },
  };
}

/** Of each pool one, which begin at the same place of a cache line, if more loads give such in reason. */
function drawCopies(pools: readonly Pool[], random: () => number): Copy[] {
  const started = process.hrtime.bigint();
  for (;;) {
    const matches = matchesOf(pools);
    const isLate = Number(process.hrtime.bigint() - started) > MATCH_MS * 1e6;
    if (matches.length > 0 || isLate) {
      const chosen = matches[Math.floor(random() * matches.length)] ?? pools.map((pool) => pool.any());
      chosen.forEach((copy, i) => {
        pools[i]!.draw(copy);
      });
      return chosen;
    }
    for (const pool of random() < 0.5 ? pools : pools.toReversed()) pool.add();
  }
}

const MATCH_MS = 60;

function matchesOf(pools: readonly Pool[]): Copy[][] {
  const [first, second] = pools;
  if (!second) return first!.copies.map((copy) => [copy]);
  return first!.copies.flatMap((copy) =>
    second.copies.filter(({ place }) => place === copy.place).map((other) => [copy, other]),
  );
}
