// What `explain` finds out of one program on one input and one kernel: plain data, the source of every rendering.
// Counts come in pairs, cold (the first run) and warm (the steady runs, summed over the input's packets), and every
// instruction of a run is in exactly one line's `own` or one call's `insns`.

import * as z from 'zod';
import { absentSchema, sideSchema, targetSchema } from './report.ts';

const text = (most: number) => z.string().max(most);
const count = z.number().int().nonnegative();

export const pairSchema = z.strictObject({ cold: count, warm: count });

/** Where in the source: absent where the object has no line information for it. */
const placeShape = {
  /** The program whose code it is: the one explained, or one that it tail-calls. */
  program: text(256),
  /** The program's own function, or a subprogram. */
  function: text(256),
  file: text(4096).optional(),
  line: z.number().int().positive().optional(),
  text: text(4096).optional(),
  /** Where the line is an inline function's: the line of the function itself that stands before it in the code. */
  near: z.strictObject({ file: text(4096), line: z.number().int().positive(), text: text(4096) }).optional(),
};

export const lineSchema = z.strictObject({
  ...placeShape,
  /** Instructions of the program's machine code that belong to the line. */
  own: pairSchema,
  /** Instructions inside of what the line calls. */
  called: pairSchema,
});

export const callSchema = z.strictObject({
  ...placeShape,
  /** The calling instruction, counted in its function. */
  insn: count,
  /** kernel: code that the JIT calls or jumps to without the program's asking, as a return thunk. */
  kind: z.enum(['helper', 'kfunc', 'kernel']),
  name: text(256),
  /** The map it is given, where the code right before the call says so. */
  on: text(256).optional(),
  /** How often it was called. */
  times: pairSchema,
  /** Instructions inside, by its own code and by all that it calls but programs; 0 where the verifier put its own
   * instructions in place of the call, which are the line's own. */
  insns: pairSchema,
  /** The same by function of the kernel, the dearest first. */
  functions: z.array(z.strictObject({ name: text(256), insns: pairSchema })),
});

export const tailCallSchema = z.strictObject({
  ...placeShape,
  insn: count,
  /** The program it went to; absent where it went on behind the call: an empty slot, or the limit of 33. */
  to: text(256).optional(),
  /** Whether one jump leads there: the JIT knew the map and the slot. */
  direct: z.boolean().optional(),
  times: pairSchema,
});

export const instructionSchema = z.strictObject({
  ...placeShape,
  /** Counted in its function. */
  insn: count,
  /** The instruction's 8 bytes as they lie in the object, in hexadecimal; 16 for a 64-bit constant. */
  code: text(32),
  /** How often it was executed. */
  times: pairSchema,
  /** Instructions of machine code. */
  own: pairSchema,
});

export const visitedLineSchema = z.strictObject({
  file: text(4096).optional(),
  line: z.number().int().positive().optional(),
  text: text(4096).optional(),
  /** How often the verifier looked at an instruction of the line. */
  visits: count,
  /** Instructions of the line that it looked at. */
  instructions: count,
});

/** A loop in the code: from where a jump leads back to, to that jump. */
export const visitedLoopSchema = z.strictObject({
  file: text(4096).optional(),
  /** Its first source line, as 'for (...)', and its last. */
  line: z.number().int().positive().optional(),
  lastLine: z.number().int().positive().optional(),
  text: text(4096).optional(),
  visits: count,
  instructions: count,
  /** How often the verifier came to its beginning. */
  rounds: count,
});

export const verifierCostSchema = z.strictObject({
  /** total_insns; the sum of `visits`, and one more where the verifier refused the program. */
  processed: count,
  /** The most visited first. */
  lines: z.array(visitedLineSchema),
  /** Loops that it went round more than once, the most visited first; an inner one's visits are the outer one's, too. */
  loops: z.array(visitedLoopSchema),
  absent: absentSchema.optional(),
});

/** What instructions are spent on; dispatch: dispatchers, trampolines, and the functions that a program is run from. */
export const OPERATIONS = ['program', 'dispatch', 'copying', 'allocation', 'locks', 'rest'] as const;

/** Instructions with nothing attached, with an empty program, and with the program itself: absent where that has none. */
const armsShape = { nothing: count, empty: count, own: count.optional() };

/**
 * One packet or event of a hook, the one whose count repeats, in each arm: every instruction of it is in one of
 * `operations`, in one of `functions` and in one of `stacks`. hook_insns is empty - nothing, hook_program_insns own - empty.
 */
export const inPlaceSchema = z.strictObject({
  ...armsShape,
  operations: z.array(z.strictObject({ operation: z.enum(OPERATIONS), ...armsShape })),
  /** Functions of the kernel, and programs; what differs most comes first. */
  functions: z.array(z.strictObject({ name: text(256), operation: z.enum(OPERATIONS), ...armsShape })),
  stacks: z.array(z.strictObject({ frames: z.array(text(512)).max(1024), ...armsShape })),
});

