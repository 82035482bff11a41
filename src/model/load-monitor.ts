// What the monitor in the guest says of network load, beside what is counted from outside: plain data, the source of the
// tables that `tollgate load --monitor` prints.

import type { Load } from './load-cost.ts';
import type { Absent, Target } from './report.ts';

/** Of one event, in the whole run; an instruction takes a ns there. */
export interface EventTimes {
  readonly event: string;
  /** Instructions, counted from outside. */
  readonly insns: number;
  /** By the name of each monitor, the first of them ours: ns between its readings of the clock. */
  readonly ns: Readonly<Record<string, number>>;
  /** Ticks of the sampling clock. */
  readonly samples: number;
}

/** Of one part of the network stack: its share of the network's events, percent. */
export interface PartShares {
  readonly part: string;
  /** Of instructions, counted from outside. */
  readonly exact: number;
  /** Of samples. */
  readonly sampled: number;
  /** What so many samples of that share would stray by, one standard deviation, if they were drawn at random. */
  readonly expectedError: number;
}

export interface MonitorFigures {
  readonly hz: number;
  /** In the network's events. */
  readonly samples: number;
  readonly lost: number;
  readonly events: readonly EventTimes[];
  /** The dearest first. */
  readonly parts: readonly PartShares[];
  /** What the events of our monitor miss of the time that a clock beside it shows, percent. */
  readonly unaccounted: number;
  /** By kind, ms: what the kernel's own account has (/proc/stat, in ticks of 10 ms). */
  readonly processorMs: Readonly<Record<string, number>>;
  /** Processor time while data is sent, of what it is without the monitors: 1.02 is 2 % more. */
  readonly slowdown: number;
  /** Functions of the kernel that our monitor looks at and that this one lacks, as the programs that would. */
  readonly missing: readonly string[];
}

/** One kernel under one load with something attached, or nothing. */
export interface MonitoredLoad {
  readonly target: Target;
  readonly load: Load;
  readonly arm: string;
  readonly figures: MonitorFigures | Absent;
}

export interface MonitoredLoads {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly loads: readonly MonitoredLoad[];
}
