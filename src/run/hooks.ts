// Measuring in place: from programs and where they are attached to arms, each a job of its own from the saved state, and
// from the arms' events to figures. Two arms that are the same job are run once: those with nothing and with an empty
// program attached serve every program at the same hook, and both sides.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Events, type HookArm, hookFigures } from '../measurements/hook.ts';
import { type AttachConfig, type Config, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Hook, HookOptions } from '../model/hooks/hook.ts';
import { HOOKS, hookByName, hookLabel } from '../model/hooks/index.ts';
import type { HookJob, JobProgram, ObjectJob, Sequel, StimulusTask, SubjectJob } from '../model/job.ts';
import { metricOf } from '../model/metrics.ts';
import { programTypeByName } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, Measurement, Side } from '../model/report.ts';
import {
  type ChosenStimulus,
  COMMAND,
  COMMAND_PATIENCE_MS,
  COMMAND_RUNS,
  COMMAND_WARM_UP,
  EVENTS,
  EVENTS_OF_ALL_HOOKS,
  PATIENCE_MS,
  parseStimulus,
  stimulusByName,
  stimulusLabel,
  WARM_UP_EVENTS,
} from '../model/stimuli.ts';
import { didYouMean } from '../model/suggest.ts';
import { encodeJob, type PlaceBlob } from '../model/window.ts';
import { commandJob, type StimulusFiles } from './command-files.ts';
import type { SideObject } from './objects.ts';
import { fitting, type PlanOptions, placeObject } from './plan.ts';

/** A place to attach to, with everything decided. */
export interface Attachment {
  readonly hook: Hook;
  readonly options: HookOptions;
  readonly stimulus: ChosenStimulus;
}

/** One program at one hook: which jobs its figures are made of. */
export interface PlannedHook {
  readonly side: Side;
  readonly object: string;
  readonly program: string;
  /** What the report calls it, as an input of the program: 'xdp native, udp:64'. */
  readonly input: string;
  readonly stimulus: ChosenStimulus;
  readonly arms: Readonly<Record<'nothing', string> & Partial<Record<'empty' | 'own' | 'drop', string>>>;
}

/** A loader of the project's, of one side: what its programs are, and which arm's job tells of them. */
export interface PlannedLoader {
  readonly side: Side;
  readonly name: string;
  readonly programs: readonly string[];
  readonly arm: string;
}

export interface HookPlan {
  /** Of a loader what all that it attaches adds to a packet, as a row of its own name. */
  readonly hooks: readonly PlannedHook[];
  readonly loaders: readonly PlannedLoader[];
  /** By what `PlannedHook.arms` says. */
  readonly jobs: ReadonlyMap<string, Uint8Array>;
}

/** What the plan of a hook takes from the budget file, and where our own programs lie. */
export type HookOptionsOfPlan = Pick<PlanOptions, 'config' | 'directory'> & {
  readonly distDir: string;
  /** Of the commands that the budget file has as stimuli. */
  readonly stimulusFiles?: StimulusFiles;
};

/** The objects of both sides; without a base, head alone. */
export interface HookSides {
  readonly head: readonly SideObject[];
  readonly base?: readonly SideObject[];
}

/** The programs that the budget file attaches. Throws TollgateError ('config') where a hook takes no such program of head. */
export function planHooks({ head, base = [] }: HookSides, options: HookOptionsOfPlan): HookPlan {
  const jobs = new Map<string, Uint8Array>();
  const planSide = (side: Side, own: readonly SideObject[], others: readonly SideObject[]) =>
    own.flatMap((object) => {
      const other = others.find(({ name }) => name === object.name);
      const subject = { side, object, ...(other ? { other } : {}) };
      return object.spec.programs.flatMap(({ name }): PlannedHook[] => {
        const { attach } = programConfig(options.config.programs, { object: object.name, program: name });
        const planned = attach && planHook(options, subject, name, attach, jobs);
        return planned ? [planned] : [];
      });
    });
  const hooks = [...planSide('head', head, base), ...planSide('base', base, head)];
  return { hooks, loaders: [], jobs };
}

/** An object of one side, and the same at the other where that has it. */
export interface HookSubject {
  readonly side: Side;
  readonly object: SideObject;
  readonly other?: SideObject;
}

/**
 * One program at one hook, its jobs put into `jobs`. With `told` the jobs say, behind the same events, where the code lies
 * that has run; `told.probed` is the object whose code tells its instructions. Undefined where the hook takes no such
 * program of the base; throws TollgateError ('config') where it takes none such of head.
 */
