// Does one arm of measuring in place: loads the object, attaches the program or not, sends the stimuli, and says what
// each event took. A kernel that lacks the hook, or a program it refuses, is a reason and no figure.

import { readFileSync } from 'node:fs';
import { type Detach, type Hook, HookRefused } from '../model/hooks/hook.ts';
import { hookByName } from '../model/hooks/index.ts';
import type { HookJob, ObjectJob } from '../model/job.ts';
import type { Absent } from '../model/report.ts';
import { isOlder } from '../model/since.ts';
import type { Channel } from './channel.ts';
import { type Gift, hookPort } from './libbpf/attach.ts';
import { libbpf } from './libbpf/ffi.ts';
import { findLoadable, type LoadedObject, ObjectRejected, setUpObject } from './libbpf/object.ts';
import { type Bed, stimulate } from './stimulus.ts';

export interface HookGuest {
  readonly window: Uint8Array;
  readonly channel: Channel;
  /** Laid out before the state is saved, so that every arm has the same one; or why this kernel has none. */
  readonly bed: Bed | Absent;
}

/** Runs the job to its last record but `end`. */
export function runHookJob(guest: HookGuest, job: HookJob): void {
  const absent = measureArm(guest, job);
  if (!absent) return;
  for (const { name } of job.stimuli)
    guest.channel.send({ type: 'events', stimulus: name, sent: [], done: [], absent });
}

/** Says what each event took; or returns why there are none. */
function measureArm(guest: HookGuest, job: HookJob): Absent | undefined {
  const { bed } = guest;
  const absent = job.attach && whyNotHere(job.attach.hook);
  if (absent) return absent;
  if ('reason' in bed) return bed;
  let gift: Gift | undefined;
  const port = hookPort(bed, (given) => {
    gift = given;
  });
  let object: LoadedObject | undefined;
  let detach: Detach | undefined;
  try {
    object = load(guest, job);
    const program = object.programs.find(({ name }) => name === job.program);
    if (!program) return { reason: 'the kernel does not load it' };
    if (job.attach)
      detach = hookNamed(job.attach.hook).attach(
        port,
        libbpf().bpf_program__fd(program.pointer),
        job.attach.options,
      );
    for (const task of job.stimuli) {
      const events = stimulate(bed, task, gift);
      guest.channel.send({ type: 'events', stimulus: task.name, ...events });
    }
    return undefined;
  } catch (cause) {
    if (!(cause instanceof ObjectRejected || cause instanceof HookRefused)) throw cause;
    return { reason: cause.message.slice(0, 2000) };
  } finally {
    detach?.();
    object?.close();
  }
}

/** The hook of that name; throws where there is none. */
export function hookNamed(name: string): Hook {
  const hook = hookByName(name);
  if (!hook) throw new Error(`no hook '${name}'`);
  return hook;
}

/** Why this kernel has no such hook; undefined where it has. */
export function whyNotHere(name: string): Absent | undefined {
  const { since } = hookNamed(name);
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
  return isOlder(release, since) ? { reason: `this kernel has no hook '${name}'`, since } : undefined;
}

/** Loads an object and sets it up for one of its programs. Throws ObjectRejected. */
export function load(
  { window }: Pick<HookGuest, 'window'>,
  job: ObjectJob & { readonly program: string },
): LoadedObject {
  const { loadable, object } = findLoadable(job, window.subarray(job.elf.at, job.elf.at + job.elf.size));
  setUpObject(object, loadable, job.programs.find(({ name }) => name === job.program)!);
  return object;
}
