// The report: plain data, the single source of every rendering. Schema 1.

import * as z from 'zod';

/** A value that could not be had, with the reason; missing is never 0. `since`: the first kernel that has it. */
export const absentSchema = z.strictObject({ reason: z.string(), since: z.string().optional() });

/** A line of the user's own source. */
export const whereSchema = z.strictObject({
  file: z.string(),
  line: z.number().int().positive(),
  text: z.string().optional(),
});

export const targetSchema = z.strictObject({
  /** As 'debian:6.1/exact'. */
  id: z.string(),
  /** The reference as the user gave it: 'debian:6.1'. */
  kernel: z.string(),
  /** uname -r: '6.1.0-56-cloud-amd64'. */
  release: z.string().optional(),
  /** The package's version: '6.1.192-2'. */
  version: z.string().optional(),
  /** sha256 of the kernel image. */
  digest: z.string().optional(),
  arch: z.string(),
  mode: z.enum(['exact', 'timed']),
  accelerator: z.string(),
  /** QEMU's version; figures of two versions are never compared. */
  qemu: z.string().optional(),
  /** The CPU model, which decides the mitigations the kernel patches in. */
  cpu: z.string().optional(),
  libbpf: z.string().optional(),
  /** What a reader of its figures must know. */
  note: z.string().optional(),
  status: z.enum(['ok', 'failed']),
  seconds: z.strictObject({ boot: z.number(), load: z.number(), measure: z.number() }),
  error: z.strictObject({ reason: z.string(), message: z.string(), tail: z.string().optional() }).optional(),
});

export const sideSchema = z.enum(['base', 'head']);

export const measurementSchema = z.strictObject({
  target: z.string(),
  side: sideSchema,
  object: z.string(),
  program: z.string(),
  input: z.string().optional(),
  metric: z.string(),
  unit: z.string(),
  value: z.number().optional(),
  absent: absentSchema.optional(),
  interval: z.tuple([z.number(), z.number()]).optional(),
  /**
   * How many packets or other events a figure in place is of, how many of them got lost, and the mean: the value is
   * what repeats, which leaves out what comes once in a while.
   */
  events: z
    .strictObject({
      count: z.number().int().nonnegative(),
      lost: z.number().int().nonnegative(),
      mean: z.number().optional(),
    })
    .optional(),
  /** Of a timed figure: how many rounds, how many were left out and why, and the least difference that means anything. */
  rounds: z
    .strictObject({
      count: z.number().int().nonnegative(),
      discarded: z.strictObject({
        interrupted: z.number().int().nonnegative(),
        steal: z.number().int().nonnegative(),
        frequency: z.number().int().nonnegative(),
      }),
      floor: z.number().nonnegative(),
      runsInBatch: z.number().int().nonnegative(),
      seconds: z.number().nonnegative(),
    })
    .optional(),
  /** Head less base, round by round, which is closer than the two intervals are; in percent where base is no near-zero. */
  change: z
    .strictObject({
      value: z.number(),
      interval: z.tuple([z.number(), z.number()]),
      percent: z.number().optional(),
      percentInterval: z.tuple([z.number(), z.number()]).optional(),
      /** How likely rounds differ so where both sides are alike, either way. */
      p: z.number(),
    })
    .optional(),
  /** Said of this figure alone, as "packet 17 is the dearest". */
  note: z.string().optional(),
  /** The last lines of the verifier's log where load_ok is 0. */
  log: z.string().optional(),
  /** The source line a rejection names. */
  where: whereSchema.optional(),
});

export const VERDICTS = [
  'pass',
  'over',
  'improved',
  'new',
  'gone',
  'no-baseline',
  'inconclusive',
  'unmeasured',
  'failed',
] as const;

/** A cost that was taken on purpose: by a commit's trailer, a label of the pull request, or an option. */
export const acceptedSchema = z.strictObject({
  by: z.enum(['commit', 'label', 'option']),
  reason: z.string(),
  /** The commit's id. */
  commit: z.string().optional(),
});

/** What head's budget file allows and base's did not, or the reverse. */
export const budgetChangeSchema = z.strictObject({
  /** loosened: something passes now that did not; such a change is a headline. */
  change: z.enum(['loosened', 'tightened', 'changed']),
  /** As 'run_insns of xdp_lb', 'kernels', 'inputs of xdp_lb'. */
  subject: z.string(),
  /** The kernels it holds for, where not for all. */
  kernels: z.array(z.string()).optional(),
  /** As the user wrote it; absent where the side has nothing of the kind. */
  base: z.string().optional(),
  head: z.string().optional(),
});

export const verdictSchema = z.strictObject({
  target: z.string(),
  object: z.string(),
  program: z.string(),
  input: z.string().optional(),
  metric: z.string(),
  unit: z.string(),
  base: z.number().optional(),
  head: z.number().optional(),
  /** head - base, in the metric's unit. */
  change: z.number().optional(),
  /** Of timed figures: where base, head and their difference lie. */
  intervals: z
    .strictObject({
      base: z.tuple([z.number(), z.number()]).optional(),
      head: z.tuple([z.number(), z.number()]).optional(),
      change: z.tuple([z.number(), z.number()]).optional(),
    })
    .optional(),
  /** The budget this row was held to, with its place in the budget file. */
  budget: z
    .strictObject({
      max: z.number().optional(),
      /** The largest increase allowed, in the metric's unit (a percentage is turned into one with base). */
      increase: z.number().optional(),
      /** Of metrics of which more is better: the least allowed, and the largest decrease. */
      min: z.number().optional(),
      decrease: z.number().optional(),
      /** As the user wrote it: 'max 420, increase 2%'. */
      text: z.string(),
      file: z.string().optional(),
      line: z.number().int().optional(),
    })
    .optional(),
  verdict: z.enum(VERDICTS),
  /** Who took this cost on purpose; a row that is over and accepted does not fail the check. */
  accepted: acceptedSchema.optional(),
  where: whereSchema.optional(),
  /** One sentence that a reader understands without the rest of the row. */
  why: z.string(),
});

