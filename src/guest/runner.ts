// Does one job: loads the object, takes every measurement of every program, says each figure as it has it.

import { MEASUREMENTS } from '../measurements/index.ts';
import { straightLineLength } from '../measurements/jit.ts';
import type { Figure } from '../measurements/measurement.ts';
import type { Job, JobInput, Sequel } from '../model/job.ts';
import { steadyValue } from '../model/percentile.ts';
import type { LoadedProgram, Run, RunPort, Runs } from '../model/port.ts';
import { programTypeById } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { isOlder } from '../model/since.ts';
import { blobIn, decodeSequel, encodeSubject, PAUSES, PAUSES_AT, SUBJECT_AT } from '../model/window.ts';
import type { Channel } from './channel.ts';
import { type CodeImage, imagesOf, reportLines, textOfImage } from './code.ts';
import { hardened, spectreV2 } from './guards.ts';
import { type Clock, errorName, libbpf } from './libbpf/ffi.ts';
import { programInfo } from './libbpf/info.ts';
import {
  findLoadable,
  type Loadable,
  type LoadedObject,
  loadObject,
  ObjectRejected,
  type OpenProgram,
  textOf,
} from './libbpf/object.ts';
import { loadEmpty, type RawRun, type RunData, type TickGrid, testRuns } from './libbpf/runs.ts';
import { runEmpty, tailCallsIn } from './tail-calls.ts';
import { kernelRelease } from './versions.ts';
import { countVisits } from './visits.ts';

export interface Guest {
  readonly window: Uint8Array;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly grid: TickGrid;
  /** Pauses the machine until the host has it go on. */
  readonly pause: () => void;
  /** Where visits.so lies. */
  readonly visitsPath: string;
}

/** Runs the job to its last record but `end`. What the object is guilty of is a record; what we are, an exception. */
export function runJob(guest: Guest, job: Job): void {
  const started = process.hrtime.bigint();
  const elf = blobIn(guest.window, job.elf);
  try {
    guest.channel.send({ type: 'progress', step: 'load' });
    if (job.reportVisits !== undefined) {
      guest.channel.send(countVisits(job, elf, job.reportVisits, guest.visitsPath));
      return;
    }
    const { loadable, object } = findLoadable(job, elf);
    const loaded = takeStatics(guest, job, loadable, object);
    const loadedAt = process.hrtime.bigint();
    const runs = measureAll(guest, job, elf, loadable, loaded);
    const sequel = decodeSequel(guest.window) as Sequel | undefined;
    if (job.jitHarden !== undefined) guest.channel.send({ type: 'guards', spectreV2: spectreV2() });
    if (sequel) reportCode(guest, job, loadable, runs, sequel);
    guest.channel.send({
      type: 'seconds',
      load: seconds(loadedAt - started),
      measure: seconds(process.hrtime.bigint() - loadedAt),
    });
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    guest.channel.send({ type: 'object-rejected', reason: cause.message.slice(-60_000) });
  }
}

function seconds(ns: bigint): string {
  return (Number(ns) / 1e9).toFixed(3);
}

/** Reports what loads and what doesn't, and reads what the kernel knows of each program that does. */
export function takeStatics(
  { channel }: Pick<Guest, 'channel'>,
  job: Pick<Job, 'reportStatics'>,
  loadable: Loadable,
  object: LoadedObject,
): LoadedProgram[] {
  if (job.reportStatics) {
    for (const { name, section, typeId } of loadable.programs)
      channel.send({ type: 'program', program: name, section, programType: programTypeById(typeId).name });
    for (const { name, reason, log } of loadable.refusedPrograms)
      channel.send({
        type: 'measurement',
        program: name,
        metric: 'load_ok',
        value: '0',
        note: reason.slice(0, 2000),
        log: log.slice(-LOG_TAIL_CHARACTERS),
      });
  }
  try {
    return object.programs.map((program) => describe(program));
  } finally {
    object.close();
  }
}

/** The end of a verifier's log, where its reason is. */
const LOG_TAIL_CHARACTERS = 64_000;

function describe(program: OpenProgram): LoadedProgram {
  return {
    name: program.name,
    section: program.section,
    type: programTypeById(program.typeId),
    insnCount: Number(libbpf().bpf_program__insn_cnt(program.pointer)),
    log: textOf(program.log),
    ...programInfo(libbpf().bpf_program__fd(program.pointer)),
  };
}

