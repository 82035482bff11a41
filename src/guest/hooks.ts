// Does one arm of measuring in place: loads the object, attaches the program or not, sends the stimuli, and says what
// each event took. A kernel that lacks the hook, or a program it refuses, is a reason and no figure.

import { existsSync, readFileSync } from 'node:fs';
import { type Detach, type Hook, type HookPort, HookRefused } from '../model/hooks/hook.ts';
import { hookByName } from '../model/hooks/index.ts';
import type { HookJob, Sequel, SubjectJob } from '../model/job.ts';
import type { Absent } from '../model/report.ts';
import { isOlder } from '../model/since.ts';
import { blobIn, decodeSequel } from '../model/window.ts';
import type { Channel } from './channel.ts';
import { imagesOf, reportLines, textOfImage } from './code.ts';
import { putCommand } from './command.ts';
import { type Gift, hookPort } from './libbpf/attach.ts';
import { libbpf } from './libbpf/ffi.ts';
import {
  findLoadable,
  type Loadable,
  type LoadedObject,
  loadObject,
  ObjectRejected,
  type OpenProgram,
  setUpObject,
} from './libbpf/object.ts';
import { layRedirect, type Redirect } from './redirect.ts';
import { type Bed, eventsRecord, makeBed, stimulate } from './stimulus.ts';
import { reportSymbols } from './symbols.ts';
import { kernelRelease } from './versions.ts';

export interface HookGuest {
  readonly window: Uint8Array;
  readonly channel: Channel;
  /** Laid out before the state is saved, so that every arm has the same one; or why this kernel has none. */
  readonly bed: Bed | Absent;
  /** The kernel is not ours alone: only what is in namespaces and sockets of ours is attached to. */
  readonly isShared?: boolean;
  /** Looks on while a stimulus runs, and at nothing else. */
  readonly during?: <T>(work: () => T) => T;
}

/** Runs the job to its last record but `end`. */
export function runHookJob(guest: HookGuest, job: HookJob): void {
  const absent = measureArm(guest, job);
  if (!absent) return;
  for (const { name } of job.stimuli) guest.channel.send(eventsRecord(name, absent));
}

/** Says what each event took; or returns why there are none. */
function measureArm(guest: HookGuest, job: HookJob): Absent | undefined {
  const absent = job.attach && whyNotHere(job.attach.hook);
  if (absent) return absent;
  const bed = job.link === undefined || 'reason' in guest.bed ? guest.bed : makeBed(guest.bed, job.link);
  if ('reason' in bed) return bed;
  if (job.command && guest.isShared)
    return { reason: 'a command of yours is run in a VM alone: measure it in exact mode' };
  let gift: Gift | undefined;
  let loaded: Chosen | undefined;
  const fdOf = ({ pointer }: Pick<OpenProgram, 'pointer'>): number => libbpf().bpf_program__fd(pointer);
  const wholePort = hookPort({
    places: bed,
    helper: bed.helper,
    give: (given) => {
      gift = given;
    },
    object: () => loaded?.object,
    mapsOf: () => loaded?.mapsOf,
    redirect: (fd) => redirect?.setProgram(fd),
  });
  const port = guest.isShared ? withinOurs(wholePort) : wholePort;
  let redirect: Redirect | undefined;
  let detach: Detach | undefined;
  try {
    redirect =
      job.redirect && layRedirect(bed, port, job.redirect.by, blobIn(guest.window, job.redirect.elf));
    const command = job.command && {
      ...putCommand(guest.window, COMMAND_FOLDER, job.command),
      side: job.command.side,
    };
    loaded = loadChosen(guest, job);
    if (job.attach) {
      const program = loaded && programOf(loaded, job.objects[job.chosen]!);
      if (!program) return { reason: 'the kernel does not load it' };
      detach = hookNamed(job.attach.hook).attach(port, fdOf(program), job.attach.options);
    }
    for (const task of job.stimuli) {
      const work = () => stimulate(bed, task, { gift, command });
      guest.channel.send(eventsRecord(task.name, guest.during ? guest.during(work) : work()));
    }
    const sequel = decodeSequel(guest.window) as Sequel | undefined;
    if (sequel) reportCode(guest, job.objects[job.chosen]!, loaded, sequel);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof ObjectRejected || cause instanceof HookRefused)) throw cause;
    return { reason: cause.message.slice(0, 2000) };
  } finally {
    detach?.();
    loaded?.object.close();
    redirect?.detach();
  }
}