const countSchema = z.number().int().nonnegative();

/** A device with its offloads as they are when programs are attached: native XDP changes them. */
export const deviceSchema = z.strictObject({
  name: z.string().max(32),
  mtuBytes: countSchema,
  gro: z.boolean(),
  gso: z.boolean(),
  tso: z.boolean(),
});

/** What stands behind the figures of one arm of network load. */
export const loadDetailsSchema = z.strictObject({
  target: z.string(),
  /** Of the arms with programs of ours or with none there is one, which serves both sides. */
  side: sideSchema,
  /** As measurements have it: 'load', 'load (empty)', 'load (nothing)'. */
  program: z.string(),
  input: z.string(),
  /** Beyond the shorter run: what figures are of. A packet is what the devices of both ends count. */
  bytes: countSchema,
  packets: countSchema,
  /** How the devices of the way were set, from the client's on. */
  devices: z.array(deviceSchema),
  /** Of the network's events, instructions a byte by part of the network stack and by program; the dearest first. */
  parts: z.array(z.strictObject({ part: z.string(), insnsPerByte: z.number() })),
  /** The same by event, in instructions: what a flame graph is made of. */
  stacks: z.array(z.strictObject({ event: z.string(), part: z.string(), insns: countSchema })).optional(),
  /** The share of all processor time that is of no event, part or user space, percent. */
  unaccounted: z.number(),
  /** iperf3's own report of the longer run, as JSON; cut where it is longer than 16 KiB. */
  iperf3: z.string(),
});

/** A place where an object makes tail calls: what is there to call, what the kernel made of it, what came of it. */
export const tailCallSchema = z.strictObject({
  target: z.string(),
  side: sideSchema,
  object: z.string(),
  /** The program whose code it is, and its own function or a subprogram. */
  program: z.string(),
  function: z.string(),
  /** Counted in its function. */
  insn: countSchema,
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
  text: z.string().optional(),
  /** Where the line is an inline function's: the line of the function itself that stands before it in the code. */
  near: whereSchema.optional(),
  /** The maps and slots that it may call, more than one where paths differ; absent where they are computed. */
  maps: z.array(z.string()).optional(),
  slots: z.array(countSchema).optional(),
  /** What the JIT made of it, read from the machine code: a jump, or a look-up; absent where there is none. */
  jit: z.enum(['direct', 'indirect']).optional(),
  why: z.string(),
  /** What lies in those slots when the runs begin. */
  filled: z.array(z.strictObject({ map: z.string(), slot: countSchema, program: z.string() })),
  isFilled: z.enum(['all', 'some', 'none']),
  /** What came of it when a program ran on an input, warm, summed over packets: to a program, or on behind the call. */
  runs: z.array(
    z.strictObject({
      program: z.string(),
      input: z.string(),
      packets: countSchema,
      taken: countSchema,
      /** Nothing in the slot; 33 calls made before; a slot beyond the end of the map. */
      empty: countSchema,
      limit: countSchema,
      beyond: countSchema,
    }),
  ),
});

export const reportSchema = z.strictObject({
  schema: z.literal(1),
  tool: z.strictObject({ name: z.literal('tollgate'), version: z.string() }),
  /** over: a budget is exceeded; failed: no verdict for at least one target. */
  verdict: z.enum(['pass', 'over', 'failed']),
  /** What a reader must know before the table, as "no base: only absolute budgets were checked". */
  notes: z.array(z.string()),
  /** The budget file of a check, and every kernel it names: what shards together must have measured. */
  config: z.strictObject({ file: z.string(), kernels: z.array(z.string()) }).optional(),
  /** The commits compared, where git or GitHub told them. */
  commits: z.strictObject({ base: z.string().optional(), head: z.string().optional() }).optional(),
  /** Which part of a check this is: shard 2 of 4 is { index: 2, count: 4 }. */
  shard: z
    .strictObject({ index: z.number().int().positive(), count: z.number().int().positive() })
    .optional(),
  budgetChanges: z.array(budgetChangeSchema).optional(),
  targets: z.array(targetSchema),
  measurements: z.array(measurementSchema),
  tailCalls: z.array(tailCallSchema).optional(),
  loads: z.array(loadDetailsSchema).optional(),
  verdicts: z.array(verdictSchema),
});

export type Absent = z.infer<typeof absentSchema>;
export type Where = z.infer<typeof whereSchema>;
export type Target = z.infer<typeof targetSchema>;
export type LoadDevice = z.infer<typeof deviceSchema>;
export type LoadDetails = z.infer<typeof loadDetailsSchema>;
export type TailCall = z.infer<typeof tailCallSchema>;
export type Measurement = z.infer<typeof measurementSchema>;
export type Accepted = z.infer<typeof acceptedSchema>;
export type BudgetChange = z.infer<typeof budgetChangeSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type VerdictName = (typeof VERDICTS)[number];
export type Report = z.infer<typeof reportSchema>;
export type Side = Measurement['side'];