export function planHook(
  options: HookOptionsOfPlan,
  subject: HookSubject,
  program: string,
  attach: AttachConfig,
  jobs: Map<string, Uint8Array>,
  told?: { readonly probed?: Uint8Array },
): PlannedHook | undefined {
  const { side, object } = subject;
  const attachment = attachmentIn(object, program, attach);
  const unfit = unfitType(options, object, program, attachment);
  if (unfit !== undefined) {
    if (side === 'base') return undefined;
    throw new TollgateError(
      'config',
      `Cannot attach '${program}' to hook '${attachment.hook.name}': it is a ${unfit} program`,
      { hint: `the hook takes ${attachment.hook.programTypes.join(', ')}` },
    );
  }
  const fault = mapFault(options, object, program, attachment, attach);
  if (fault) {
    if (side === 'base') return undefined;
    throw fault;
  }
  const { hook, options: how, stimulus } = attachment;
  const loaded = loadedObjects(subject, options.config);
  const arms = fitting(object.name, () =>
    planArms(
      attachment,
      (place) => [
        ourObject(attachment, options.distDir, hook.empty(how), EMPTY_PROGRAM, place),
        ...placeAll(loaded.objects, options, program, attach, place),
      ],
      { nothing: 0, empty: 0, own: 1 + loaded.own },
      jobs,
      options,
      told && { program, ...told },
    ),
  );
  const input = `${hookLabel(hook, how)}, ${stimulusLabel(stimulus)}`;
  return { side, object: object.name, program, input, stimulus, arms };
}

/** An attachment that needs a map names one of the object's, and no other does. */
function mapFault(
  { config: { programs } }: HookOptionsOfPlan,
  { name: object, spec }: SideObject,
  program: string,
  { hook, options }: Attachment,
  attach: AttachConfig,
): TollgateError | undefined {
  const { map } = options;
  const isTaken = hook.takesMap?.(options) ?? false;
  const names = spec.maps.map(({ name }) => name);
  const its = `its maps: ${names.join(', ') || 'none'}`;
  const { attach: said, attachPlaces } = programConfig(programs, { object, program });
  const place = said === attach ? attachPlaces?.[map === undefined ? 'hook' : 'map'] : undefined;
  const fault = (reason: string, hint?: string) => {
    const { map: _, ...rest } = options;
    return new TollgateError(
      'config',
      `Cannot attach '${program}' to hook '${hookLabel(hook, rest)}': ${reason}`,
      { ...(place ? { place } : {}), ...(hint === undefined ? {} : { hint }) },
    );
  };
  if (!isTaken) return map === undefined ? undefined : fault(`it takes no map, got '${map}'`);
  if (map === undefined) return fault('it takes a map', `attach: { hook: ${hook.name}, map: NAME }; ${its}`);
  return names.includes(map)
    ? undefined
    : fault(`'${object}' has no map '${map}'`, didYouMean(map, names) ?? its);
}

interface LoadedObjects {
  readonly objects: readonly { readonly side: Side; readonly object: SideObject }[];
  /** Which of them is measured. */
  readonly own: number;
}

/** Base's object and head's, or twice what is the same in both or has no other side; alone where both would be too large. */
function loadedObjects(
  { side, object, other = object }: HookSubject,
  config: Pick<Config, 'map_sizes'>,
): LoadedObjects {
  const own = { side, object };
  if (mapBytes(object, config) + mapBytes(other, config) > MAPS_LIMIT_BYTES)
    return { objects: [own], own: 0 };
  if (Buffer.compare(object.bytes, other.bytes) === 0) return { objects: [own, own], own: 1 };
  return side === 'base'
    ? { objects: [own, { side: 'head', object: other }], own: 0 }
    : { objects: [{ side: 'base', object: other }, own], own: 1 };
}

/** A part of the guest's memory that it can well do without. */
const MAPS_LIMIT_BYTES = 64 << 20;
/** What an entry takes beside key and value, about. */
const ENTRY_BYTES = 64;

/** About what its maps take; the kernel's own account comes too late for a plan. */
function mapBytes({ spec }: SideObject, { map_sizes = {} }: Pick<Config, 'map_sizes'>): number {
  return spec.maps.reduce(
    (sum, { name, keySize, valueSize, maxEntries }) =>
      sum + (map_sizes[name] ?? maxEntries) * (keySize + valueSize + ENTRY_BYTES),
    0,
  );
}

