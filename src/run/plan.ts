// From objects and a budget file to jobs: which programs run on which inputs, in how many machines.

import { type Config, programConfig } from '../model/config.ts';
import type { ProgramSpec } from '../model/elf.ts';
import { TollgateError } from '../model/errors.ts';
import type { Input } from '../model/input.ts';
import type { Job, JobProgram, ObjectJob, Sequel } from '../model/job.ts';
import { ATTACH_TYPES, type ProgramType, programTypeByName } from '../model/program-types.ts';
import type { Side } from '../model/report.ts';
import { didYouMean } from '../model/suggest.ts';
import { encodeJob, type PlaceBlob } from '../model/window.ts';
import { type InputBytes, inputsFor } from './inputs.ts';
import type { SideObject } from './objects.ts';
import { planTailCalls, type TailCallPlan } from './tail-call-plan.ts';

/** One job: it starts from the saved state, like every other. */
export interface PlannedJob {
  readonly side: Side;
  readonly object: SideObject;
  /** As it goes into the window. */
  readonly bytes: Uint8Array;
  /** Of an object with tail calls: what is known of them, and the same job for a run that counts them, if it can. */
  readonly tailCalls?: TailCallPlan & { readonly job?: () => Uint8Array };
}

export interface PlanOptions {
  readonly side: Side;
  readonly objects: readonly SideObject[];
  readonly config: Pick<Config, 'programs' | 'map_sizes'>;
  /** Where the budget file's relative pcap paths start. */
  readonly directory: string;
  /** net.core.bpf_jit_harden for the objects' loads; default 0. */
  readonly jitHarden?: number;
}

/** Throws TollgateError ('config') on settings that fit no map, program or type of the object. */
export function planJobs({ side, objects, config, directory, jitHarden }: PlanOptions): PlannedJob[] {
  return objects.flatMap((object) => {
    const programs = object.spec.programs.map((spec) => planProgram(side, object, spec, config, directory));
    const plan = planTailCalls(
      object,
      programs.map(({ tailCalls }) => tailCalls),
    );
    return shareOut(object, programs).map(({ run, reportStatics }) => {
      const rest = {
        reportStatics,
        mapSizes: config.map_sizes ?? {},
        ...(jitHarden === undefined ? {} : { jitHarden }),
      };
      const counted = plan?.probed && (() => encodeCounted(object, programs, run, rest, plan.probed!, plan));
      return {
        side,
        object,
        bytes: encode(object, programs, run, rest),
        ...(plan && run.size > 0 ? { tailCalls: { ...plan, ...(counted ? { job: counted } : {}) } } : {}),
      };
    });
  });
}

/** A job that check runs, too, and that tells, besides, what code some of its programs ran. */
export interface PlannedProfiles extends PlannedJob {
  /** What it tells of, in the order of its runs. */
  readonly subjects: readonly { readonly program: string; readonly input: string }[];
}

/**
 * The jobs that run `wanted`; each of these programs on `inputs`, or on those that the budget file gives it. They are
 * the very jobs that check runs, other programs included: what ran before shows in a first run, by a few instructions.
 * `probed` is the object whose code tells its instructions. Throws TollgateError as planJobs does.
 */
export function planProfiles(
  { side, object, config, directory }: Omit<PlanOptions, 'objects'> & { readonly object: SideObject },
  wanted: readonly string[],
  probed: Uint8Array | undefined,
  inputs?: readonly Input[],
): PlannedProfiles[] {
  const programs = object.spec.programs.map((spec) =>
    planProgram(side, object, spec, config, directory, wanted.includes(spec.name) ? inputs : undefined),
  );
  return shareOut(object, programs).flatMap(({ run, reportStatics }) => {
    const told = programs.filter(({ name }) => run.has(name) && wanted.includes(name));
    if (told.length === 0) return [];
    const reportCode = told.map(({ name }) => name);
    const subjects = told.flatMap(({ name, inputs }) =>
      inputs.map((input) => ({ program: name, input: input.name })),
    );
    const rest = { reportStatics, mapSizes: config.map_sizes ?? {} };
    const bytes = encode(object, programs, run, rest, (place) => ({
      reportCode,
      ...(probed ? { probed: place(probed) } : {}),
    }));
    return [{ side, object, subjects, bytes }];
  });
}

/** A job that counts what the verifier looks at in one program. Throws TollgateError as planJobs does. */
export function planVisits(
  { side, object, config, directory }: Omit<PlanOptions, 'objects'> & { readonly object: SideObject },
  program: string,
): Uint8Array {
  const programs = object.spec.programs.map((spec) => planProgram(side, object, spec, config, directory));
  return encode(object, programs, new Set(), {
    reportStatics: false,
    mapSizes: config.map_sizes ?? {},
    reportVisits: program,
  });
}

/** All programs of an object, set up and not run: what a job that loads it for another purpose needs. */
export function placeObject(
  { side, config, directory }: Omit<PlanOptions, 'objects'>,
  object: SideObject,
  place: PlaceBlob,
): ObjectJob {
  return {
    object: object.name,
    elf: place(object.bytes),
    programs: object.spec.programs.map((spec) => {
      const { inputs: _, ...program } = planProgram(side, object, spec, config, directory);
      return { ...program, inputs: [] };
    }),
    mapSizes: config.map_sizes ?? {},
  };
}

/** All programs of an object as they are set up, each with what it runs on. Throws TollgateError as planJobs does. */
export function planInputs(
  { side, config, directory }: Omit<PlanOptions, 'objects'>,
  object: SideObject,
): PlannedProgram[] {
  return object.spec.programs.map((spec) => planProgram(side, object, spec, config, directory));
}

