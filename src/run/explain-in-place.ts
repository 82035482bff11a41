// Explaining where a program is attached: the arms of its hook, each a machine of its own, and from their profiles what
// the hook adds and what the program adds. Arms that are the same job are run once, whichever side they serve.

import {
  type EventArms,
  type EventProfile,
  type EventRequest,
  inPlaceOf,
  programPart,
  takeEvent,
} from '../explain/event.ts';
import { withLineProbes } from '../explain/line-probes.ts';
import type { ProfileOptions } from '../explain/profile.ts';
import type { AttachConfig, Config } from '../model/config.ts';
import type { ObjectSpec } from '../model/elf.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import { type Explanation, NO_PROFILE } from '../model/explanation.ts';
import type { Absent } from '../model/report.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { type HookSubject, type PlannedHook, planHook } from './hooks.ts';

export interface InPlaceRequest {
  readonly subject: HookSubject;
  readonly program: string;
  readonly attach: AttachConfig;
  readonly config: Pick<Config, 'programs' | 'map_sizes'>;
  readonly directory: string;
  readonly distDir: string;
}

export interface InPlacePlan {
  readonly planned: readonly (PlannedHook & { readonly spec: ObjectSpec })[];
  /** By what `PlannedHook.arms` says. */
  readonly jobs: ReadonlyMap<string, Uint8Array>;
}

/** Nothing where the hook takes no such program of the base. Throws TollgateError ('config') where it takes none such of head. */
export function planInPlace(request: InPlaceRequest): InPlacePlan {
  const { subject, program, attach } = request;
  const { object } = subject;
  if (typeof attach.stimulus === 'object')
    throw new TollgateError('usage', `Cannot explain '${program}' in place: its stimulus is a command`, {
      hint: `--hook '${attach.hook}' explains it under the hook's own stimulus, --input a test run of it`,
    });
  const jobs = new Map<string, Uint8Array>();
  const probed = withLineProbes(object.bytes, object.spec.functions, object.name);
  const hook = planHook(request, subject, program, attach, jobs, probed ? { probed } : {});
  return hook ? { planned: [{ ...hook, spec: object.spec }], jobs } : { planned: [], jobs: new Map() };
}

type Untargeted = Omit<Explanation, 'target'>;

/** One explanation for each side; absent, with the reason, where the program's own arm gives none. */
export async function explainInPlace(
  session: Session,
  { planned, jobs }: InPlacePlan,
  options: ProfileOptions,
  told: (ran: Pick<JobResult, 'hello' | 'seconds'>) => void,
): Promise<Untargeted[]> {
  const take = eventTaker(session, jobs, options, told);
  return await Promise.all(
    planned.map(async (hook) => {
      const { arms, stimulus, program, spec } = hook;
      const [nothing, empty, own] = await Promise.all([
        take(arms.nothing, stimulus.name),
        take(arms.empty!, stimulus.name),
        take(arms.own!, stimulus.name, { program, spec }),
      ]);
      if ('reason' in nothing) return unexplained(hook, nothing);
      if ('reason' in empty) return unexplained(hook, empty);
      return 'reason' in own
        ? { ...unexplained(hook, own), inPlace: inPlaceOf({ nothing, empty }) }
        : explained(hook, { nothing, empty, own });
    }),
  );
}

/** Takes an arm's event, of the same arm once; absent where there is none, or where it cannot be profiled. */
export function eventTaker(
  session: Session,
  jobs: ReadonlyMap<string, Uint8Array>,
  options: ProfileOptions,
  told: (ran: Pick<JobResult, 'hello' | 'seconds'>) => void,
): (key: string, stimulus: string, subject?: EventRequest['subject']) => Promise<EventProfile | Absent> {
  const taken = new Map<string, Promise<EventProfile | Absent>>();
  return (key, stimulus, subject) => {
    const known = taken.get(key);
    if (known) return known;
    const request = { bytes: jobs.get(key)!, stimulus, ...(subject ? { subject } : {}) };
    const made = takeEvent(session, request, options).then(
      (profile) => {
        if (!('reason' in profile)) told(profile.ran);
        return profile;
      },
      (cause: unknown) => {
        if (cause instanceof TollgateError && cause.details.reason === 'bad-profile')
          return { reason: messageOf(cause) };
        throw cause;
      },
    );
    taken.set(key, made);
    return made;
  };
}

function explained(hook: PlannedHook, arms: Required<EventArms>): Untargeted {
  return {
    ...unexplained(hook),
    packets: 1,
    ...programPart(arms.own),
    inPlace: inPlaceOf(arms),
    notes: [...arms.own.notes],
  };
}

/** A hook's explanation with nothing in it. */
export function unexplained({ side, object, program, input }: PlannedHook, absent?: Absent): Untargeted {
  return {
    ...{ side, object, program, input },
    ...NO_PROFILE,
    ...(absent ? { absent } : {}),
  };
}
