// `tollgate explain`: where a program's instructions go, by source line, helper and tail call, on each kernel in turn.

import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { differenceOf, sourceLinesOf } from '../explain/diff.ts';
import { withLineProbes } from '../explain/line-probes.ts';
import { type ProfileOptions, takeProfiles } from '../explain/profile.ts';
import { visitsByLine } from '../explain/visits.ts';
import { type AttachConfig, type Config, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import {
  type Difference,
  type Explanation,
  type Explanations,
  NO_PROFILE,
  type VerifierCost,
} from '../model/explanation.ts';
import { type Input, inputFromText, inputName } from '../model/input.ts';
import type { Side } from '../model/report.ts';
import { didYouMean } from '../model/suggest.ts';
import { findQemu } from '../vm/qemu.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { onKernel, type RunOptions } from './execute.ts';
import {
  explainInPlace,
  type InPlacePlan,
  planInPlace as planInPlaceOf,
  unexplained as unexplainedHook,
} from './explain-in-place.ts';
import { readObject, type SideObject } from './objects.ts';
import { type PlannedProfiles, planProfiles, planVisits } from './plan.ts';
import { createPool, machinesAtOnce, pooled } from './pool.ts';

export interface ExplainRequest {
  readonly version: string;
  readonly object: SideObject;
  /** The same object at base: what changed since is told, too. */
  readonly base?: SideObject;
  readonly program: string;
  /** Which of the program's inputs; all where it is missing. */
  readonly input?: string;
  readonly kernels: readonly string[];
  /** Where it is attached to be explained in place; else where the budget file says. With it no test run is explained. */
  readonly attach?: AttachConfig;
  /** Whether to count what the verifier looks at, too. */
  readonly verifier?: boolean;
  /** What counts a test run's instructions; default the plugin, and QEMU's log where it loads none. */
  readonly from?: ProfileOptions['from'];
  /** Inputs, maps and tail calls; its budgets are not looked at. */
  readonly config: Pick<Config, 'programs' | 'map_sizes'>;
  /** Where the budget file's relative pcap paths start. */
  readonly directory: string;
}

/** Explains every wanted input. Throws TollgateError on a program or input that is not there. */
export async function explain(request: ExplainRequest, options: RunOptions): Promise<Explanations> {
  const sides: Sides = [['head', request.object], ...(request.base ? [['base', request.base] as const] : [])];
  const hooks = planInPlace(sides, request, options.distDir);
  const plans = sides.flatMap(([side, object]) =>
    request.attach ? [] : planSide(side, request, object, hooks.planned.length > 0),
  );
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const explanations = await Promise.all(
    [...new Set(request.kernels)].map(async (reference) => {
      const { target, result } = await onKernel(reference, qemu, pool, options, (session, told) =>
        explainAll(
          pooled(session, pool),
          sides,
          { plans, hooks },
          request,
          { ...options, qemu, ...(request.from ? { from: request.from } : {}) },
          told,
        ),
      );
      const reason = `${target.error?.reason}: ${target.error?.message}`;
      const none = () => [
        ...plans.flatMap((plan) => plan.subjects.map((each) => unexplained(plan, each, reason))),
        ...hooks.planned.map((hook) => unexplainedHook(hook, { reason })),
      ];
      return (result ?? none()).map((each) => ({ target, ...each }));
    }),
  );
  return {
    schema: 1,
    tool: { name: 'tollgate', version: request.version },
    explanations: explanations.flat(),
    differences: explanations.flatMap((each) => differencesOf(each, request)),
  };
}

type Sides = readonly (readonly [Side, SideObject])[];

type Told = (ran: Pick<JobResult, 'hello' | 'seconds'>) => void;

async function explainAll(
  session: Session,
  sides: Sides,
  { plans, hooks }: { readonly plans: readonly PlannedProfiles[]; readonly hooks: InPlacePlan },
  request: ExplainRequest,
  options: ProfileOptions,
  told: Told,
): Promise<Untargeted[]> {
  const notRun = sides
    .filter(([side]) => ![...plans, ...hooks.planned].some((plan) => plan.side === side))
    .map(([side, object]) =>
      unexplained({ side, object }, { program: request.program, input: '-' }, NO_TEST_RUN),
    );
  const [profiles, inPlace, visits] = await Promise.all([
    profileAll(session, plans, options, told),
    explainInPlace(session, hooks, options, told),
    request.verifier
      ? Promise.all(
          sides.map(
            async ([side, object]) => [side, await takeVisits(session, side, object, request)] as const,
          ),
        )
      : [],
  ]);
  const costs = new Map(visits);
  return [...profiles, ...inPlace, ...notRun].map((profile) => {
    const verifier = costs.get(profile.side);
    return verifier ? { ...profile, verifier } : profile;
  });
}

/** What the verifier looks at in one program on one kernel. */
export async function takeVisits(
  session: Session,
  side: Side,
  object: SideObject,
  { program, config, directory }: Pick<ExplainRequest, 'program' | 'config' | 'directory'>,
): Promise<VerifierCost> {
  const { records } = await session.run(planVisits({ side, object, config, directory }, program));
  return visitsByLine(records, program, object.spec);
}

/** Profiles of all plans in one kernel, a machine for each plan. */
export async function profileAll(
  session: Session,
  plans: readonly PlannedProfiles[],
  options: ProfileOptions,
  told: Told,
): Promise<Untargeted[]> {
  const taken = await Promise.all(
    plans.map(async ({ side, object, subjects, bytes }) => {
      const { hello, seconds, profiles } = await takeProfiles(
        session,
        { spec: object.spec, subjects, bytes },
        options,
      );
      told({ hello, seconds });
      return profiles.map((profile) => ({ side, object: object.name, ...profile }));
    }),
  );
  return taken.flat();
}

/** Of one kernel: each input of head that base has, too. */
function differencesOf(
  explanations: readonly Explanation[],
  { object, base: before }: Pick<ExplainRequest, 'object' | 'base'>,
): Difference[] {
  const sources = before && { base: sourceLinesOf(before.spec), head: sourceLinesOf(object.spec) };
  return explanations
    .filter(({ side }) => side === 'head')
    .flatMap((head) => {
      const base = explanations.find(({ side, input }) => side === 'base' && input === head.input);
      return base ? [differenceOf(base, head, sources)] : [];
    });
}

/** The jobs that run `programs` of an object; what check asks for, too. */
export function planObjectProfiles(
  side: Side,
  programs: readonly string[],
  { config, directory }: Pick<ExplainRequest, 'config' | 'directory'>,
  object: SideObject,
  inputs?: readonly Input[],
): PlannedProfiles[] {
  const probed = withLineProbes(object.bytes, object.spec.functions, object.name);
  return planProfiles({ side, object, config, directory }, programs, probed, inputs);
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

/** Where the program is attached, on both sides, unless an input of a test run is asked for. */
function planInPlace(sides: Sides, request: ExplainRequest, distDir: string): InPlacePlan {
  for (const [, object] of sides) requireProgram(object, request.program);
  const plans = sides.map(([side, object]): InPlacePlan => {
    const known = programConfig(request.config.programs, { object: object.name, program: request.program });
    const attach = request.attach ?? (request.input === undefined ? known.attach : undefined);
    const other = sides.find(([each]) => each !== side)?.[1];
    const subject = { side, object, ...(other ? { other } : {}) };
    return attach
      ? planInPlaceOf({ ...request, subject, attach, distDir })
      : { planned: [], jobs: new Map() };
  });
  return {
    planned: plans.flatMap(({ planned }) => planned),
    jobs: new Map(plans.flatMap(({ jobs }) => [...jobs])),
  };
}

function requireProgram(object: SideObject, program: string): void {
  const names = object.spec.programs.map(({ name }) => name);
  if (!names.includes(program))
    throw new TollgateError('usage', `Cannot explain '${program}': '${object.name}' has no such program`, {
      hint: didYouMean(program, names) ?? `its programs: ${names.join(', ')}`,
    });
}

function planSide(
  side: Side,
  request: ExplainRequest,
  object: SideObject,
  isInPlace: boolean,
): PlannedProfiles[] {
  const { program } = request;
  const known = programConfig(request.config.programs, { object: object.name, program }).inputs;
  const inputs = request.input === undefined ? undefined : [inputOf(request.input, known)];
  const plans = planObjectProfiles(side, [program], request, object, inputs);
  if (plans.length > 0 || request.verifier || isInPlace) return plans;
  throw new TollgateError('usage', `Cannot explain '${program}': ${NO_TEST_RUN}`, {
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

type Untargeted = Omit<Explanation, 'target'>;

const NO_TEST_RUN = 'programs of its type have no test run';

function unexplained(
  { side, object }: Pick<PlannedProfiles, 'side' | 'object'>,
  { program, input }: PlannedProfiles['subjects'][number],
  reason: string,
): Untargeted {
  return {
    side,
    object: object.name,
    program,
    input,
    absent: { reason },
    ...NO_PROFILE,
  };
}
