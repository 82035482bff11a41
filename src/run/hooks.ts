// Measuring in place: from programs and where they are attached to arms, each a job of its own from the saved state, and
// from the arms' events to figures. Two arms that are the same job are run once: those with nothing and with an empty
// program attached serve every program at the same hook, and both sides.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Events, type HookArm, hookFigures } from '../measurements/hook.ts';
import { type AttachConfig, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Hook, HookOptions } from '../model/hooks/hook.ts';
import { hookByName, hookLabel } from '../model/hooks/index.ts';
import type { HookJob, ObjectJob, StimulusTask } from '../model/job.ts';
import { metricOf } from '../model/metrics.ts';
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
import { encodeJob } from '../model/window.ts';
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
  readonly attachment: Attachment;
  readonly arms: { readonly nothing: string; readonly empty: string; readonly own?: string };
}

export interface HookPlan {
  readonly hooks: readonly PlannedHook[];
  /** By what `PlannedHook.arms` says. */
  readonly jobs: ReadonlyMap<string, Uint8Array>;
}

/** The programs of a side that the budget file attaches. Throws TollgateError ('config') where a hook takes no such program. */
export function planHooks(options: PlanOptions & { readonly distDir: string }): HookPlan {
  const jobs = new Map<string, Uint8Array>();
  const add = (job: Uint8Array) => addJob(jobs, job);
  const hooks = options.objects.flatMap((object) =>
    object.spec.programs.flatMap((spec): PlannedHook[] => {
      const wanted = programConfig(options.config.programs, { object: object.name, program: spec.name });
      if (!wanted.attach) return [];
      const attachment = attachmentOf(wanted.attach);
      const type = wanted.type ?? spec.type;
      if (type !== undefined && !attachment.hook.programTypes.includes(type)) {
        if (options.side === 'base') return [];
        throw new TollgateError(
          'config',
          `Cannot attach '${spec.name}' to hook '${attachment.hook.name}': it is a ${type} program`,
          { hint: `the hook takes ${attachment.hook.programTypes.join(', ')}` },
        );
      }
      const own = encodeJob((place) =>
        armOf(attachment, spec.name, true, placeObject(options, object, place)),
      );
      const arms = { ...planEmpty(attachment, options.distDir, add), own: add(own) };
      return [{ side: options.side, object: object.name, program: spec.name, attachment, arms }];
    }),
  );
  return { hooks, jobs };
}

/** Several plans as one. */
export function mergeHookPlans(plans: readonly HookPlan[]): HookPlan {
  return {
    hooks: plans.flatMap(({ hooks }) => hooks),
    jobs: new Map(plans.flatMap(({ jobs }) => [...jobs])),
  };
}

/** What the budget file says, and what holds where it says nothing. */
function attachmentOf({ hook: name, stimulus, ...options }: AttachConfig): Attachment {
  const hook = hookByName(name)!;
  return {
    hook,
    options: { ...hook.variants[0], ...options },
    stimulus: parseStimulus(stimulus ?? hook.stimuli[0])!,
  };
}

/** The arms with nothing and with our empty program attached. */
function planEmpty(
  attachment: Attachment,
  distDir: string,
  add: (job: Uint8Array) => string,
): { nothing: string; empty: string } {
  const path = join(distDir, 'bpf', `${attachment.hook.empty(attachment.options)}.bpf.o`);
  const elf = readFileSync(path);
  const arm = (isAttached: boolean) =>
    encodeJob((place) =>
      armOf(attachment, EMPTY_PROGRAM, isAttached, {
        object: basename(path),
        elf: place(elf),
        programs: [{ name: EMPTY_PROGRAM, inputs: [], maps: {}, tailCalls: {} }],
        mapSizes: {},
      }),
    );
  return { nothing: add(arm(false)), empty: add(arm(true)) };
}

/** What the empty program of each of bpf/nop_*.bpf.c is called. */
const EMPTY_PROGRAM = 'nop';

function armOf(
  { hook, options, stimulus }: Attachment,
  program: string,
  isAttached: boolean,
  object: Omit<ObjectJob, 'format'>,
): HookJob {
  const { roundTrip } = stimulusByName(stimulus.name)!;
  const task = (name: string): StimulusTask => ({
    name,
    sizeBytes: stimulus.sizeBytes ?? 0,
    warmUp: WARM_UP_EVENTS,
    count: EVENTS,
    patienceMs: PATIENCE_MS,
  });
  return {
    format: 1,
    task: 'hook',
    hook: hook.name,
    options,
    ...object,
    program,
    isAttached,
    stimuli: [stimulus.name, ...(roundTrip === undefined ? [] : [roundTrip])].map(task),
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
  { side, object, program, attachment, arms }: PlannedHook,
  recordsOf: (arm: string) => readonly GuestRecord[],
): Measurement[] {
  const stimulus = stimulusLabel(attachment.stimulus);
  const arm = (key: string) => readArm(target, attachment, recordsOf(key));
  return hookFigures({
    nothing: arm(arms.nothing),
    empty: arm(arms.empty),
    ...(arms.own === undefined ? {} : { own: arm(arms.own) }),
  }).map(({ metric, value, absent, events }) => ({
    target,
    side,
    object,
    program,
    input: `${hookLabel(attachment.hook, attachment.options)}, ${stimulus}`,
    metric,
    unit: metricOf(metric).unit,
    ...(value === undefined ? {} : { value }),
    ...(absent === undefined ? {} : { absent }),
    ...(events === undefined ? {} : { events }),
  }));
}

function readArm(
  target: string,
  { stimulus: { name } }: Attachment,
  records: readonly GuestRecord[],
): HookArm {
  const { roundTrip } = stimulusByName(name)!;
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
  return { stream: eventsOf(name), ...(roundTrip === undefined ? {} : { roundTrips: eventsOf(roundTrip) }) };
}