function measureAll(
  guest: Guest,
  job: Job,
  elf: Uint8Array,
  loadable: Loadable,
  programs: readonly LoadedProgram[],
): RunsRecord[] {
  const runs: RunsRecord[] = [];
  const port = runPort(guest, job, elf, loadable, runs);
  for (const program of programs) {
    const wanted = job.programs.find((candidate) => candidate.name === program.name);
    if (!wanted || (!job.reportStatics && wanted.inputs.length === 0)) continue;
    if (job.reportStatics)
      guest.channel.send({ type: 'measurement', program: program.name, metric: 'load_ok', value: '1' });
    guest.channel.send({ type: 'progress', step: 'measure', program: program.name });
    const subject = {
      program,
      inputs: wanted.inputs,
      port,
      ...(wanted.notRun === undefined ? {} : { notRun: wanted.notRun }),
    };
    for (const kind of MEASUREMENTS.filter((each) => each.runs || job.reportStatics))
      for (const figure of kind.measure(subject)) guest.channel.send(recordOf(program.name, figure));
  }
  return runs;
}

type RunsRecord = Extract<GuestRecord, { type: 'runs' }>;

/** A figure as a record. */
export function recordOf(program: string, { value, ...figure }: Figure) {
  return {
    type: 'measurement' as const,
    program,
    ...figure,
    ...(value === undefined ? {} : { value: String(value) }),
  };
}

/**
 * Runs on this kernel; what an empty program costs is subtracted and its own instructions are added again. What there
 * is to tell of each is put into `ran`.
 */
function runPort(guest: Guest, job: Job, elf: Uint8Array, loadable: Loadable, ran: RunsRecord[]): RunPort {
  const emptyRuns = new Map<string, EmptyRun>();
  return {
    run: (programName, input, passes) => {
      const setUp = job.programs.find((candidate) => candidate.name === programName)!;
      let object: LoadedObject;
      try {
        object = hardened(job, () => loadObject(job, elf, loadable, setUp));
      } catch (cause) {
        if (cause instanceof ObjectRejected) return { reason: cause.message.slice(0, 2000) };
        throw cause;
      }
      try {
        const program = object.programs.find((candidate) => candidate.name === programName)!;
        const type = programTypeById(program.typeId);
        const testRun = type.testRun!;
        const data = runData(guest, input);
        const fd: number = libbpf().bpf_program__fd(program.pointer);
        const empty = emptyRun(guest, program, data[0]!, emptyRuns);
        if ('reason' in empty) return empty;
        const { overhead } = empty;
        const images = imagesOf(object, program);
        announce(guest, images, data.length, passes);
        const pause = pauseIfAsked(guest);
        const raw = testRuns(guest.clock, guest.grid, fd, data, passes, testRun.clock, pause);
        announce(guest, [], 0, 0);
        ran.push({
          type: 'runs',
          number: ran.length,
          program: programName,
          input: input.name,
          passes,
          insns: raw.map(({ error, insns }) => (error === 0 ? insns - overhead : -1)),
          images: images.map(textOfImage),
        });
        return runsOf(raw, data.length, overhead, testRun.since);
      } finally {
        object.close();
      }
    },
  };
}

/** Of runs of so many packets in turn those that the kernel took, less what an empty run costs beside its own. */
export function runsOf(
  raw: readonly RawRun[],
  packets: number,
  overhead: number,
  since: string,
): Runs | Absent {
  const failed = raw.findIndex((run) => run.error !== 0);
  if (raw.every((run) => run.error !== 0)) return refusal(raw[0]!.error, since);
  const refused = new Set(raw.flatMap((run, i) => (run.error === 0 ? [] : [i % packets])));
  const taken = Array.from({ length: packets }, (_, packet) => packet).filter(
    (packet) => !refused.has(packet),
  );
  return {
    passes: Array.from({ length: raw.length / packets }, (_, pass) =>
      taken.map((packet): Run => {
        const { insns, retval } = raw[pass * packets + packet]!;
        return { insns: insns - overhead, retval };
      }),
    ),
    ...(failed < 0
      ? {}
      : {
          note: `${refused.size} of ${packets} packets are left out: the kernel refuses them (${errorName(raw[failed]!.error)}), first packet ${(failed % packets) + 1}`,
        }),
  };
}

