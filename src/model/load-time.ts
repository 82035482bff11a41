// What network load takes on a kernel with a real clock, in time: plain data, the source of the table that
// `tollgate load --mode timed` prints.

import type { Load, NetEvent } from './load-cost.ts';
import type { Absent, Target } from './report.ts';
import type { Discards } from './timed.ts';

/** The middle of the rounds, and where that of more rounds lies. */
export interface TimeFigure {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

export interface LoadTimeFigures {
  readonly rounds: number;
  /** Share of the processor's time, percent, in all four events and in each; left out without a monitor. */
  readonly net_cpu?: TimeFigure & { readonly events: Readonly<Record<NetEvent, number>> };
  readonly ns_per_packet?: TimeFigure;
  readonly ns_per_byte?: TimeFigure;
  readonly throughput_bps: TimeFigure;
  /** Of the first arm's in the same round. */
  readonly throughputRatio: TimeFigure;
  readonly bytesPerPacket: number;
  /** In all rounds. */
  readonly lost: number;
}

export interface LoadTimeArm {
  readonly arm: string;
  readonly figures: LoadTimeFigures | Absent;
}

export interface LoadTime {
  readonly target: Target;
  readonly load: Load;
  readonly arms: readonly LoadTimeArm[];
  readonly discarded: Discards;
  /** Programs of the monitor that this kernel does not take. */
  readonly missing: readonly string[];
}

export interface LoadTimes {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly times: readonly LoadTime[];
}
