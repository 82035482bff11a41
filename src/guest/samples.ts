// Kernel stacks that bpf/netcpu.bpf.c samples while the network runs: two halves of an array that both sides have mapped,
// so that one is read, without a system call a sample, while the other is written. Names are found when all is over.

import { readFileSync } from 'node:fs';
import { partOfStack } from '../model/net-parts.ts';
import type { SampledLoad } from '../model/records.ts';
import { addressOf, errno, errorName, libbpf, libc, mapShared } from './libbpf/ffi.ts';
import type { LoadedObject } from './libbpf/object.ts';
import { sampleClock } from './libbpf/trace.ts';
import { cpuTimes } from './neighbours.ts';

export interface Sampler {
  /** Takes over what has been sampled since the last time. */
  readonly drain: () => void;
  /** What was sampled until now is none of anybody's. */
  readonly forget: () => void;
  /** All since then, by event and part. */
  readonly take: (programs: readonly NamedImage[]) => SampledLoad;
  readonly close: () => void;
}

/** Where code of an attached program lies. */
export interface NamedImage {
  readonly name: string;
  readonly address: bigint;
  readonly sizeBytes: number;
}

/** How often somebody drains. */
export const DRAIN_MS = 200;
/** A half has room for as much as comes until then, and as much again. */
const HALF_MS = 2 * DRAIN_MS;
const LEAST_ROOM = 64;

/** max_entries of the maps, by name, for `processors`. */
export function sampleMapSizes(hz: number, processors: number): Readonly<Record<string, number>> {
  return { samples: 2 * processors * roomFor(hz), taken: 2 * processors };
}

const roomFor = (hz: number) => Math.max(LEAST_ROOM, Math.ceil((hz * HALF_MS) / 1000));

// bpf/netcpu.h: struct sample, struct taken, struct control.
const STACK_MAX = 64;
const SAMPLE_BYTES = 8 + 8 * STACK_MAX;
const TAKEN_BYTES = 40;
const CONTROL_BYTES = 16;
const PAGE_BYTES = 4096;
const COPIES_LIMIT_BYTES = 64 << 20;
const SYS_MUNMAP = 11;
const SYS_MEMBARRIER = 324;
const MEMBARRIER_CMD_GLOBAL = 1; // since 4.3

