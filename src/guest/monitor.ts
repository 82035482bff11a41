// Attaches bpf/netcpu.bpf.c, which counts how much of each processor's time goes into the network, and reads it. What the
// kernel at hand lacks of the functions it looks at is left out, and said.

import { closeSync } from 'node:fs';
import type { LoadMonitor } from '../model/job.ts';
import { blobIn } from '../model/window.ts';
import { addressOf, errno, errorName, libbpf, libc, memory } from './libbpf/ffi.ts';
import { findLoadable, type Loadable, loadObject, ObjectRejected } from './libbpf/object.ts';
import { SAMPLING_PROGRAM, type Sampler, sampleMapSizes, startSampler } from './samples.ts';

/** Events in the order of bpf/netcpu.h. */
export const MONITOR_EVENTS = [
  'rest',
  'rx_softirq',
  'tx_softirq',
  'sock_send',
  'sock_recv',
  'other_softirq',
  'hard_irq',
  'idle',
  'steal',
] as const;

/** Nothing of ours runs while time is stolen. */
const SAMPLED_EVENTS = MONITOR_EVENTS.filter((event) => event !== 'steal');

export type MonitorTimes = Readonly<Record<(typeof MONITOR_EVENTS)[number], number>>;

export interface Monitor {
  readonly name: string;
  /**
   * The functions and tracepoints of the kernel that it looks at, and those that this kernel lacks; STEAL_ACCOUNT where it
   * does not tell programs what a hypervisor has stolen.
   */
  readonly attached: readonly string[];
  readonly missing: readonly string[];
  /** ns of all processors, or of one, by event since it is attached, and the clock at that instant, ns. */
  readonly read: (processor?: number) => { readonly times: MonitorTimes; readonly atNs: bigint };
  readonly sampler?: Sampler;
  readonly loadable: Loadable;
  readonly close: () => void;
}

/** Loads and attaches it, as it was `known` to load before. Throws ObjectRejected where the kernel takes none of it. */
export function startMonitor(
  window: Uint8Array,
  { name, elf, sampleHz }: LoadMonitor,
  known?: Loadable,
): Monitor {
  const processors = Number(libbpf().libbpf_num_possible_cpus());
  const mapSizes = sampleHz === undefined ? {} : sampleMapSizes(sampleHz, processors);
  const job = { format: 1, object: name, elf, programs: [], mapSizes } as const;
  const bytes = blobIn(window, elf);
  const { loadable, object } = known
    ? { loadable: known, object: loadObject(job, bytes, known) }
    : findLoadable(job, bytes);
  const links: number[] = [];
  let sampler: Sampler | undefined;
  const close = () => {
    sampler?.close();
    for (const link of links) closeSync(link);
    object.close();
  };
  try {
    const unpaired = loadable.refusedPrograms.find((program) => NEEDED.has(program.name));
    if (unpaired) throw new ObjectRejected(`the kernel does not take '${unpaired.name}': ${unpaired.reason}`);
    const map = object.maps.find((each) => each.name === 'counters');
    if (!map) throw new ObjectRejected('the kernel does not take its counters');
    const refused = new Set(loadable.refusedPrograms.map((program) => program.name));
    const isByCalls = refused.has(OF_FUNCTIONS);
    const programs = object.programs.filter(
      (program) => program.name !== SAMPLING_PROGRAM && (isByCalls || !OF_CALLS.has(program.name)),
    );
    for (const { pointer } of programs) links.push(attachTracing(libbpf().bpf_program__fd(pointer)));
    if (sampleHz !== undefined) sampler = startSampler(object, sampleHz, SAMPLED_EVENTS);
    const fd = libbpf().bpf_map__fd(map.pointer);
    const sizeBytes = Number(libbpf().bpf_map__value_size(map.pointer));
    yieldOnce();
    const knowsSteal = readCounters(fd, sizeBytes).some((own) => own.readBigUInt64LE(STOLEN_AT) > 0n);
    return {
      name,
      attached: programs.map(({ section }) => section),
      missing: [
        ...[...refused].filter((program) => !OF_CALLS.has(program)),
        ...(knowsSteal ? [] : [STEAL_ACCOUNT]),
      ],
      read: (processor) => {
        yieldOnce();
        const atNs = process.hrtime.bigint();
        return { times: readTimes(fd, sizeBytes, processor), atNs };
      },
      ...(sampler ? { sampler } : {}),
      loadable,
      close,
    };
  } catch (cause) {
    close();
    throw cause;
  }
}

/** Programs without which times would be wrong and not only less apart. */
const NEEDED = new Set([
  'handle_softirq_entry',
  'handle_softirq_exit',
  'handle_irq_entry',
  'handle_irq_exit',
  'handle_switch',
]);

/** Every kernel has this function: where it is refused, so is every other, and system calls are looked at as a whole. */
const OF_FUNCTIONS = 'begin___sys_sendto';
const OF_CALLS = new Set(['handle_sys_enter', 'handle_sys_exit']);

const SYS_BPF = 321;
const BPF_RAW_TRACEPOINT_OPEN = 17;

/** struct { name, prog_fd } raw_tracepoint of union bpf_attr; a tracing program knows itself what it is attached to. */
function attachTracing(fd: number): number {
  const attr = memory(64);
  attr.writeUInt32LE(fd, 8);
  const link = libc().syscall4(SYS_BPF, BPF_RAW_TRACEPOINT_OPEN, addressOf(attr), attr.length);
  if (link < 0) throw new ObjectRejected(`the kernel does not attach it: ${errorName(errno())}`);
  return Number(link);
}

/** As `missing` has it. */
export const STEAL_ACCOUNT = 'steal (rq.prev_steal_time)';

/** This task is switched out and in again: what it was in has got its time. */
function yieldOnce(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function readTimes(fd: number, sizeBytes: number, only: number | undefined): MonitorTimes {
  const counters = readCounters(fd, sizeBytes);
  const wanted = only === undefined ? counters : counters.slice(only, only + 1);
  const times = MONITOR_EVENTS.map((event, i) => {
    const ns = wanted.reduce((sum, own) => sum + Number(own.readBigUInt64LE(8 * i)), 0);
    return [event, ns] as const;
  });
  return Object.fromEntries(times) as MonitorTimes;
}

/** bpf/netcpu.h: struct counters, behind `ns`. */
const STOLEN_AT = 8 * MONITOR_EVENTS.length;

/** Of each possible processor. */
function readCounters(fd: number, sizeBytes: number): Buffer[] {
  const stride = Math.ceil(sizeBytes / 8) * 8;
  const processors = Number(libbpf().libbpf_num_possible_cpus());
  const [key, values] = [memory(8), memory(stride * processors)];
  const error = Number(libbpf().bpf_map_lookup_elem(fd, key, values));
  if (error !== 0) throw new Error(`bpf_map_lookup_elem: ${errorName(error)}`);
  return Array.from({ length: processors }, (_, i) => values.subarray(i * stride, (i + 1) * stride));
}
