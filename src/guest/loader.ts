// Does one arm of measuring what the user's own loader attaches: starts it in a namespace of the bed or does not, sends the
// stimuli, and then looks up the programs that it has loaded and measures them as any are.

import { type ChildProcess, spawn } from 'node:child_process';
import { MEASUREMENTS } from '../measurements/index.ts';
import type { Figure } from '../measurements/measurement.ts';
import { verifier } from '../measurements/verifier.ts';
import type { LoaderJob, SoughtProgram } from '../model/job.ts';
import type { RunPort } from '../model/port.ts';
import { programTypeById } from '../model/program-types.ts';
import type { Absent } from '../model/report.ts';
import { type Command, putCommand } from './command.ts';
import { withOrdinaryPriority } from './init.ts';
import { inNamespace } from './libbpf/attach.ts';
import {
  type ProgramFacts,
  programById,
  programByPin,
  programFacts,
  programIds,
  programInfo,
} from './libbpf/info.ts';
import { testRuns } from './libbpf/runs.ts';
import { sleep } from './neighbours.ts';
import { type EmptyRun, emptyRun, type Guest, recordOf, runData, runsOf } from './runner.ts';
import { type Bed, eventsRecord, stimulate } from './stimulus.ts';

type LoaderGuest = Guest & { readonly bed: Bed | Absent };

/** Runs the job to its last record but `end`. A loader that fails is a record, as an object that does not load is. */
export async function runLoaderJob(guest: LoaderGuest, job: LoaderJob): Promise<void> {
  const { bed, channel } = guest;
  const withoutEvents = (absent: Absent) => {
    for (const { name } of job.stimuli)
      channel.send({ type: 'events', stimulus: name, sent: [], done: [], absent });
  };
  // A program of the loader's own name speaks for it, too.
  const names = [...new Set([job.name, ...job.programs.map(({ name }) => name)])];
  if ('reason' in bed) {
    withoutEvents(bed);
    for (const name of names) channel.send(recordOf(name, { metric: 'load_ok', absent: bed }));
    return;
  }
  const command = putCommand(guest.window, FOLDER, job);
  const earlier = new Set(programIds());
  const started = job.isStarted ? await start(bed, job, command) : undefined;
  sleep(SETTLE_MS);
  if (started?.failure !== undefined) {
    withoutEvents({ reason: started.failure });
    for (const name of names) channel.send(notLoaded(name, started.failure, started.output()));
    return;
  }
  for (const task of job.stimuli) channel.send(eventsRecord(task.name, stimulate(bed, task)));
  if (!started) return;
  const loaded = programIds().filter((id) => !earlier.has(id));
  if (names.length > job.programs.length) channel.send(recordOf(job.name, { metric: 'load_ok', value: 1 }));
  for (const sought of job.programs) measure(guest, sought, loaded, started.output());
  started.child.kill('SIGKILL');
}

const FOLDER = '/tmp/loader';
/** Virtual time: what is idle in it costs nothing. */
const SETTLE_MS = 1000;
const READY_WITHIN_MS = 30_000;
const OUTPUT_LIMIT = 32_000;

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Why it is not ready. */
  readonly failure?: string;
}

/** Resolves when the loader says that it is ready, or has ended, or nothing of both has come about in time. */
async function start(
  bed: Bed,
  { side, ready }: LoaderJob,
  { argv: [program, ...args], cwd, env }: Command,
): Promise<Started> {
  const child = inNamespace(bed[side].namespaceFd, () =>
    withOrdinaryPriority(() => spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })),
  );
  let output = '';
  const failure = await new Promise<string | undefined>((resolve) => {
    const late = setTimeout(
      () => resolve(`the loader is not ready within ${READY_WITHIN_MS / 1000} s`),
      READY_WITHIN_MS,
    );
    const end = (why?: string) => {
      clearTimeout(late);
      resolve(why);
    };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_LIMIT);
        if (ready !== undefined && output.split('\n').some((line) => line.includes(ready))) end();
      });
    child.on('error', (cause) => end(`the loader cannot be started: ${cause.message}`));
    child.on('close', (code, signal) => {
      if (code !== 0) end(`the loader ends with ${signal ?? `exit code ${code}`}`);
      else end(ready === undefined ? undefined : `the loader ends without a line that has '${ready}'`);
    });
  });
  return { child, output: () => output, ...(failure === undefined ? {} : { failure }) };
}

