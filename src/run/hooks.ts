// Measuring in place: from programs and where they are attached to arms, each a job of its own from the saved state, and
// from the arms' events to figures. Two arms that are the same job are run once: those with nothing and with an empty
// program attached serve every program at the same hook, and both sides.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Events, type HookArm, hookFigures } from '../measurements/hook.ts';
import { type AttachConfig, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Hook, HookOptions } from '../model/hooks/hook.ts';
import { HOOKS, hookByName, hookLabel } from '../model/hooks/index.ts';
import type { HookJob, JobProgram, ObjectJob, Sequel, StimulusTask } from '../model/job.ts';
import { metricOf } from '../model/metrics.ts';
import { programTypeByName } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, Measurement, Side } from '../model/report.ts';
import {
  type ChosenStimulus,
  EVENTS,
  PATIENCE_MS,
  parseStimulus,
  stimulusByName,
  stimulusLabel,
  WARM_UP_EVENTS,
} from '../model/stimuli.ts';
import { encodeJob, type Place } from '../model/window.ts';
import type { SideObject } from './objects.ts';
import { type PlanOptions, placeObject } from './plan.ts';

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
  readonly arms: Readonly<Record<'nothing' | 'empty', string> & Partial<Record<'own' | 'drop', string>>>;
}

export interface HookPlan {
  readonly hooks: readonly PlannedHook[];
  /** By what `PlannedHook.arms` says. */
  readonly jobs: ReadonlyMap<string, Uint8Array>;
}

/** The programs of a side that the budget file attaches. Throws TollgateError ('config') where a hook takes no such program. */
export function planHooks(options: PlanOptions & { readonly distDir: string }): HookPlan {
  const jobs = new Map<string, Uint8Array>();
  const hooks = options.objects.flatMap((object) =>
    object.spec.programs.flatMap((spec): PlannedHook[] => {
      const { attach } = programConfig(options.config.programs, { object: object.name, program: spec.name });
      const planned = attach && planHook(options, object, spec.name, attach, jobs);
      return planned ? [planned] : [];
    }),
  );
  return { hooks, jobs };
}

/**
 * One program at one hook, its jobs put into `jobs`. With `told` the jobs say, behind the same events, where the code lies
 * that has run; `told.probed` is the object whose code tells its instructions. Undefined where the hook takes no such
 * program of the base; throws TollgateError ('config') where it takes none such of head.
 */
export function planHook(
  options: Omit<PlanOptions, 'objects'> & { readonly distDir: string },
  object: SideObject,
  program: string,
  attach: AttachConfig,
  jobs: Map<string, Uint8Array>,
  told?: { readonly probed?: Uint8Array },
): PlannedHook | undefined {
  const wanted = programConfig(options.config.programs, { object: object.name, program });
  const spec = object.spec.programs.find(({ name }) => name === program);
  const attachment = attachmentOf(attach, spec?.section);
  const type = wanted.type ?? spec?.type;
  if (type !== undefined && !attachment.hook.programTypes.includes(type)) {
    if (options.side === 'base') return undefined;
    throw new TollgateError(
      'config',
      `Cannot attach '${program}' to hook '${attachment.hook.name}': it is a ${type} program`,
      { hint: `the hook takes ${attachment.hook.programTypes.join(', ')}` },
    );
  }
  const add = (job: Uint8Array) => addJob(jobs, job);
  const own = encodeJob(
    (place) => ({
      ...armOf(attachment, program, placeObject(options, object, place)),
      ...groundOf(attachment, options.distDir, place),
    }),
    told &&
      ((place): Sequel => ({
        reportCode: [program],
        ...(told.probed ? { probed: place(told.probed) } : {}),
      })),
  );
  const arms = { ...planEmpty(attachment, options.distDir, add, told && NO_CODE), own: add(own) };
  const { hook, options: how, stimulus } = attachment;
  const input = `${hookLabel(hook, how)}, ${stimulusLabel(stimulus)}`;
  return { side: options.side, object: object.name, program, input, stimulus, arms };
}

