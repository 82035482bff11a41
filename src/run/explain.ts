// `tollgate explain`: where a program's instructions go, by source line, helper and tail call, on each kernel in turn.

import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { differenceOf } from '../explain/diff.ts';
import { withLineProbes } from '../explain/line-probes.ts';
import { takeProfile } from '../explain/profile.ts';
import { type Config, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Difference, Explanation, Explanations } from '../model/explanation.ts';
import { type Input, inputFromText, inputName } from '../model/input.ts';
import type { Side, Target } from '../model/report.ts';
import { didYouMean } from '../model/suggest.ts';
import { findQemu } from '../vm/qemu.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { readObject, type SideObject } from './objects.ts';
import { type PlannedProfile, planProfiles } from './plan.ts';
import { createPool, machinesAtOnce, type Pool } from './pool.ts';

export interface ExplainRequest {
  readonly version: string;
  readonly object: SideObject;
  /** The same object at base: what changed since is told, too. */
  readonly base?: SideObject;
  readonly program: string;
  /** Which of the program's inputs; all where it is missing. */
  readonly input?: string;
  readonly kernels: readonly string[];
  /** Inputs, maps and tail calls; its budgets are not looked at. */
  readonly config: Pick<Config, 'programs' | 'map_sizes'>;
  /** Where the budget file's relative pcap paths start. */
  readonly directory: string;
}

/** Explains every wanted input. Throws TollgateError on a program or input that is not there. */
export async function explain(request: ExplainRequest, options: RunOptions): Promise<Explanations> {
  const plans = [
    ...planSide('head', request, request.object),
    ...(request.base ? planSide('base', request, request.base) : []),
  ];
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const explanations = await Promise.all(
    [...new Set(request.kernels)].map(async (reference) => {
      const { target, result } = await onKernel(reference, qemu, pool, options, (session, told) =>
        profileAll(pooled(session, pool), plans, { ...options, qemu }, told),
      );
      return (result ?? plans.map((plan) => unexplained(plan, target))).map((each) => ({ target, ...each }));
    }),
  );
  return {
    schema: 1,
    tool: { name: 'tollgate', version: request.version },
    explanations: explanations.flat(),
    differences: request.base ? explanations.flatMap(differencesOf) : [],
  };
}

/** Profiles of all plans in one kernel. */
export async function profileAll(
  session: Session,
  plans: readonly PlannedProfile[],
  options: Parameters<typeof takeProfile>[2],
  told: (ran: Pick<JobResult, 'hello' | 'seconds'>) => void,
): Promise<Untargeted[]> {
  return await Promise.all(
    plans.map(async ({ side, object, program, input, run, probed }) => {
      const { hello, seconds, ...profile } = await takeProfile(
        session,
        { program, spec: object.spec, run, ...(probed === undefined ? {} : { probed }) },
        options,
      );
      told({ hello, seconds: { start: 0, run: seconds.plain } });
      return { side, object: object.name, program, input, ...profile };
    }),
  );
}

/** Of one kernel: each input of head that base has, too. */
function differencesOf(explanations: readonly Explanation[]): Difference[] {
  return explanations
    .filter(({ side }) => side === 'head')
    .flatMap((head) => {
      const base = explanations.find(({ side, input }) => side === 'base' && input === head.input);
      return base ? [differenceOf(base, head)] : [];
    });
}

/** One object of each input of a program; what check asks for, too. */
export function planProgramProfiles(
  side: Side,
  { program, input, config, directory }: Pick<ExplainRequest, 'program' | 'input' | 'config' | 'directory'>,
  object: SideObject,
): PlannedProfile[] {
  const known = programConfig(config.programs, { object: object.name, program }).inputs;
  const wanted = input === undefined ? undefined : [inputOf(input, known)];
  return planProfiles({ side, object, config, directory }, program, probesOf, wanted);
}

/** The object at `path`, named as the budget file names it: relative to `directory`. */
export function objectOf(path: string, directory: string): SideObject {
  const absolute = resolve(path);
  const name = relative(directory, absolute);
  return readObject(absolute, name === '' || name.startsWith('..') ? path : name);
}

/** Head's object at base: the file itself, or the one of the same name in a folder. */
export function baseObjectOf(path: string, head: SideObject): SideObject {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return readObject(isFolder ? resolve(path, head.name) : resolve(path), head.name);
}

function planSide(side: Side, request: ExplainRequest, object: SideObject): PlannedProfile[] {
  const { program } = request;
  const names = object.spec.programs.map(({ name }) => name);
  if (!names.includes(program))
    throw new TollgateError('usage', `Cannot explain '${program}': '${object.name}' has no such program`, {
      hint: didYouMean(program, names) ?? `its programs: ${names.join(', ')}`,
    });
  const plans = planProgramProfiles(side, request, object);
  if (plans.length > 0) return plans;
  throw new TollgateError('usage', `Cannot explain '${program}': programs of its type have no test run`, {
    hint: 'docs/measurements.md lists the types that can be run',
  });
}

/** One of the budget file's by its name, else what the text itself says. */
function inputOf(text: string, known: readonly Input[] = []): Input {
  const input = known.find((each) => inputName(each) === text) ?? inputFromText(text);
  if (input === undefined)
    throw new TollgateError('usage', `Cannot use '--input ${text}': it is no input`, {
      hint:
        didYouMean(text, known.map(inputName)) ??
        "expected 'udp:64', 'tcp_syn' or another generator, or a .pcap file",
    });
  return typeof input === 'string' && !known.includes(input) ? resolve(input) : input;
}

/** Each run waits for a place of its own. */
export function pooled(session: Session, pool: Pool): Session {
  return { ...session, run: (job, extra) => pool.run(() => session.run(job, extra)) };
}

function probesOf(object: SideObject): Uint8Array | undefined {
  return withLineProbes(object.bytes, object.spec.functions, object.name);
}

type Untargeted = Omit<Explanation, 'target'>;

function unexplained({ side, object, program, input }: PlannedProfile, target: Target): Untargeted {
  const reason = target.error ? `${target.error.reason}: ${target.error.message}` : 'no reason given';
  return {
    side,
    object: object.name,
    program,
    input,
    packets: 0,
    absent: { reason },
    insns: { cold: 0, warm: 0 },
    lines: [],
    calls: [],
    tailCalls: [],
    instructions: [],
    stacks: [],
    notes: [],
  };
}