/** Puts into the window what is to be watched from here on; no images: nothing more. */
function announce(
  { window, clock }: Guest,
  images: readonly CodeImage[],
  packets: number,
  passes: number,
): void {
  window.set(encodeSubject({ images, packets, passes }), SUBJECT_AT);
  clock.markSubject();
}

/** For a host that looks on by other means between two pauses. */
function pauseIfAsked({ window, pause }: Guest): (() => void) | undefined {
  if (window[PAUSES_AT] !== PAUSES.asked) return undefined;
  return () => {
    window[PAUSES_AT] = PAUSES.paused;
    pause();
  };
}

/** Behind all runs, so that it changes nothing in them. */
function reportCode(
  guest: Guest,
  job: Job,
  loadable: Loadable,
  runs: readonly RunsRecord[],
  sequel: Sequel,
): void {
  const { channel } = guest;
  for (const record of runs) if (sequel.reportCode.includes(record.program)) channel.send(record);
  if (!sequel.probed) return;
  let object: LoadedObject;
  try {
    const { probed } = sequel;
    object = hardened(job, () => loadObject(job, blobIn(guest.window, probed), loadable));
  } catch (cause) {
    if (cause instanceof ObjectRejected) return; // then it has no lines
    throw cause;
  }
  if (sequel.tailCalls) {
    for (const { pointer, name } of object.programs)
      for (const record of tailCallsIn(pointer, name, sequel.tailCalls)) channel.send(record);
    object.close();
    runEmpty(guest);
    return;
  }
  reportLines(channel, object, sequel.reportCode);
  object.close();
}

export type EmptyRun = { readonly overhead: number } | Absent;

/** What an empty program is made like. */
export type LoadedAs = Pick<OpenProgram, 'typeId' | 'expectedAttachType' | 'flags'>;

/** What an empty run costs beside its program's instructions; `known` keeps it, for programs that are loaded alike. */
export function emptyRun(
  guest: Pick<Guest, 'clock' | 'grid'>,
  like: LoadedAs,
  data: RunData,
  known: Map<string, EmptyRun>,
): EmptyRun {
  const key = [like.typeId, like.expectedAttachType, like.flags, data.context?.length].join();
  const found = known.get(key) ?? measureEmpty(guest, like, data);
  known.set(key, found);
  return found;
}

const EMPTY_RUNS = 9;

function measureEmpty(
  { clock, grid }: Pick<Guest, 'clock' | 'grid'>,
  like: LoadedAs,
  data: RunData,
): EmptyRun {
  const { id, testRun } = programTypeById(like.typeId);
  const fd = loadEmpty({ id, ...testRun! }, like.expectedAttachType, like.flags);
  if (fd < 0)
    return {
      reason: `the kernel does not load an empty program of the type, to compare with: ${errorName(fd)}`,
    };
  const runs = testRuns(clock, grid, fd, [data], EMPTY_RUNS, testRun!.clock);
  const error = runs.find((run) => run.error !== 0)?.error;
  if (error !== undefined) return refusal(error, testRun!.since);
  const own = straightLineLength(programInfo(fd).jited);
  return { overhead: steadyValue(runs.slice(1).map((run) => run.insns)) - own };
}

/** Why there is no test run: the kernel has none for the type, or takes no such. */
export function refusal(error: number, since: string): Absent {
  const name = errorName(error);
  if (name !== 'ENOTSUPP') return { reason: `BPF_PROG_TEST_RUN refuses it: ${name}` };
  const reason = 'this kernel has no test run for the type (ENOTSUPP)';
  // A type can lose its test run again, as lwt_seg6local did: then no newer kernel is promised.
  return isOlder(kernelRelease(), since) ? { reason, since } : { reason };
}

/** An input as the test runs take it. */
export function runData(guest: Pick<Guest, 'window'>, input: JobInput): RunData[] {
  const context = input.context && blobIn(guest.window, input.context);
  if (input.packets.length === 0) return [context ? { context } : {}];
  return input.packets.map((blob) => ({
    packet: blobIn(guest.window, blob),
    ...(context ? { context } : {}),
  }));
}
