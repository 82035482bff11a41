// What a tail call takes: plain data, the source of the table that `tollgate tail-calls --mode timed` prints.

import type { Absent, Target } from './report.ts';

export interface ChainTime {
  readonly target: string;
  readonly hook: string;
  /** Whether the slot is a constant, which the JIT can make a jump of. */
  readonly slot: 'constant' | 'computed';
  /** Whether the calling program has called a function before. */
  readonly afterCall: boolean;
  readonly lengths: readonly number[];
  /** By length: ns a run of the chain. */
  readonly run_ns: readonly number[];
  /** Of the line through them, round by round. */
  readonly tail_call_ns?: number;
  readonly interval?: readonly [low: number, high: number];
  readonly rounds: number;
  readonly absent?: Absent;
}

export interface TailCallTimes {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly targets: readonly Target[];
  readonly chains: readonly ChainTime[];
}
