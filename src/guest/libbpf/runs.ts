// BPF_PROG_TEST_RUN, one call a run, with the packet as it was: what a run writes into its packet never
// feeds the next one. Batches start behind a timer tick and sleep over the next, so no tick is counted.

import { closeSync } from 'node:fs';
import type { Run } from '../../model/port.ts';
import { addressOf, type Clock, libbpf, memory } from './ffi.ts';

export interface TickGrid {
  readonly tickNs: number;
  readonly phaseNs: number;
}

export interface RawRun extends Run {
  /** 0 or -errno. */
  readonly error: number;
}

/** What one call takes: a packet, a context, or both, already in memory that does not move. */
export interface RunData {
  readonly packet?: Uint8Array;
  readonly context?: Uint8Array;
}

const ATTR_BYTES = 80;
const RESULT_BYTES = 32;

/**
 * Runs the program behind `fd` on each of `data` in turn, `passes` times over; results in that order.
 * `insns` is what the kernel's own clock says of the program alone, or what the counter says of the whole
 * system call where `clock` says that the type has no clock of its own. `pause`, for who looks on, is called before the runs, where what it
 * does to the clock is over when they begin as ever, and behind them.
 */
export function testRuns(
  clockLibrary: Clock,
  grid: TickGrid,
  fd: number,
  data: readonly RunData[],
  passes: number,
  clock: 'kernel-clock' | 'syscall-clock',
  pause?: () => void,
): RawRun[] {
  const attrs = memory(ATTR_BYTES * data.length);
  data.forEach(({ packet, context }, i) => {
    const at = i * ATTR_BYTES;
    attrs.writeUInt32LE(fd, at);
    if (packet) {
      attrs.writeUInt32LE(packet.length, at + 8);
      attrs.writeBigUInt64LE(addressOf(packet), at + 16);
    }
    // raw_tracepoint and syscall programs refuse any repeat; for all others 0 means 1.
    if (context) {
      attrs.writeUInt32LE(context.length, at + 40);
      attrs.writeBigUInt64LE(addressOf(context), at + 48);
    }
  });
  const runs = data.length * passes;
  const results = memory(RESULT_BYTES * runs);
  results.fill(1); // touched: no page fault between two runs
  const [slotNs, phaseNs] = [grid.tickNs * SLOT_TICKS, grid.phaseNs + ALIGN_OFFSET_NS];
  if (pause) {
    clockLibrary.align(slotNs, slotNs + phaseNs - grid.tickNs); // a pause may skip to the next tick
    pause();
  }
  clockLibrary.align(slotNs, phaseNs);
  clockLibrary.runs(attrs, data.length, results, runs, grid.tickNs, grid.phaseNs, ROOM_NS);
  pause?.();
  return Array.from({ length: runs }, (_, i) => {
    const at = i * RESULT_BYTES;
    return {
      insns: clock === 'kernel-clock' ? results.readUInt32LE(at + 8) : Number(results.readBigUInt64LE(at)),
      error: results.readInt32LE(at + 12),
      retval: results.readUInt32LE(at + 16),
    };
  });
}

/** How far behind a tick a batch begins: the tick's own work (softirqs, kernel threads) is over by then. */
const ALIGN_OFFSET_NS = 300_000;
/** Batches start on a coarse grid, so that a program that reads the clock finds the same time whatever ran before. */
const SLOT_TICKS = 25;
/** A run begins only if this much is left before the next tick. */
const ROOM_NS = 1_500_000;

/**
 * Loads `return value;` as a program of the given type: what an empty run costs on this kernel.
 * Returns its fd, or -errno.
 */
export function loadEmpty(
  type: { id: number; emptyReturns: number; loadFlags?: number },
  expectedAttachType: number,
  flags: number,
): number {
  const options = memory(96); // struct bpf_prog_load_opts
  options.writeBigUInt64LE(96n, 0);
  options.writeUInt32LE(expectedAttachType, 12);
  options.writeUInt32LE(flags | (type.loadFlags ?? 0), 20);
  const value = instruction(0xb7, type.emptyReturns); // r0 = value
  return Number(libbpf().bpf_prog_load(type.id, 'tollgate_empty', 'GPL', twoInsns(value, EXIT), 2, options));
}

/**
 * Loads a program that draws a random number, and drops it. The kernel seeds the programs' sequence when it loads the
 * first such program, from a pool that interrupts stir: left to the job, its length decides the seed (5.10 and 6.1).
 */
export function seedRandomNumbers(): void {
  const draw = instruction(0x85, BPF_FUNC_GET_PRANDOM_U32); // call
  const fd = Number(
    libbpf().bpf_prog_load(SOCKET_FILTER, 'tollgate_random', 'GPL', twoInsns(draw, EXIT), 2, null),
  );
  if (fd >= 0) closeSync(fd);
}

const SOCKET_FILTER = 1;
const BPF_FUNC_GET_PRANDOM_U32 = 7;

function instruction(code: number, immediate: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = code;
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}

const EXIT = instruction(0x95, 0);

function twoInsns(first: Buffer, second: Buffer): Buffer {
  const insns = memory(16);
  first.copy(insns);
  second.copy(insns, 8);
  return insns;
}

/**
 * Finds the timer tick: its period and when it falls, from the gaps in a spinning loop. The commonest gap
 * between interruptions is the period (4 ms at Debian's CONFIG_HZ=250).
 */
export function findTicks(clockLibrary: Clock): TickGrid {
  const most = 64;
  const out = memory(most * 8);
  const found = clockLibrary.gaps(60_000_000, out, most);
  const times = Array.from({ length: found }, (_, i) => Number(out.readBigUInt64LE(i * 8)));
  const steps = times.slice(1).map((time, i) => Math.round((time - times[i]!) / 100_000) * 100_000);
  const counts = new Map<number, number>();
  for (const step of steps.filter((s) => s >= 900_000)) counts.set(step, (counts.get(step) ?? 0) + 1);
  const tickNs = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 4_000_000;
  const last = times.at(-1) ?? 0;
  return { tickNs, phaseNs: last % tickNs };
}
