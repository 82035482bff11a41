// stack_depth: the deepest call chain in bytes, from the verifier's depth of each subprogram and the calls
// in the translated instructions. veristat adds all subprograms up, which no run ever uses at once.

import { TollgateError } from '../model/errors.ts';

const CALL = 0x85;
const LD_IMM64 = 0x18;
const PSEUDO_CALL = 1;
const PSEUDO_FUNC = 4;

/**
 * Bytes of the deepest chain from the program's entry, frames as the verifier counts them (not rounded up).
 *
 * `depths`: stackDepths of the log, one per subprogram. `xlated`: bpf_prog_info.xlated_prog_insns, 8 bytes per
 * instruction. `subprogStarts`: the first instruction of each subprogram (func_info's insn_off), ascending;
 * without it the starts are taken from the calls themselves: enough unless a subprogram is never called, and then
 * the figure may be an upper bound.
 *
 * A callback counts as called by the function that passes it on, a timer's too, though it runs later on a
 * stack of its own: for those the figure is an upper bound.
 *
 * Throws TollgateError 'infrastructure' where depths and instructions contradict each other.
 */
export function deepestStack(
  depths: readonly number[],
  xlated: Uint8Array,
  subprogStarts?: readonly number[],
): number {
  if (depths.length === 0) throw contradiction('no depth for the program itself');
  if (depths.length === 1) return depths[0]!;
  const calls = readCalls(xlated);
  const starts = subprogStarts
    ? new Map(subprogStarts.map((start, index) => [index, start]))
    : startsFromCalls(calls, depths.length);
  if (subprogStarts && subprogStarts.length !== depths.length)
    throw contradiction(`${depths.length} depths for ${subprogStarts.length} subprograms`);
  const indexOf = new Map([...starts].map(([index, start]) => [start, index]));

  const callees: Set<number>[] = depths.map(() => new Set());
  for (const { at, targets } of calls) {
    const callee = targets.map((target) => indexOf.get(target)).find((index) => index !== undefined);
    if (callee === undefined)
      throw contradiction(`instruction ${at} calls ${targets[0]}, where no subprogram starts`);
    callees[ownerOf(starts, at)]!.add(callee);
  }

  const known: (number | undefined)[] = depths.map(() => undefined);
  const onPath = new Set<number>();
  const below = (index: number): number => {
    if (known[index] !== undefined) return known[index];
    // The verifier refuses recursion; a dump that shows it is not the program's.
    if (onPath.has(index)) throw contradiction(`subprogram ${index} calls itself`);
    onPath.add(index);
    let deepest = 0;
    for (const callee of callees[index]!) deepest = Math.max(deepest, below(callee));
    onPath.delete(index);
    known[index] = depths[index]! + deepest;
    return known[index];
  };
  return below(0);
}

interface Call {
  readonly at: number;
  /** Where it may lead, likeliest first. */
  readonly targets: readonly number[];
  /** The callee's index, if the dump is of a JITed program. */
  readonly index?: number;
}

/**
 * Calls of subprograms in a dump (kernel/bpf/syscall.c, bpf_insn_prepare_dump). JITed: `off` is the distance,
 * `imm` the subprogram's index (jit_subprogs). Interpreted: `off` is the distance as well, and `imm` the
 * interpreter's (bpf_patch_call_args), or 0. `off` has 16 bits: a call over more than 32,767 instructions wraps.
 * A callback is an ld_imm64 whose first `imm` is the distance (since 5.13, JIT only).
 */
function readCalls(xlated: Uint8Array): Call[] {
  const view = new DataView(xlated.buffer, xlated.byteOffset, xlated.byteLength);
  const count = Math.floor(xlated.length / 8);
  const calls: Call[] = [];
  for (let at = 0; at < count; at++) {
    const code = view.getUint8(at * 8);
    const source = view.getUint8(at * 8 + 1) >> 4;
    if (code === CALL && source === PSEUDO_CALL) {
      const near = at + 1 + view.getInt16(at * 8 + 2, true);
      const far = at + 1 + view.getInt32(at * 8 + 4, true);
      const wrapped = [...wraps(near, count)];
      calls.push({ at, targets: [...wrapped, far], index: view.getInt32(at * 8 + 4, true) });
    } else if (code === LD_IMM64) {
      if (source === PSEUDO_FUNC)
        calls.push({
          at,
          targets: [at + 1 + view.getInt32(at * 8 + 4, true)],
          ...secondImm(view, at, count),
        });
      at++;
    }
  }
  return calls;
}

/**
 * Starts by index, from the calls alone. Where every subprogram is called their order is their index. Kernels that
 * keep global functions nobody calls (5.10) leave gaps: then the index in `imm` of a JITed dump has to tell.
 */
function startsFromCalls(calls: readonly Call[], count: number): ReadonlyMap<number, number> {
  const targets = [...new Set([0, ...calls.map((call) => call.targets[0]!)])].sort((a, b) => a - b);
  if (targets.length === count) return new Map(targets.map((start, index) => [index, start]));
  const starts = new Map([[0, 0]]);
  for (const { at, index, targets: likely } of calls) {
    const start = likely[0]!;
    const isNew = index !== undefined && index > 0 && index < count && (starts.get(index) ?? start) === start;
    if (!isNew)
      throw contradiction(
        `${count} depths for ${targets.length} subprograms, and the call at ${at} names none`,
      );
    starts.set(index, start);
  }
  const inOrder = [...starts].sort(([a], [b]) => a - b).map(([, start]) => start);
  if (inOrder.some((start, i) => i > 0 && start <= inOrder[i - 1]!))
    throw contradiction(
      `${count} depths for ${targets.length} subprograms, whose order is not that of their starts`,
    );
  return starts;
}

/** The places that a 16-bit distance can mean, the plain one first. */
function* wraps(near: number, count: number): Generator<number> {
  if (near >= 0 && near < count) yield near;
  for (let target = ((near % 65536) + 65536) % 65536; target < count; target += 65536)
    if (target !== near) yield target;
}

/** The subprogram with the last known start at or before an instruction. */
function ownerOf(starts: ReadonlyMap<number, number>, at: number): number {
  let owner = 0;
  let latest = -1;
  for (const [index, start] of starts) {
    if (start <= at && start > latest) {
      owner = index;
      latest = start;
    }
  }
  return owner;
}

/** A callback's index lies in the second half of its ld_imm64. */
function secondImm(view: DataView, at: number, count: number): { index?: number } {
  return at + 1 < count ? { index: view.getInt32((at + 1) * 8 + 4, true) } : {};
}

function contradiction(what: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot tell the stack of the deepest call chain: ${what}`, {
    reason: 'stack-unknown',
  });
}
