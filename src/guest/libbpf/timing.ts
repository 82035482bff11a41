// The foreign functions of timing: batches of test runs (native/timed.c), the calling thread's CPU and priority, and the
// seat that an XDP program is kept in.

import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { inNamespace, newNamespace } from './attach.ts';
import { addressOf, errno, errorName, libc, memory } from './ffi.ts';
import type { RunData } from './runs.ts';

/** What one batch took, and what else happened to the thread meanwhile. */
export interface Batch {
  /** That the thread ran; a call that waits, as for RCU, does not count. */
  readonly onCpuNs: number;
  readonly wallNs: number;
  /** Times that it was switched out against its will. */
  readonly involuntary: number;
  /** 0 or -errno. */
  readonly error: number;
}

export interface Timing {
  readonly batch: (runs: TestRuns) => Batch;
  /** What the clock says between two readings of it, ns. */
  readonly clockReads: (count: number) => number[];
  /** The same of the TSC, in its ticks. */
  readonly tscReads: (count: number) => number[];
  /** Ticks of the TSC in a ns. */
  readonly tscPerNs: () => number;
}

/** Test runs of one program, laid out in memory that does not move. */
export interface TestRuns {
  readonly attrs: Buffer;
  readonly count: number;
  readonly loops: number;
}

const ATTR_BYTES = 80;
const BATCH_BYTES = 40;
/** Two readings of both clocks some 100 ns apart make a rate good to 10 ppm. */
const RATE_NS = 20_000_000;
/** What a program may add to a packet or context. */
const OUT_ROOM_BYTES = 512;

/** timed.so, from the folder that the guest's bundle lies in. */
export function loadTiming(path: string): Timing {
  const library = koffi.load(path);
  const batch = library.func('void tollgate_batch(void*, int, ulong, void*)');
  const reads = library.func('void tollgate_clock_reads(void*, int)');
  const tscReads = library.func('void tollgate_tsc_reads(void*, int)');
  const tscRate = library.func('void tollgate_tsc_rate(ulong, void*, void*)');
  const readWith = (read: typeof reads) => (count: number) => {
    const times = memory(8 * count);
    read(times, count);
    return Array.from({ length: count }, (_, i) => Number(times.readBigUInt64LE(8 * i)));
  };
  const out = memory(BATCH_BYTES);
  return {
    batch: ({ attrs, count, loops }) => {
      batch(attrs, count, loops, out);
      return {
        wallNs: Number(out.readBigUInt64LE(0)),
        onCpuNs: Number(out.readBigUInt64LE(8)),
        involuntary: Number(out.readBigUInt64LE(16)),
        error: out.readInt32LE(24),
      };
    },
    clockReads: readWith(reads),
    tscReads: readWith(tscReads),
    tscPerNs: () => {
      const [ticks, ns] = [memory(8), memory(8)];
      tscRate(RATE_NS, ticks, ns);
      return Number(ticks.readBigUInt64LE()) / Number(ns.readBigUInt64LE());
    },
  };
}

/** Runs of the program behind `fd` on each of `data`: `repeat` times in one system call, and all of that `loops` times. */
export function testRunsOf(fd: number, data: readonly RunData[], repeat: number, loops: number): TestRuns {
  const attrs = memory(ATTR_BYTES * data.length);
  data.forEach(({ packet, context }, i) => {
    const at = i * ATTR_BYTES;
    attrs.writeUInt32LE(fd, at);
    attrs.writeUInt32LE(repeat > 1 ? repeat : 0, at + 32);
    if (packet) {
      attrs.writeUInt32LE(packet.length, at + 8);
      attrs.writeBigUInt64LE(addressOf(packet), at + 16);
    }
    if (context) {
      attrs.writeUInt32LE(context.length, at + 40);
      attrs.writeBigUInt64LE(addressOf(context), at + 48);
    }
  });
  return { attrs, count: data.length, loops };
}

/**
 * Whether the program behind `fd` leaves a packet as it was: only then may one call run it more than once, since what
 * a run writes is what the next one reads. False where the kernel does not say what a run wrote.
 */
