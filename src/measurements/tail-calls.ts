// tail_calls and tail_call_share: from how often each instruction of a call's machine code was executed to where it went.
// The sequences are those of arch/x86/net/bpf_jit_comp.c, emit_bpf_tail_call_direct and _indirect, 5.10 to 7.2.

import type { MetricName } from '../model/metrics.ts';

export const TAIL_CALL_METRICS = ['tail_calls', 'tail_call_share'] as const satisfies readonly MetricName[];

export type Jit = 'direct' | 'indirect';

/** How often a call was made, and what became of it. */
export interface Outcome {
  /** It went to another program. */
  readonly taken: number;
  /** It went on behind the call: nothing was in the slot, */
  readonly empty: number;
  /** 33 calls had been made, */
  readonly limit: number;
  /** or the slot is beyond the map's end. */
  readonly beyond: number;
  /** Instructions of the call's own machine code. */
  readonly insns: number;
}

export const NO_OUTCOME: Outcome = { taken: 0, empty: 0, limit: 0, beyond: 0, insns: 0 };

/** mov rcx, [rsi + rdx * 8 + disp32]: the program is looked up in the map as the call is made. */
const LOOKUP = Buffer.from('488b8cd6', 'hex');

/** What the JIT made of a call. A direct one ends in five bytes that are a jump, or a nop while the slot is empty. */
export function jitOf(code: Uint8Array): Jit {
  return Buffer.from(code).includes(LOOKUP) ? 'indirect' : 'direct';
}

const SHORT_JUMP = { belowOrEqual: 0x76, above: 0x77, notBelow: 0x73, equal: 0x74 } as const;
const JUMP_BYTES = 5;

/**
 * Reads what became of a call from the counts of its instructions by their offset in `code`. What ran an instruction
 * and not the next one in the code left there: at a check, or to the other program at the end.
 */
export function outcomeOf(code: Uint8Array, counts: ReadonlyMap<number, number>): Outcome {
  const executed = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const outcome = { ...NO_OUTCOME };
  const isDirect = jitOf(code) === 'direct';
  for (const [i, [offset, count]] of executed.entries()) {
    outcome.insns += count;
    const left = count - (executed[i + 1]?.[1] ?? 0);
    if (left <= 0) continue;
    switch (opcodeOf(code, offset)) {
      case SHORT_JUMP.belowOrEqual:
        outcome.beyond += left;
        break;
      case SHORT_JUMP.above:
      case SHORT_JUMP.notBelow:
        outcome.limit += left;
        break;
      case SHORT_JUMP.equal:
        outcome.empty += left;
        break;
      default: {
        // A direct call of an empty slot leaves by a jump over the rest, one of a filled slot at the very end.
        const isTaken = !isDirect || offset >= code.length - JUMP_BYTES;
        outcome[isTaken ? 'taken' : 'empty'] += left;
      }
    }
  }
  return outcome;
}

/** 0f 8x is the long form of 7x. */
function opcodeOf(code: Uint8Array, offset: number): number {
  return code[offset] === 0x0f ? (code[offset + 1] ?? 0) - 0x10 : (code[offset] ?? 0);
}

export function addOutcomes(a: Outcome, b: Outcome): Outcome {
  return {
    taken: a.taken + b.taken,
    empty: a.empty + b.empty,
    limit: a.limit + b.limit,
    beyond: a.beyond + b.beyond,
    insns: a.insns + b.insns,
  };
}