function placeAll(
  objects: LoadedObjects['objects'],
  options: HookOptionsOfPlan,
  program: string,
  attach: AttachConfig,
  place: PlaceBlob,
): SubjectJob[] {
  return objects.map(({ side, object }) => {
    const attachment = attachmentIn(object, program, attach);
    const isFit = unfitType(options, object, program, attachment) === undefined;
    const all = placeObject({ ...options, side }, object, place);
    return { ...(isFit ? loadedFor(attachment, program, all) : all), program };
  });
}

function attachmentIn({ spec }: SideObject, program: string, attach: AttachConfig): Attachment {
  return attachmentOf(attach, spec.programs.find(({ name }) => name === program)?.section);
}

/** The program's type, where the hook does not take it. */
function unfitType(
  { config }: HookOptionsOfPlan,
  { name: object, spec }: SideObject,
  program: string,
  { hook }: Attachment,
): string | undefined {
  const wanted = programConfig(config.programs, { object, program }).type;
  const type = wanted ?? spec.programs.find(({ name }) => name === program)?.type;
  return type === undefined || hook.programTypes.includes(type) ? undefined : type;
}

/**
 * What each hook costs with programs of ours, in each of its variants; and, of each stimulus, what it costs without any.
 * Where packets can be dropped it is told under TCP, too, what those pay that pass, if the hook takes that.
 * With `toldOfCode` for profiles, of a few events each: nothing is dropped then, and the jobs say where code lies.
 */
export function planAllHooks(distDir: string, { toldOfCode = false } = {}): HookPlan {
  const jobs = new Map<string, Uint8Array>();
  /** The arm with nothing attached, of each stimulus: programs as small as ours move no figure by lying there. */
  const bareArms = new Map<string, string>();
  const rows = HOOKS.flatMap(shownOf)
    .filter(({ isUsual }) => isUsual || !toldOfCode)
    .map(({ attachment, drop }): PlannedHook => {
      const { hook, options: variant, stimulus } = attachment;
      const label = stimulusLabel(stimulus);
      const bare = bareArms.get(label);
      const programs = [
        [hook.empty(variant), EMPTY_PROGRAM],
        ...(drop === undefined ? [] : [[drop, 'drop']]),
      ];
      const arms = planArms(
        attachment,
        (place) => programs.map(([file, program]) => ourObject(attachment, distDir, file!, program!, place)),
        {
          ...(bare === undefined ? { nothing: 0 } : {}),
          empty: 0,
          ...(drop === undefined || toldOfCode ? {} : { drop: 1 }),
        },
        jobs,
        { distDir, events: EVENTS_OF_ALL_HOOKS },
        toldOfCode ? { program: EMPTY_PROGRAM, events: PROFILED_EVENTS } : undefined,
      );
      const nothing = bare ?? arms.nothing!;
      bareArms.set(label, nothing);
      return { ...rowOf(stimulus, hookLabel(hook, variant)), arms: { ...arms, nothing } };
    });
  const bare = [...bareArms].map(([label, nothing]) => ({
    ...rowOf(parseStimulus(label)!, '(nothing)'),
    arms: { nothing, empty: nothing },
  }));
  return { hooks: [...bare, ...rows], loaders: [], jobs };
}

/** What packets are that have to pass. */
const PASSING = 'tcp';
/** Enough for a value that repeats, where each is counted by function. */
const PROFILED_EVENTS = 128;

interface Shown {
  readonly attachment: Attachment;
  /** Our program that drops there. */
  readonly drop?: string;
  /** Under the stimulus that the hook has unless another is asked for. */
  readonly isUsual: boolean;
}

/** A hook in each of its variants, and what passes those where packets can be dropped. */
function shownOf(hook: Hook): Shown[] {
  return hook.variants.flatMap((variant): Shown[] => {
    const attachment = attachmentOf({ hook: hook.name, ...variant });
    const drop = hook.drop?.(variant);
    const usual = { attachment, ...(drop === undefined ? {} : { drop }), isUsual: true };
    const passes = drop !== undefined && hook.stimuli.includes(PASSING);
    if (!passes || attachment.stimulus.name === PASSING) return [usual];
    return [usual, { attachment: { ...attachment, stimulus: { name: PASSING } }, isUsual: false }];
  });
}

function rowOf(stimulus: ChosenStimulus, program: string): Omit<PlannedHook, 'arms'> {
  return { side: 'head', object: 'hooks', program, input: stimulusLabel(stimulus), stimulus };
}

/** Several plans as one. */
export function mergeHookPlans(plans: readonly HookPlan[]): HookPlan {
  return {
    hooks: plans.flatMap(({ hooks }) => hooks),
    loaders: plans.flatMap(({ loaders }) => loaders),
    jobs: new Map(plans.flatMap(({ jobs }) => [...jobs])),
  };
}