export function leavesPacket(timing: Timing, fd: number, data: RunData): boolean {
  if (!data.packet) return true;
  const runs = testRunsOf(fd, [data], 1, 1);
  const out = memory(data.packet.length + OUT_ROOM_BYTES);
  out.set(data.packet);
  runs.attrs.writeUInt32LE(out.length, 12);
  runs.attrs.writeBigUInt64LE(addressOf(out), 24);
  const context = data.context && memory(data.context.length);
  if (data.context && context) {
    context.set(data.context);
    runs.attrs.writeUInt32LE(context.length, 44);
    runs.attrs.writeBigUInt64LE(addressOf(context), 56);
  }
  const { error } = timing.batch(runs);
  const { length } = data.packet;
  return (
    error === 0 &&
    out.subarray(0, length).equals(data.packet) &&
    out.subarray(length).every((byte) => byte === 0) &&
    (!context || context.equals(data.context!))
  );
}

const SYS_SCHED_SETSCHEDULER = 144;
const SYS_SCHED_SETAFFINITY = 203;
const SCHED_OTHER = 0;
const SCHED_FIFO = 1;

/** The calling thread runs on this CPU alone. Throws with errno's name. */
export function pinTo(cpu: number): void {
  const mask = memory(128);
  mask[cpu >> 3] = 1 << (cpu & 7);
  if (libc().syscall4(SYS_SCHED_SETAFFINITY, 0, mask.length, addressOf(mask)) < 0)
    throw new Error(`sched_setaffinity: ${errorName(errno())}`);
}

/** The calling thread is not switched out for an ordinary one. Returns a warning where the kernel refuses. */
export function becomeUnhindered(): string[] {
  return setScheduler(SCHED_FIFO, 1) ? [] : [`real-time scheduling: ${errorName(errno())}`];
}

/** The calling thread is switched out like any other again. */
export function becomeOrdinary(): void {
  setScheduler(SCHED_OTHER, 0);
}

function setScheduler(policy: number, level: number): boolean {
  const priority = memory(4);
  priority.writeInt32LE(level);
  return libc().syscall4(SYS_SCHED_SETSCHEDULER, 0, policy, addressOf(priority)) === 0;
}

const SYS_PRCTL = 157;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** This process ends when the thread that started it does. */
export function dieWithParent(): void {
  if (libc().syscall4(SYS_PRCTL, PR_SET_PDEATHSIG, SIGKILL, 0) < 0)
    throw new Error(`prctl: ${errorName(errno())}`);
}

const SYS_UNSHARE = 272;
const CLONE_NEWNET = 0x4000_0000;

/** The calling thread moves into a network namespace of its own, which has no way out and ends with it. */
export function leaveNetwork(): void {
  if (libc().syscall4(SYS_UNSHARE, CLONE_NEWNET, 0, 0) < 0) throw new Error(`unshare: ${errorName(errno())}`);
}

const SYS_BPF = 321;
const BPF_LINK_CREATE = 28;
const BPF_LINK_UPDATE = 29;
const BPF_XDP = 37;
const XDP_FLAGS_SKB_MODE = 2;
const LOOPBACK = 1;

/**
 * Attached to something, an XDP program has its place in the kernel's dispatcher; otherwise each test run of more than one
 * gives it one, takes it away again, and waits for RCU both times: milliseconds. The loopback device of a namespace of
 * its own, which is down, is such a place.
 */
export interface XdpSeat {
  /** False where the kernel does not take it. */
  readonly put: (fd: number) => boolean;
  readonly close: () => void;
}

export function openSeat(): XdpSeat {
  const namespace = newNamespace();
  let link: number | undefined;
  const attr = memory(64);
  const call = (command: number, ...words: readonly number[]) => {
    attr.fill(0);
    for (const [i, word] of words.entries()) attr.writeUInt32LE(word, 4 * i);
    return Number(libc().syscall4(SYS_BPF, command, addressOf(attr), attr.length));
  };
  return {
    put: (fd) => {
      if (link !== undefined && call(BPF_LINK_UPDATE, link, fd) === 0) return true;
      if (link !== undefined) closeSync(link);
      const made = inNamespace(namespace, () =>
        call(BPF_LINK_CREATE, fd, LOOPBACK, BPF_XDP, XDP_FLAGS_SKB_MODE),
      );
      link = made < 0 ? undefined : made;
      return made >= 0;
    },
    close: () => {
      if (link !== undefined) closeSync(link);
      closeSync(namespace);
    },
  };
}

/** Of a program that is no object's. */
export function closeFd(fd: number): void {
  closeSync(fd);
}