interface PlannedProgram extends Pick<JobProgram, 'name' | 'type' | 'maps' | 'tailCalls'> {
  readonly inputs: readonly InputBytes[];
}

function planProgram(
  side: Side,
  object: SideObject,
  spec: ProgramSpec,
  config: PlanOptions['config'],
  directory: string,
  inputs?: readonly Input[],
): PlannedProgram {
  const wanted = programConfig(config.programs, { object: object.name, program: spec.name });
  const type = programTypeByName(wanted.type ?? spec.type ?? '');
  const maps = Object.entries(wanted.maps ?? {});
  const tailCalls = Object.entries(wanted.tail_calls ?? {});
  if (side === 'head') {
    for (const [map] of maps) requireMap(object, spec.name, map, 'maps');
    for (const [map, slots] of tailCalls) {
      requireMap(object, spec.name, map, 'tail_calls');
      for (const target of Object.values(slots)) requireProgram(object, spec.name, map, target);
    }
  }
  const has = (name: string) => object.spec.programs.some((program) => program.name === name);
  return {
    name: spec.name,
    ...loaderType(spec, wanted.type, type),
    inputs: inputsFor(type, inputs ?? wanted.inputs, directory, spec.name),
    maps: Object.fromEntries(maps.map(([name, entries]) => [name, Object.entries(entries)])),
    // Head's budget file may name what base does not have yet: there it is left out.
    tailCalls: Object.fromEntries(
      tailCalls.map(([map, slots]) => [
        map,
        Object.fromEntries(Object.entries(slots).filter(([, target]) => has(target))),
      ]),
    ),
  };
}

/** The type is set for libbpf where the user says so, and where an old libbpf does not know a new section. */
function loaderType(
  spec: ProgramSpec,
  configured: string | undefined,
  type: ProgramType | undefined,
): Pick<JobProgram, 'type'> {
  const attachType = spec.attachType === undefined ? undefined : ATTACH_TYPES[spec.attachType];
  if (!type) return {};
  return {
    type: {
      id: type.id,
      ...(attachType === undefined ? {} : { expectedAttachType: attachType }),
      onlyIfUnknown: configured === undefined,
    },
  };
}

function requireMap(object: SideObject, program: string, map: string, use: string): void {
  const names = object.spec.maps.map(({ name }) => name);
  if (names.includes(map)) return;
  throw new TollgateError(
    'config',
    `Cannot set up program '${program}': ${use} names map '${map}', which '${object.name}' does not have`,
    {
      hint: didYouMean(map, names) ?? `its maps: ${names.join(', ') || 'none'}`,
    },
  );
}

function requireProgram(object: SideObject, program: string, map: string, target: string): void {
  const names = object.spec.programs.map(({ name }) => name);
  if (names.includes(target)) return;
  throw new TollgateError(
    'config',
    `Cannot set up program '${program}': tail_calls puts '${target}' into '${map}', but '${object.name}' has no such program`,
    {
      hint: didYouMean(target, names) ?? `its programs: ${names.join(', ')}`,
    },
  );
}

/**
 * One job runs all programs of an object, except where one draws random numbers: the kernel has one sequence
 * for all, so there each program gets a machine of its own, and none sees how often another has drawn.
 */
function shareOut(
  object: SideObject,
  programs: readonly PlannedProgram[],
): { run: ReadonlySet<string>; reportStatics: boolean }[] {
  const runnable = programs.filter(({ inputs }) => inputs.length > 0).map(({ name }) => name);
  if (!object.spec.programs.some(({ drawsRandom }) => drawsRandom) || runnable.length <= 1)
    return [{ run: new Set(runnable), reportStatics: true }];
  return runnable.map((name, i) => ({ run: new Set([name]), reportStatics: i === 0 }));
}

function encodeCounted(
  object: SideObject,
  programs: readonly PlannedProgram[],
  run: ReadonlySet<string>,
  rest: Parameters<typeof encode>[3],
  probed: Uint8Array,
  { sites }: Pick<TailCallPlan, 'sites'>,
): Uint8Array {
  return encode(object, programs, run, rest, (place) => ({
    reportCode: [...run],
    probed: place(probed),
    tailCalls: sites.map(({ lineCol }) => lineCol),
  }));
}

function encode(
  object: SideObject,
  programs: readonly PlannedProgram[],
  run: ReadonlySet<string>,
  rest: Pick<Job, 'reportStatics' | 'mapSizes' | 'jitHarden' | 'reportVisits'>,
  sequel?: (place: PlaceBlob) => Sequel,
): Uint8Array {
  return fitting(object.name, () =>
    encodeJob<Job>(
      (place) => ({
        format: 1,
        object: object.name,
        elf: place(object.bytes),
        programs: programs.map(({ name, inputs, ...rest }) => ({
          name,
          ...rest,
          inputs: run.has(name)
            ? inputs.map(({ name: input, packets, context }) => ({
                name: input,
                packets: packets.map(place),
                ...(context ? { context: place(context) } : {}),
              }))
            : [],
        })),
        ...rest,
      }),
      sequel,
    ),
  );
}

/** What does not fit into the window is the user's to mend. Throws TollgateError ('config') then. */
export function fitting<T>(object: string, encode: () => T): T {
  try {
    return encode();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new TollgateError('config', `Cannot measure '${object}': ${cause.message}`, {
      hint: 'fewer or shorter pcaps; programs of the object can be split over several objects',
    });
  }
}