/** What the budget file says, else the program's section, else the hook. */
export function attachmentOf({ hook: name, stimulus, ...options }: AttachConfig, section = ''): Attachment {
  const hook = hookByName(name)!;
  const how = { ...hook.variants[0], ...sectionOptions(hook, section), ...(options as HookOptions) };
  return {
    hook,
    options: how,
    stimulus:
      typeof stimulus === 'object'
        ? { name: COMMAND.name, command: stimulus }
        : parseStimulus(stimulus ?? usualStimulus(hook, how))!,
  };
}

const usualStimulus = (hook: Hook, options: HookOptions) => hook.stimulus?.(options) ?? hook.stimuli[0];

/** 'fentry/tcp_sendmsg' -> { function: 'tcp_sendmsg' }. */
function sectionOptions({ sectionSays, options }: Hook, section: string): HookOptions {
  const said = /^[^/]*\/(.+)$/.exec(section)?.[1];
  return sectionSays !== undefined && options[sectionSays]?.safeParse(said).success
    ? { [sectionSays]: said! }
    : {};
}

/** What the program of each of bpf/nop_*.bpf.c is called. */
export const EMPTY_PROGRAM = 'nop';

/**
 * A job for each arm, put into `jobs`. All of `objects` are in each of them, in one order, for what is loaded moves the
 * memory that packets come to lie in: `chosen` says the number of the one that is attached, or is not in `nothing`.
 */
function planArms<Chosen extends Readonly<Partial<Record<keyof PlannedHook['arms'], number>>>>(
  attachment: Attachment,
  objects: (place: PlaceBlob) => readonly SubjectJob[],
  chosen: Chosen,
  jobs: Map<string, Uint8Array>,
  {
    distDir,
    stimulusFiles,
    events,
  }: Pick<HookOptionsOfPlan, 'distDir' | 'stimulusFiles'> & { events?: number },
  told?: { readonly program: string; readonly probed?: Uint8Array; readonly events?: number },
): { readonly [Arm in keyof Chosen]: string } {
  const { hook, options, stimulus } = attachment;
  const { command } = stimulus;
  const files = command && stimulusFiles?.get(command);
  if (command && !files) throw new Error(`nobody looked up the files of stimulus '${command.name}'`);
  const { own: objectWithMap } = chosen;
  const encode = (arm: string, which: number) => {
    const isAttached = arm !== 'nothing';
    const reportsCode = arm === 'own';
    const all = tasksOf(stimulus);
    // Round trips are told of the user's program, or of ours where there is none. What is dropped makes none.
    const isTripped = arm === 'own' || (chosen.own === undefined && arm !== 'drop');
    const tasks = isTripped && told?.events === undefined ? all : all.slice(0, 1);
    return encodeJob(
      (place): HookJob => ({
        format: 1,
        task: 'hook',
        objects: objects(place),
        chosen: which,
        ...(isAttached ? { attach: { hook: hook.name, options } } : {}),
        ...(isAttached && hook.takesMap?.(options) && objectWithMap !== undefined
          ? { mapOf: objectWithMap }
          : {}),
        stimuli: tasks.map((task) => ({ ...task, count: told?.events ?? events ?? task.count })),
        ...(command && files ? { command: commandJob(command, files, place) } : {}),
        ...groundOf(attachment, distDir, place),
      }),
      told &&
        ((place): Sequel => ({
          reportCode: reportsCode ? [told.program] : [],
          ...(reportsCode && told.probed ? { probed: place(told.probed) } : {}),
        })),
    );
  };
  const keys = Object.entries<number>(chosen).map(([arm, which]) => [arm, addJob(jobs, encode(arm, which))]);
  return Object.fromEntries(keys);
}

/** What a stimulus needs besides the bed, in every arm; a command the same as what it takes the place of. */
function groundOf(
  { hook, options, stimulus: { name, command } }: Attachment,
  distDir: string,
  place: PlaceBlob,
): Pick<HookJob, 'link' | 'redirect'> {
  const { link, redirect: by } = command
    ? stimulusByName(parseStimulus(usualStimulus(hook, options))!.name)!
    : stimulusByName(name)!;
  const elf = () => place(readFileSync(join(distDir, 'bpf', `redirect_${by}.bpf.o`)));
  return { ...(link ? { link } : {}), ...(by ? { redirect: { by, elf: elf() } } : {}) };
}