/** Of programs of ours nothing is asked but the symbols. */
const NO_CODE = (): Sequel => ({ reportCode: [] });

/**
 * What each hook costs with programs of ours, in each of its variants; and, of each stimulus, what it costs without any.
 * With `toldOfCode` for profiles: without the programs that drop, and the jobs say where code lies.
 */
export function planAllHooks(distDir: string, { toldOfCode = false } = {}): HookPlan {
  const jobs = new Map<string, Uint8Array>();
  const add = (job: Uint8Array) => addJob(jobs, job);
  const rows = HOOKS.flatMap((hook) =>
    hook.variants.map((variant): PlannedHook => {
      const attachment = attachmentOf({ hook: hook.name, ...variant });
      const drop = toldOfCode ? undefined : hook.drop?.(variant);
      return {
        ...rowOf(attachment.stimulus, hookLabel(hook, variant)),
        arms: {
          ...planEmpty(attachment, distDir, add, toldOfCode ? NO_CODE : undefined),
          ...(drop === undefined ? {} : { drop: add(ownArm(attachment, distDir, drop, 'drop')) }),
        },
      };
    }),
  );
  const bare = new Map(
    rows.map(({ stimulus, arms: { nothing } }) => [
      nothing,
      { ...rowOf(stimulus, '(nothing)'), arms: { nothing, empty: nothing } },
    ]),
  );
  return { hooks: [...bare.values(), ...rows], jobs };
}

function rowOf(stimulus: ChosenStimulus, program: string): Omit<PlannedHook, 'arms'> {
  return { side: 'head', object: 'hooks', program, input: stimulusLabel(stimulus), stimulus };
}

/** Several plans as one. */
export function mergeHookPlans(plans: readonly HookPlan[]): HookPlan {
  return {
    hooks: plans.flatMap(({ hooks }) => hooks),
    jobs: new Map(plans.flatMap(({ jobs }) => [...jobs])),
  };
}

/** What the budget file says, else the program's section, else the hook. */
export function attachmentOf({ hook: name, stimulus, ...options }: AttachConfig, section = ''): Attachment {
  const hook = hookByName(name)!;
  const how = { ...hook.variants[0], ...sectionOptions(hook, section), ...options };
  return {
    hook,
    options: how,
    stimulus: parseStimulus(stimulus ?? hook.stimulus?.(how) ?? hook.stimuli[0])!,
  };
}

/** 'fentry/tcp_sendmsg' -> { function: 'tcp_sendmsg' }. */
function sectionOptions({ sectionSays, options }: Hook, section: string): HookOptions {
  const said = /^[^/]*\/(.+)$/.exec(section)?.[1];
  return sectionSays !== undefined && options[sectionSays]?.safeParse(said).success
    ? { [sectionSays]: said! }
    : {};
}

/** The arms with nothing and with our empty program attached. The first is the same for all hooks with that stimulus. */
function planEmpty(
  attachment: Attachment,
  distDir: string,
  add: (job: Uint8Array) => string,
  sequel?: () => Sequel,
): Pick<PlannedHook['arms'], 'nothing' | 'empty'> {
  const { hook, options, stimulus } = attachment;
  return {
    nothing: add(ownArm({ stimulus }, distDir, 'nop_xdp', EMPTY_PROGRAM, sequel)),
    empty: add(ownArm(attachment, distDir, hook.empty(options), EMPTY_PROGRAM, sequel)),
  };
}

/** What the program of each of bpf/nop_*.bpf.c is called. */
export const EMPTY_PROGRAM = 'nop';

type Attached = Attachment | Pick<Attachment, 'stimulus'>;

