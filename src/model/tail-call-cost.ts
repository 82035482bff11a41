// What one tail call costs on a kernel: plain data, the source of the table that `tollgate tail-calls` prints.

import type { Absent, Target } from './report.ts';

export interface TailCallCosts {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly costs: readonly TailCallCost[];
}

/** One kernel in one set-up. */
export interface TailCallCost {
  readonly target: Target;
  readonly setup: string;
  /** What it is, in words. */
  readonly says: string;
  /** The kernel's own words on its guard against branch target injection. */
  readonly spectreV2?: string;
  readonly chains: readonly ChainCost[];
}

/** Chains of 0 to 33 tail calls. */
export interface ChainCost {
  readonly hook: string;
  /** As the source has it; `jit` is what the kernel made of it. */
  readonly slot: 'constant' | 'computed';
  readonly afterCall: boolean;
  readonly jit?: 'direct' | 'indirect';
  /** Instructions that one call more adds: its arguments, the call, the first ones of the next program. */
  readonly tail_call_insns?: number;
  /** The largest distance of a chain from the line, in instructions. */
  readonly residual?: number;
  /** Of these, the machine code of the call itself. */
  readonly call_insns?: number;
  /** Lengths of chains, and the run_insns of each. */
  readonly lengths: readonly number[];
  readonly insns: readonly number[];
  readonly absent?: Absent;
  /** The same chain as kprobe programs under network load; left out where that was not asked for. */
  readonly inPlace?: InPlaceChainCost | Absent;
}

/** Chains attached at one function of the kernel, all lengths at once, so that the same hits run each of them. */
export interface InPlaceChainCost {
  /** The probed function. */
  readonly at: string;
  /** How much iperf3 sends over TCP, in all. */
  readonly bytes: number;
  /** How often each chain ran, as the kernel counts it (bpf_stats). */
  readonly hits: number;
  /** Hits of all chains that took another number of instructions than the rest of the same chain, as counted from outside. */
  readonly otherHits: number;
  readonly tail_call_insns: number;
  readonly residual: number;
  /** By length, from the program's first instruction to its return. */
  readonly insns: readonly number[];
  /**
   * The same by the kernel's own account, whose clock counts instructions and is read around each hit: of each chain the
   * mean of the run in which it was least, as a timer's tick within a hit only adds.
   */
  readonly statsSlope: number;
  readonly statsInsns: readonly number[];
}