/** An object of ours, from dist/bpf. */
export function ourObject(
  attachment: Omit<Attachment, 'stimulus'>,
  distDir: string,
  file: string,
  program: string,
  place: PlaceBlob,
): SubjectJob {
  const name = `${file}.bpf.o`;
  const all = {
    object: name,
    elf: place(readFileSync(join(distDir, 'bpf', name))),
    programs: [{ name: program, inputs: [], maps: {}, tailCalls: {} }],
    mapSizes: {},
  };
  return { ...loadedFor(attachment, program, all), program };
}

/** The tasks of a stimulus: its events, and its round trips where it has any. */
export function tasksOf({ name, sizeBytes, command }: ChosenStimulus): StimulusTask[] {
  const { roundTrip, messageBytes = 0 } = stimulusByName(name)!;
  const counts = command
    ? { warmUp: COMMAND_WARM_UP, count: COMMAND_RUNS, patienceMs: COMMAND_PATIENCE_MS }
    : { warmUp: WARM_UP_EVENTS, count: EVENTS, patienceMs: PATIENCE_MS };
  return [name, ...(roundTrip === undefined ? [] : [roundTrip])].map((each) => ({
    name: each,
    sizeBytes: sizeBytes ?? messageBytes,
    ...counts,
  }));
}

/** An object whose `program` is loaded as that attachment wants it. */
export function loadedFor(
  attachment: Omit<Attachment, 'stimulus'>,
  program: string,
  object: ObjectJob,
): ObjectJob {
  const programs = object.programs.map((each) =>
    each.name === program ? { ...each, ...loadingOf(attachment) } : each,
  );
  return { ...object, programs };
}

/** What a program has to be loaded as to be attached there. */
function loadingOf({ hook, options }: Omit<Attachment, 'stimulus'>): Pick<JobProgram, 'type' | 'loadedFor'> {
  const expectedAttachType = hook.attachType?.(options);
  const { id } = programTypeByName(hook.programTypes[0]!)!;
  return {
    ...(hook.loadsFor === undefined ? {} : { loadedFor: options[hook.loadsFor]! }),
    ...(expectedAttachType === undefined ? {} : { type: { id, expectedAttachType, onlyIfUnknown: false } }),
  };
}

/** Puts a job into `jobs`; its key there. */
export function addJob(jobs: Map<string, Uint8Array>, job: Uint8Array): string {
  const key = createHash('sha256').update(job).digest('hex');
  jobs.set(key, job);
  return key;
}

/** The figures of a planned hook, from the records of its arms. Throws TollgateError ('infrastructure') on an `error` record. */
export function collectHook(
  target: string,
  { side, object, program, input, stimulus, arms }: PlannedHook,
  recordsOf: (arm: string) => readonly GuestRecord[],
): Measurement[] {
  const subject = arms.own ?? arms.empty ?? arms.nothing;
  const arm = (key: string) => readArm(target, stimulus, recordsOf(key), key === subject);
  return hookFigures(
    {
      nothing: arm(arms.nothing),
      ...(arms.empty === undefined ? {} : { empty: arm(arms.empty) }),
      ...(arms.own === undefined ? {} : { own: arm(arms.own) }),
      ...(arms.drop === undefined ? {} : { drop: eventsOf(target, stimulus.name, recordsOf(arms.drop)) }),
    },
    stimulus.command?.per,
  ).map(({ metric, value, absent, events }) => ({
    target,
    side,
    object,
    program,
    input,
    metric,
    unit: metricOf(metric).unit,
    ...(value === undefined ? {} : { value }),
    ...(absent === undefined ? {} : { absent }),
    ...(events === undefined ? {} : { events }),
  }));
}

function readArm(
  target: string,
  { name }: ChosenStimulus,
  records: readonly GuestRecord[],
  isSubject: boolean,
): HookArm {
  const { roundTrip, unit } = stimulusByName(name)!;
  return {
    unit,
    stream: eventsOf(target, name, records),
    ...(roundTrip === undefined || !isSubject ? {} : { roundTrips: eventsOf(target, roundTrip, records) }),
  };
}

function eventsOf(target: string, stimulus: string, records: readonly GuestRecord[]): Events | Absent {
  const failed = (message: string, reason: string) =>
    new TollgateError('infrastructure', `${target}: the guest ${message}`, { reason });
  const error = records.find((record) => record.type === 'error');
  if (error) throw failed(`failed at a hook: ${error.message}`, 'guest-error');
  const found = records.find((record) => record.type === 'events' && record.stimulus === stimulus);
  if (found?.type !== 'events') throw failed(`tells nothing of stimulus '${stimulus}'`, 'bad-records');
  return found.absent ?? found;
}