/** An arm with a program of ours, from dist/bpf. */
function ownArm(
  attached: Attached,
  distDir: string,
  object: string,
  program: string,
  sequel?: () => Sequel,
): Uint8Array {
  const file = `${object}.bpf.o`;
  return encodeJob(
    (place) => ({
      ...armOf(attached, program, {
        object: file,
        elf: place(readFileSync(join(distDir, 'bpf', file))),
        programs: [{ name: program, inputs: [], maps: {}, tailCalls: {} }],
        mapSizes: {},
      }),
      ...groundOf(attached, distDir, place),
    }),
    sequel,
  );
}

/** What the stimulus needs besides the bed. */
function groundOf(
  { stimulus }: Pick<Attachment, 'stimulus'>,
  distDir: string,
  place: Place,
): Pick<HookJob, 'link' | 'redirect'> {
  const { link, redirect: by } = stimulusByName(stimulus.name)!;
  const elf = () => place(readFileSync(join(distDir, 'bpf', `redirect_${by}.bpf.o`)));
  return { ...(link ? { link } : {}), ...(by ? { redirect: { by, elf: elf() } } : {}) };
}

function armOf(attached: Attached, program: string, object: Omit<ObjectJob, 'format'>): HookJob {
  const { name } = attached.stimulus;
  const { roundTrip, messageBytes = 0 } = stimulusByName(name)!;
  const { sizeBytes = messageBytes } = attached.stimulus;
  const counts = { warmUp: WARM_UP_EVENTS, count: EVENTS, patienceMs: PATIENCE_MS };
  return {
    format: 1,
    task: 'hook',
    ...object,
    programs: object.programs.map((each) =>
      each.name === program && 'hook' in attached ? { ...each, ...loadingOf(attached) } : each,
    ),
    program,
    ...('hook' in attached ? { attach: { hook: attached.hook.name, options: attached.options } } : {}),
    stimuli: [name, ...(roundTrip === undefined ? [] : [roundTrip])].map(
      (each): StimulusTask => ({ name: each, sizeBytes, ...counts }),
    ),
  };
}

/** What a program has to be loaded as to be attached there. */
export function loadingOf({
  hook,
  options,
}: Pick<Attachment, 'hook' | 'options'>): Pick<JobProgram, 'type' | 'loadedFor'> {
  const expectedAttachType = hook.attachType?.(options);
  const { id } = programTypeByName(hook.programTypes[0]!)!;
  return {
    ...(hook.loadsFor === undefined ? {} : { loadedFor: options[hook.loadsFor]! }),
    ...(expectedAttachType === undefined ? {} : { type: { id, expectedAttachType, onlyIfUnknown: false } }),
  };
}

function addJob(jobs: Map<string, Uint8Array>, job: Uint8Array): string {
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
  const arm = (key: string) => readArm(target, stimulus, recordsOf(key));
  return hookFigures({
    nothing: arm(arms.nothing),
    empty: arm(arms.empty),
    ...(arms.own === undefined ? {} : { own: arm(arms.own) }),
    ...(arms.drop === undefined ? {} : { drop: arm(arms.drop) }),
  }).map(({ metric, value, absent, events }) => ({
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

function readArm(target: string, { name }: ChosenStimulus, records: readonly GuestRecord[]): HookArm {
  const { roundTrip, unit } = stimulusByName(name)!;
  const error = records.find((record) => record.type === 'error');
  if (error)
    throw new TollgateError('infrastructure', `${target}: the guest failed at a hook: ${error.message}`, {
      reason: 'guest-error',
    });
  const eventsOf = (stimulus: string): Events | Absent => {
    const found = records.find((record) => record.type === 'events' && record.stimulus === stimulus);
    if (found?.type !== 'events')
      throw new TollgateError(
        'infrastructure',
        `${target}: the guest tells nothing of stimulus '${stimulus}'`,
        {
          reason: 'bad-records',
        },
      );
    return found.absent ?? found;
  };
  return {
    unit,
    stream: eventsOf(name),
    ...(roundTrip === undefined ? {} : { roundTrips: eventsOf(roundTrip) }),
  };
}
