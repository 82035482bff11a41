// Runs native/stimulus, a process of its own: lays out the bed a hook is measured in, and makes the hook run. Node waits
// for its end in one system call, so nothing of Node's runs meanwhile.

import { spawnSync } from 'node:child_process';
import { messageOf } from '../model/errors.ts';
import type { BedSide } from '../model/hooks/hook.ts';
import type { StimulusTask } from '../model/job.ts';
import type { Absent } from '../model/report.ts';
import type { Command } from './command.ts';
import { type Gift, newNamespace, type Place } from './libbpf/attach.ts';

/** Two network namespaces with a link between them, and the helper that lays it out and uses it. */
export type Bed = Readonly<Record<BedSide, Place>> & BedHelper;

/** native/stimulus in the guest. */
export interface BedHelper {
  readonly helper: string;
  /** The clock counts instructions: events begin at the same instant of it in every run. */
  readonly isClockExact?: boolean;
}

/** What a stimulus gave, event by event, in instructions; `done` is -1 where one got lost. */
export interface Events {
  readonly sent: number[];
  readonly done: number[];
}

/** The devices' numbers that native/stimulus.c gives. */
const INDEX: Readonly<Record<BedSide, number>> = { sender: 10, receiver: 11 };

/**
 * Lays out a bed; `namespaces` are those of its sides: new ones, unless given. Absent where the kernel has no such link.
 */
export function makeBed(
  { helper, isClockExact = false }: BedHelper,
  device: 'veth' | 'netkit' = 'veth',
  namespaces: Readonly<Record<BedSide, number>> = { sender: newNamespace(), receiver: newNamespace() },
): Bed | Absent {
  const bed = {
    sender: { namespaceFd: namespaces.sender, index: INDEX.sender },
    receiver: { namespaceFd: namespaces.receiver, index: INDEX.receiver },
    helper,
    isClockExact,
  };
  try {
    run(bed, { name: 'bed', device });
  } catch (cause) {
    return { reason: `this kernel gives no link to measure on: ${messageOf(cause)}` };
  }
  return bed;
}

/** What `stimulate` needs besides a bed. */
export interface StimulusParts {
  /** What the hook leaves to it. */
  readonly gift?: Gift | undefined;
  /** Of the stimulus that runs one. */
  readonly command?: (Command & { readonly side: BedSide }) | undefined;
}

/**
 * Sets off the events of `task` in `bed`. Absent where there can be none: a connection that is not made, a command that fails.
 * Throws with what the helper says of anything else.
 */
export function stimulate(bed: Bed, task: StimulusTask, parts: StimulusParts = {}): Events | Absent {
  const out = run(bed, task, parts);
  if ('reason' in out) return out;
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length / 4);
  if (words.length !== 2 * task.count) throw new Error(`${bed.helper} tells of ${words.length / 2} events`);
  return {
    sent: Array.from({ length: task.count }, (_, i) => words[2 * i]!),
    done: Array.from({ length: task.count }, (_, i) => (words[2 * i + 1] === LOST ? -1 : words[2 * i + 1]!)),
  };
}

/** As the host is told of them. */
export function eventsRecord(stimulus: string, events: Events | Absent) {
  const said = 'reason' in events ? { sent: [], done: [], absent: events } : events;
  return { type: 'events' as const, stimulus, ...said };
}

const LOST = 0xffff_ffff;
/** The helper's exit code where it says why there are no events. */
const IMPOSSIBLE = 3;
const REASON_CHARACTERS = 2000;
const NAME_BYTES = 16;
const TASK_BYTES = 128;

/** struct task of native/stimulus.c: always of one size, so that no arm has another stack than the others. */
function run(
  { helper, isClockExact, sender, receiver }: Bed,
  task: Partial<StimulusTask> & { readonly name: string; readonly device?: string },
  { gift, command }: StimulusParts = {},
): Buffer | Absent {
  const input = Buffer.alloc(TASK_BYTES);
  for (const [i, name] of [task.name, task.device ?? '', gift?.kind ?? '', gift?.to ?? ''].entries())
    input.write(name, i * NAME_BYTES, NAME_BYTES - 1);
  const numbers = [task.sizeBytes, task.warmUp, task.count, task.patienceMs];
  for (const [i, value] of numbers.entries()) input.writeUInt32LE(value ?? 0, 4 * NAME_BYTES + 4 * i);
  input.write(gift?.name ?? '', 5 * NAME_BYTES, NAME_BYTES - 1);
  input.write(command?.side ?? '', 6 * NAME_BYTES, NAME_BYTES - 1);
  input.writeUInt32LE(Number(isClockExact), 7 * NAME_BYTES);
  const ended = spawnSync(helper, command?.argv ?? [], {
    input,
    env: command?.env ?? {},
    ...(command ? { cwd: command.cwd } : {}),
    stdio: ['pipe', 'pipe', 'pipe', sender.namespaceFd, receiver.namespaceFd, gift?.fd ?? 'ignore'],
    maxBuffer: 1 << 20,
  });
  if (ended.error) throw ended.error;
  if (ended.status === IMPOSSIBLE)
    return { reason: ended.stderr.toString('utf8').trim().slice(0, REASON_CHARACTERS) };
  if (ended.status !== 0)
    throw new Error(`${helper} on '${task.name}': ${ended.stderr.toString('utf8').trim() || ended.signal}`);
  return ended.stdout;
}