const COMMAND_FOLDER = '/tmp/stimulus';

/** Without what the whole machine goes through. */
export function withinOurs(port: HookPort): HookPort {
  const refuse = () => {
    throw new HookRefused('all of this machine goes through it: measure it in a VM');
  };
  return {
    ...port,
    linkToCgroup: refuse,
    openTracepoint: refuse,
    traceEvent: refuse,
    sample: refuse,
    linkToFunctions: refuse,
    probe: (fd, kind, name, at) => (kind === 'uprobe' ? port.probe(fd, kind, name, at) : refuse()),
  };
}

/** The hook of that name; throws where there is none. */
export function hookNamed(name: string): Hook {
  const hook = hookByName(name);
  if (!hook) throw new Error(`no hook '${name}'`);
  return hook;
}

/** Why this kernel has no such hook; undefined where it has. */
export function whyNotHere(name: string): Absent | undefined {
  const { since, builtWith } = hookNamed(name);
  const release = kernelRelease();
  if (isOlder(release, since)) return { reason: `this kernel has no hook '${name}'`, since };
  if (builtWith !== undefined && isBuiltWithout(release, builtWith))
    return { reason: `this kernel is built without ${builtWith}` };
  return undefined;
}

/** False where the kernel came without its configuration: then attaching says what is the matter. */
function isBuiltWithout(release: string, option: string): boolean {
  const path = `/boot/config-${release}`;
  return existsSync(path) && !new RegExp(`^${option}=[ym]$`, 'm').test(readFileSync(path, 'utf8'));
}

export interface Loaded {
  readonly loadable: Loadable;
  readonly object: LoadedObject;
}

/** Loads an object and sets it up for one of its programs. Throws ObjectRejected. */
export function load({ window }: Pick<HookGuest, 'window'>, job: SubjectJob): Loaded {
  const { loadable, object } = findLoadable(job, blobIn(window, job.elf));
  const subject = job.programs.find(({ name }) => name === job.program);
  try {
    if (subject) setUpObject(object, loadable, subject);
  } catch (cause) {
    object.close();
    throw cause;
  }
  return { loadable, object };
}

interface Chosen extends Loaded {
  /** The object that has the map that is given to the hook. */
  readonly mapsOf?: LoadedObject | undefined;
}

/**
 * All objects of the job, in their order whichever is chosen; closing that one closes them. A program that is to be attached
 * and is not taken beside the others is loaded alone: their maps may leave no room for its own. Throws ObjectRejected.
 */
function loadChosen(
  guest: HookGuest,
  { objects, chosen, mapOf = chosen, attach }: HookJob,
): Chosen | undefined {
  const all = objects.map((each) => {
    try {
      return load(guest, each);
    } catch (cause) {
      if (cause instanceof ObjectRejected) return undefined;
      throw cause;
    }
  });
  const close = () => {
    for (const each of all) each?.object.close();
  };
  const own = all[chosen];
  if (attach && !(own && programOf(own, objects[chosen]!))) {
    close();
    const alone = load(guest, objects[chosen]!);
    return { ...alone, ...(mapOf === chosen ? { mapsOf: alone.object } : {}) };
  }
  return own && { ...own, object: { ...own.object, close }, mapsOf: all[mapOf]?.object };
}

function programOf({ object }: Loaded, { program }: SubjectJob): OpenProgram | undefined {
  return object.programs.find(({ name }) => name === program);
}

/** Behind all events, so that it changes nothing in them; while the program is still attached. */
function reportCode(
  { channel, window }: HookGuest,
  job: SubjectJob,
  loaded: Loaded | undefined,
  { reportCode: wanted, probed }: Sequel,
): void {
  reportSymbols(channel, 'bpf');
  if (!loaded) return;
  const { loadable, object } = loaded;
  for (const program of object.programs.filter(({ name }) => wanted.includes(name)))
    channel.send({
      type: 'code',
      program: program.name,
      images: imagesOf(object, program).map(textOfImage),
    });
  if (!probed) return;
  try {
    const twin = loadObject(job, blobIn(window, probed), loadable);
    reportLines(channel, twin, wanted);
    twin.close();
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause; // without it there are no lines
  }
}