/** Every figure of one program; `loaded` are the numbers of all that there are since the loader was started. */
function measure(guest: LoaderGuest, sought: SoughtProgram, loaded: readonly number[], output: string): void {
  const { channel } = guest;
  const found = find(sought, loaded);
  if (typeof found === 'string') {
    channel.send(notLoaded(sought.name, found, output));
    return;
  }
  const facts = programFacts(found);
  const type = programTypeById(facts.typeId);
  channel.send({ type: 'program', program: sought.name, section: '', programType: type.name });
  channel.send(recordOf(sought.name, { metric: 'load_ok', value: 1 }));
  const program = {
    name: sought.name,
    section: '',
    type,
    insnCount: facts.insnCount,
    log: '',
    ...programInfo(found),
  };
  const subject = {
    program,
    inputs: sought.inputs,
    port: runPort(guest, found, facts),
    ...(sought.inputs.length > 0 ? {} : { notRun: NOT_RUN }),
  };
  const figures = MEASUREMENTS.flatMap((kind) =>
    kind === verifier ? ofVerifier(facts) : kind.measure(subject),
  );
  for (const figure of figures) channel.send(recordOf(sought.name, figure));
}

const NOT_RUN = "its own loader has it: 'inputs' under 'programs' say what to run it on";

/** A handle on the program, or why there is none. */
function find({ name, pin, id }: SoughtProgram, loaded: readonly number[]): number | string {
  if (pin !== undefined) return programByPin(pin) ?? `the loader pins nothing at '${pin}'`;
  if (id !== undefined) return programById(id) ?? `the loader loads no program of number ${id}`;
  const all = loaded.flatMap((id) => {
    const fd = programById(id);
    return fd === undefined ? [] : [{ fd, name: programFacts(fd).name }];
  });
  const fitting = all.filter((each) => each.name === name.slice(0, KERNEL_NAME_CHARACTERS));
  if (fitting.length === 1) return fitting[0]!.fd;
  if (fitting.length > 1) return `the loader loads ${fitting.length} programs of that name: give it a 'pin'`;
  const names = all.map((each) => each.name).join(', ');
  return names === '' ? 'the loader loads no program' : `the loader loads none of that name, but ${names}`;
}

const KERNEL_NAME_CHARACTERS = 15;

function ofVerifier({ verifiedInsns }: ProgramFacts): Figure[] {
  return verifier.metrics.map((metric) => {
    if (metric !== 'total_insns') return { metric, absent: { reason: NO_LOG } };
    return verifiedInsns === undefined
      ? { metric, absent: { reason: NO_LOG, since: '5.16' } }
      : { metric, value: verifiedInsns };
  });
}

const NO_LOG = "its own loader has it, and the verifier's log";

/** Runs a program that is loaded: what earlier runs and events have left in its maps is there. */
function runPort(guest: LoaderGuest, fd: number, { typeId }: ProgramFacts): RunPort {
  const emptyRuns = new Map<string, EmptyRun>();
  return {
    run: (_, input, passes) => {
      const { testRun } = programTypeById(typeId);
      const data = runData(guest, input);
      const like = { typeId, expectedAttachType: 0, flags: 0 };
      const empty = emptyRun(guest, like, data[0]!, emptyRuns);
      if ('reason' in empty) return empty;
      const raw = testRuns(guest.clock, guest.grid, fd, data, passes, testRun!.clock);
      return runsOf(raw, data.length, empty.overhead, testRun!.since);
    },
  };
}

function notLoaded(program: string, reason: string, output: string) {
  return {
    ...recordOf(program, { metric: 'load_ok', value: 0, note: reason.slice(0, 2000) }),
    ...(output === '' ? {} : { log: output }),
  };
}