/** Samples each processor so many times a second. `events`: their names, in bpf/netcpu.h's order. Throws HookRefused. */
export function startSampler(object: LoadedObject, hz: number, events: readonly string[]): Sampler {
  const processors = Number(libbpf().libbpf_num_possible_cpus());
  const room = roomFor(hz);
  const samples = mapped(object, 'samples', 2 * processors * room * SAMPLE_BYTES);
  const taken = mapped(object, 'taken', 2 * processors * TAKEN_BYTES);
  const control = mapped(object, 'control', CONTROL_BYTES);
  for (const [i, value] of [0, processors, room].entries()) control.writeUInt32LE(value, 4 * i);
  const program = object.programs.find(({ name }) => name === SAMPLING_PROGRAM);
  if (!program) throw new Error(`the monitor has no '${SAMPLING_PROGRAM}'`);
  const fd: number = libbpf().bpf_program__fd(program.pointer);
  const detach = [...cpuTimes().keys()].map((processor) => sampleClock(fd, processor, hz));

  const stacks = new Map<
    string,
    { readonly event: number; readonly stack: readonly bigint[]; count: number }
  >();
  let byEvent = events.map(() => 0);
  let lost = 0;
  // Copied while the load runs, and looked at behind it: JavaScript would take more time than all else of the monitor.
  const copies: Buffer[] = [];
  let copiedBytes = 0;
  const drain = () => {
    const half = control.readUInt32LE(0);
    control.writeUInt32LE(1 - half, 0);
    // A program that has seen the old half is over when all processors have been through RCU.
    if (libc().syscall4(SYS_MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
      throw new Error(`membarrier: ${errorName(errno())}`);
    for (let i = half * processors; i < (half + 1) * processors; i++) {
      const own = taken.subarray(i * TAKEN_BYTES, (i + 1) * TAKEN_BYTES);
      const count = Math.min(own.readUInt32LE(0), room);
      lost += own.readUInt32LE(4);
      byEvent = byEvent.map((before, event) => before + own.readUInt32LE(8 + 4 * event));
      const bytes = count * SAMPLE_BYTES;
      copies.push(Buffer.from(samples.subarray(i * room * SAMPLE_BYTES, i * room * SAMPLE_BYTES + bytes)));
      copiedBytes += bytes;
      own.fill(0);
    }
    if (copiedBytes > COPIES_LIMIT_BYTES) addUp();
  };
  const addUp = () => {
    for (const copy of copies.splice(0))
      for (let at = 0; at < copy.length; at += SAMPLE_BYTES) add(copy.subarray(at, at + SAMPLE_BYTES));
    copiedBytes = 0;
  };
  const add = (sample: Buffer) => {
    const bytes = Math.max(0, Math.min(sample.readInt32LE(4), 8 * STACK_MAX));
    const key = sample.toString('latin1', 0, 4) + sample.toString('latin1', 8, 8 + bytes);
    const known = stacks.get(key);
    if (known) known.count++;
    else {
      const stack = Array.from({ length: bytes / 8 }, (_, i) => sample.readBigUInt64LE(8 + 8 * i));
      stacks.set(key, { event: sample.readUInt32LE(0), stack, count: 1 });
    }
  };
  const forget = () => {
    drain();
    addUp();
    const found = { all: [...stacks.values()], byEvent, lost };
    stacks.clear();
    [byEvent, lost] = [events.map(() => 0), 0];
    return found;
  };
  return {
    drain,
    forget,
    take: (programs) => {
      const found = forget();
      return summed(found, { hz, events, programs, own: new Set(object.programs.map(({ name }) => name)) });
    },
    close: () => {
      for (const each of detach) each();
      for (const each of [samples, taken, control])
        libc().syscall4(SYS_MUNMAP, addressOf(each), each.length, 0);
    },
  };
}

export const SAMPLING_PROGRAM = 'take_sample';

function mapped(object: LoadedObject, name: string, sizeBytes: number): Buffer {
  const map = object.maps.find((each) => each.name === name);
  if (!map) throw new Error(`the monitor has no map '${name}'`);
  const whole = Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
  return mapShared(Number(libbpf().bpf_map__fd(map.pointer)), whole, 0);
}

interface Stacks {
  readonly all: readonly {
    readonly event: number;
    readonly stack: readonly bigint[];
    readonly count: number;
  }[];
  readonly byEvent: readonly number[];
  readonly lost: number;
}

function summed(
  { all, byEvent, lost }: Stacks,
  {
    hz,
    events,
    programs,
    own,
  }: {
    readonly hz: number;
    readonly events: readonly string[];
    readonly programs: readonly NamedImage[];
    readonly own: ReadonlySet<string>;
  },
): SampledLoad {
  const symbols = kernelSymbols();
  const names = new Map<bigint, readonly string[]>();
  const namesAt = (address: bigint) => {
    const known = names.get(address) ?? symbols(address);
    names.set(address, known);
    return known;
  };
  const program = (address: bigint) => {
    const image = programs.find(
      (each) => address >= each.address && address < each.address + BigInt(each.sizeBytes),
    );
    if (image) return image.name;
    const name = namesAt(address)[0]?.match(PROGRAM_SYMBOL)?.[1];
    return name === undefined || own.has(name) ? undefined : name;
  };
  const counts = new Map<string, { readonly event: string; readonly part: string; samples: number }>();
  for (const { event: number, stack, count } of all) {
    const event = events[number] ?? String(number);
    const part = partOfStack(stack, { program, namesAt });
    const key = `${event}\0${part}`;
    const known = counts.get(key);
    if (known) known.samples += count;
    else counts.set(key, { event, part, samples: count });
  }
  return {
    hz,
    lost,
    events: Object.fromEntries(events.map((event, i) => [event, byEvent[i]!])),
    counts: [...counts.values()].sort((a, b) => b.samples - a.samples),
  };
}

/** As the kernel calls a program's code: bpf_prog_TAG_NAME. */
const PROGRAM_SYMBOL = /^bpf_prog_[0-9a-f]{16}_(.+)$/;

/** The names of the function that an address lies in, from /proc/kallsyms as it is now: programs are among them. */
function kernelSymbols(): (address: bigint) => readonly string[] {
  const found = [...readFileSync('/proc/kallsyms', 'latin1').matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)/gm)].map(
    ([, address, name]) => `${address}${name}`,
  );
  found.sort();
  const at = BigUint64Array.from(found, (line) => BigInt(`0x${line.slice(0, 16)}`));
  return (address) => {
    let [low, high] = [0, at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    const names: string[] = [];
    for (let i = low - 1; i >= 0 && at[i] === at[low - 1]; i--) names.push(found[i]!.slice(16));
    return names;
  };
}
