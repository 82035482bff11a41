// Does one job: loads the object, takes every measurement of every program, says each figure as it has it.

import { readFileSync } from 'node:fs';
import { MEASUREMENTS } from '../measurements/index.ts';
import { straightLineLength } from '../measurements/jit.ts';
import type { Figure } from '../measurements/measurement.ts';
import { type Job, type JobInput, LINES_LIMIT } from '../model/job.ts';
import { steadyValue } from '../model/percentile.ts';
import type { LoadedProgram, Run, RunPort } from '../model/port.ts';
import { programTypeById } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import type { Blob } from '../model/window.ts';
import type { Channel } from './channel.ts';
import { hardened, spectreV2 } from './guards.ts';
import { type Clock, errorName, libbpf } from './libbpf/ffi.ts';
import { programImages, programInfo } from './libbpf/info.ts';
import {
  findLoadable,
  type Loadable,
  type LoadedObject,
  loadObject,
  ObjectRejected,
  type OpenProgram,
  textOf,
} from './libbpf/object.ts';
import { loadEmpty, type RunData, type TickGrid, testRuns } from './libbpf/runs.ts';
import { reportTailCalls } from './tail-calls.ts';
import { countVisits } from './visits.ts';

export interface Guest {
  readonly window: Uint8Array;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly grid: TickGrid;
}

/** Runs the job to its last record but `end`. What the object is guilty of is a record; what we are, an exception. */
export function runJob(guest: Guest, job: Job): void {
  const started = process.hrtime.bigint();
  const elf = bytesOf(guest, job.elf);
  try {
    guest.channel.send({ type: 'progress', step: 'load' });
    const { loadable, object } = findLoadable(job, elf);
    const loaded = takeStatics(guest, job, loadable, object);
    const loadedAt = process.hrtime.bigint();
    measureAll(guest, job, elf, loadable, loaded);
    if (job.jitHarden !== undefined) guest.channel.send({ type: 'guards', spectreV2: spectreV2() });
    if (job.reportTailCalls) reportTailCalls(guest, job, loadable, job.reportTailCalls);
    if (job.reportVisits !== undefined) guest.channel.send(countVisits(job, elf, loadable, job.reportVisits));
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

function bytesOf({ window }: Pick<Guest, 'window'>, blob: Blob): Uint8Array {
  return window.subarray(blob.at, blob.at + blob.size);
}

/** Reports what loads and what doesn't, and reads what the kernel knows of each program that does. */
function takeStatics(
  { channel }: Guest,
  job: Job,
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
): void {
  const port = runPort(guest, job, elf, loadable);
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
}

function recordOf(program: string, { value, ...figure }: Figure) {
  return {
    type: 'measurement' as const,
    program,
    ...figure,
    ...(value === undefined ? {} : { value: String(value) }),
  };
}

/** Runs on this kernel; what an empty program costs is subtracted and its own instructions are added again. */
function runPort(guest: Guest, job: Job, elf: Uint8Array, loadable: Loadable): RunPort {
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
        const key = [
          program.typeId,
          program.expectedAttachType,
          program.flags,
          data[0]!.context?.length,
        ].join();
        const fd: number = libbpf().bpf_program__fd(program.pointer);
        let empty = emptyRuns.get(key);
        if (!empty) {
          empty = measureEmpty(guest, program, data[0]!);
          emptyRuns.set(key, empty);
        }
        if ('reason' in empty) return empty;
        const { overhead } = empty;
        const raw = testRuns(guest.clock, guest.grid, fd, data, passes, testRun.clock);
        const isAsked = job.reportCode?.program === programName && job.reportCode.input === input.name;
        if (isAsked || job.reportTailCalls)
          reportCode(
            guest,
            object,
            {
              type: 'runs',
              program: programName,
              input: input.name,
              passes,
              insns: raw.map(({ error, insns }) => (error === 0 ? insns - overhead : -1)),
            },
            isAsked ? LINES_LIMIT : 0,
          );
        const failed = raw.findIndex((run) => run.error !== 0);
        if (raw.every((run) => run.error !== 0)) return refusal(raw[0]!.error, testRun.since);
        const refused = new Set(raw.flatMap((run, i) => (run.error === 0 ? [] : [i % data.length])));
        const taken = data.map((_, packet) => packet).filter((packet) => !refused.has(packet));
        return {
          passes: Array.from({ length: passes }, (_, pass) =>
            taken.map((packet): Run => {
              const { insns, retval } = raw[pass * data.length + packet]!;
              return { insns: insns - overhead, retval };
            }),
          ),
          ...(failed < 0
            ? {}
            : {
                note: `${refused.size} of ${data.length} packets are left out: the kernel refuses them (${errorName(raw[failed]!.error)}), first packet ${(failed % data.length) + 1}`,
              }),
        };
      } finally {
        object.close();
      }
    },
  };
}

/** Behind the runs, so that it changes nothing in them: which they were, and what code there was to run. */
function reportCode({ channel }: Guest, object: LoadedObject, runs: GuestRecord, linesLimit: number): void {
  channel.send(runs);
  for (const program of object.programs)
    for (const [part, image] of programImages(
      libbpf().bpf_program__fd(program.pointer),
      linesLimit,
    ).entries())
      channel.send({
        type: 'image',
        program: program.name,
        part,
        address: image.address.toString(16),
        sizeBytes: image.sizeBytes,
        lines: image.lines.flatMap(({ lineCol, offset }) => [lineCol, offset]),
      });
}

type EmptyRun = { readonly overhead: number } | Absent;

const EMPTY_RUNS = 9;

function measureEmpty(guest: Guest, like: OpenProgram, data: RunData): EmptyRun {
  const { id, testRun } = programTypeById(like.typeId);
  const fd = loadEmpty({ id, ...testRun! }, like.expectedAttachType, like.flags);
  if (fd < 0)
    return {
      reason: `the kernel does not load an empty program of the type, to compare with: ${errorName(fd)}`,
    };
  const runs = testRuns(guest.clock, guest.grid, fd, [data], EMPTY_RUNS, testRun!.clock);
  const error = runs.find((run) => run.error !== 0)?.error;
  if (error !== undefined) return refusal(error, testRun!.since);
  const own = straightLineLength(programInfo(fd).jited);
  return { overhead: steadyValue(runs.slice(1).map((run) => run.insns)) - own };
}

function refusal(error: number, since: string): Absent {
  const name = errorName(error);
  if (name !== 'ENOTSUPP') return { reason: `BPF_PROG_TEST_RUN refuses it: ${name}` };
  const reason = 'this kernel has no test run for the type (ENOTSUPP)';
  // A type can lose its test run again, as lwt_seg6local did: then no newer kernel is promised.
  return isOlder(kernelRelease(), since) ? { reason, since } : { reason };
}

const kernelRelease = () => readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();

function isOlder(release: string, than: string): boolean {
  const [a, b] = [release, than].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  return a![0] !== b![0] ? a![0]! < b![0]! : a![1]! < b![1]!;
}

function runData(guest: Guest, input: JobInput): RunData[] {
  const context = input.context && bytesOf(guest, input.context);
  if (input.packets.length === 0) return [context ? { context } : {}];
  return input.packets.map((blob) => ({ packet: bytesOf(guest, blob), ...(context ? { context } : {}) }));
}
