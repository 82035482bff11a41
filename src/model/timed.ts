// Timed mode: what is asked of a kernel whose clock is a real one, and the rounds that it answers with. Both sides are in
// one job, since only what ran in turn on one machine can be compared.

import type { JobProgram, LoadJob, LoadRun, ObjectJob } from './job.ts';
import type { Side } from './report.ts';
import type { Blob } from './window.ts';

/**
 * What head's cost may be, or how much more than base's; of a rate the least it may be, or how much less than base's. In the
 * metric's unit, ns where it is a cost.
 */
export type TimedLimit =
  | { readonly kind: 'max' | 'min'; readonly value: number }
  | { readonly kind: 'increase' | 'decrease'; readonly value: number }
  | { readonly kind: 'increase' | 'decrease'; readonly percent: number };

export interface TimedBounds {
  /** Fewer rounds decide nothing. */
  readonly leastRounds: number;
  readonly mostRounds: number;
  /** For each program and input, beyond which no round begins. */
  readonly seconds: number;
}

export const DEFAULT_BOUNDS: TimedBounds = { leastRounds: 20, mostRounds: 400, seconds: 5 };

/** Of one program on one input. */
export const ROUNDS_LIMIT = 10_000;

/** The chance of one false alarm in a whole check is below this. */
export const FALSE_ALARMS = 0.001;

export interface TimedArm extends ObjectJob {
  readonly side: Side;
}

/** One object: head, and base where there is one. */
export interface TimedJob {
  readonly format: 1;
  readonly task: 'timed';
  readonly arms: readonly TimedArm[];
  /** By head's program; what is asked until it is decided. */
  readonly limits: Readonly<Record<JobProgram['name'], readonly TimedLimit[]>>;
  readonly bounds: TimedBounds;
  /** The p at which one comparison is decided: FALSE_ALARMS shared among all. */
  readonly level: number;
  /** Of all that is drawn by lot. */
  readonly seed: number;
}

/** Why rounds were left out; the rule is said beforehand, and knows nothing of what they measured. */
export type Discards = Readonly<Record<'interrupted' | 'steal' | 'frequency', number>>;

/**
 * What was measured of one program on one input, round by round, in ns a run with what the call itself costs; or of a rate
 * in its unit, from which nothing is subtracted.
 */
export interface Rounds {
  readonly head: readonly number[];
  /** As long as `head`, or empty. */
  readonly base: readonly number[];
  /**
   * An empty program of the type, two loads of it: what is subtracted, and how far it can be told from itself. Of a rate,
   * half of how far two arms with nothing attached are apart, once less and once more than 0.
   */
  readonly empty: readonly number[];
  readonly emptyAgain: readonly number[];
  readonly discarded: Discards;
  /** Runs in one batch, between two readings of the clock. */
  readonly runsInBatch: number;
  readonly seconds: number;
}

/**
 * Where what a hook's packets set off runs, beside the application that sends and receives: all on one CPU, or the
 * receiving softirqs on another.
 */
export const PLACEMENTS = ['same', 'split'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** A program at a hook: the arms of exact mode (HookJob), each a job as it would lie in a window, run in turn. */
export interface TimedHookJob {
  readonly format: 1;
  readonly task: 'timed-hook';
  readonly arms: readonly Blob[];
  readonly placement: Placement;
  readonly bounds: TimedBounds;
  readonly seed: number;
}

/** What one arm's stimulus gave, round by round: ns an event, by the cheaper quarter of a round's events. */
export interface ArmRounds {
  readonly stimulus: string;
  readonly sent: readonly number[];
  readonly done: readonly number[];
  /** Of a round's events. */
  readonly mean: readonly number[];
  readonly p50: readonly number[];
  readonly p99: readonly number[];
  /** Of all events, those that got lost. */
  readonly count: number;
  readonly lost: number;
}

/**
 * Network load on a kernel with a real clock: arms in turn, each with its programs attached while iperf3 runs once. What
 * differs between arms besides is the monitor, for what that costs.
 */
export interface TimedLoadJob extends Pick<LoadJob, 'attached' | 'link'> {
  readonly format: 1;
  readonly task: 'timed-load';
  readonly run: LoadRun;
  readonly arms: readonly TimedLoadArm[];
  /** bpf/netcpu.bpf.c. */
  readonly monitor: Blob;
  /** The path of this machine's own; left out where `files` bring it along. */
  readonly iperf3?: string;
  /** Of a VM, as LoadJob has them. */
  readonly files?: LoadJob['files'];
  readonly bounds: TimedBounds;
  readonly seed: number;
}

export interface TimedLoadArm {
  /** Whose programs are attached, as in LoadJob. */
  readonly number: number;
  /** Times a second that stacks are sampled; 0: counters alone; left out: no monitor. */
  readonly sampleHz?: number;
}

/** What dist/guest.js is told to do one job on the kernel that it finds itself on; our pid and the window's path follow. */
export const ON_HOST = 'on-host';

/** On the command line of a VM whose clock is a real one: its guest does one timed job after the other. */
export const REAL_CLOCK = 'tollgate.clock=real';