export const explanationSchema = z.strictObject({
  target: targetSchema,
  side: sideSchema,
  object: text(4096),
  program: text(256),
  input: text(256),
  /** Packets that the sums are of; a budget's run_insns is the mean. */
  packets: count,
  run_insns: z.number().optional(),
  run_insns_cold: z.number().optional(),
  /** Why there is no profile: everything below is empty. */
  absent: absentSchema.optional(),
  /** From the program's first instruction to its return, summed over the runs: the sum of `lines`, and that of
   * `instructions` and `calls`. */
  insns: pairSchema,
  /** What run_insns has beyond that, or lacks: the kernel's way around the program, next to an empty program's. */
  outside: z.strictObject({ cold: z.number().int(), warm: z.number().int() }),
  lines: z.array(lineSchema),
  calls: z.array(callSchema),
  tailCalls: z.array(tailCallSchema),
  instructions: z.array(instructionSchema),
  /** Call paths from the program down, for a flame graph: names from the outermost in. */
  stacks: z.array(z.strictObject({ frames: z.array(text(512)).max(1024), insns: pairSchema })),
  /** Where the program was attached to a hook: `input` names that. What is above is of the program and of what it calls,
   * one packet's, and has no first run. */
  inPlace: inPlaceSchema.optional(),
  /** Where it was asked for. */
  verifier: verifierCostSchema.optional(),
  notes: z.array(text(2000)),
});

/**
 * What did it. source: the line is new, gone or edited; compiler: the same line is other eBPF; jit: the same eBPF is
 * other machine code; path: the same code runs more or less often; callee: what it calls takes more or less.
 */
export const CAUSE_KINDS = ['source', 'compiler', 'jit', 'path', 'callee'] as const;

/** One thing that changed the count; its place is head's, or base's for what head no longer has. */
export const causeSchema = z.strictObject({
  ...placeShape,
  kind: z.enum(CAUSE_KINDS),
  /** Instructions more in head, over all packets; negative where it became cheaper. */
  change: z.number().int(),
  /** As 'new: one more bpf_map_lookup_elem on connections (+105)'. */
  what: text(4096),
});

export const differenceSchema = z.strictObject({
  target: text(256),
  object: text(4096),
  program: text(256),
  input: text(256),
  packets: count,
  base: pairSchema,
  head: pairSchema,
  /** The greatest first; they add up to head less base. */
  warm: z.array(causeSchema),
  cold: z.array(causeSchema),
  /** Lines that the verifier visits more or less often, where it was asked for. */
  verifier: z.array(causeSchema).optional(),
  /** Why there is no difference to tell of. */
  absent: absentSchema.optional(),
});

export const explanationsSchema = z.strictObject({
  schema: z.literal(1),
  tool: z.strictObject({ name: z.literal('tollgate'), version: z.string() }),
  /** Of head, and of base where one was given. */
  explanations: z.array(explanationSchema),
  differences: z.array(differenceSchema),
});

export type Pair = z.infer<typeof pairSchema>;
export type ExplainedLine = z.infer<typeof lineSchema>;
export type ExplainedCall = z.infer<typeof callSchema>;
export type ExplainedTailCall = z.infer<typeof tailCallSchema>;
export type ExplainedInstruction = z.infer<typeof instructionSchema>;
export type Operation = (typeof OPERATIONS)[number];
export type InPlace = z.infer<typeof inPlaceSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
export type VisitedLine = z.infer<typeof visitedLineSchema>;
export type VisitedLoop = z.infer<typeof visitedLoopSchema>;
export type VerifierCost = z.infer<typeof verifierCostSchema>;
export type CauseKind = (typeof CAUSE_KINDS)[number];
export type Cause = z.infer<typeof causeSchema>;
export type Difference = z.infer<typeof differenceSchema>;
export type Explanations = z.infer<typeof explanationsSchema>;

export const NO_INSNS: Pair = { cold: 0, warm: 0 };

export function addPairs(a: Pair, b: Pair): Pair {
  return { cold: a.cold + b.cold, warm: a.warm + b.warm };
}

export function sumPairs(pairs: readonly Pair[]): Pair {
  return pairs.reduce(addPairs, NO_INSNS);
}

/** Of a program that did not run, or of which nothing can be said. */
export const NO_PROFILE = {
  packets: 0,
  insns: { cold: 0, warm: 0 },
  outside: { cold: 0, warm: 0 },
  lines: [],
  calls: [],
  tailCalls: [],
  instructions: [],
  stacks: [],
  notes: [],
} satisfies Partial<Explanation>;
