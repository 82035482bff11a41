// What the guest says: newline-delimited JSON, the last record {"type":"end"}. Without it there is no verdict.
// Everything in it is untrusted: a broken-into kernel may write anything, so sizes and shapes are checked.

import * as z from 'zod';
import { EVENTS_LIMIT, IPERF3_REPORT_LIMIT, LINES_LIMIT } from './job.ts';
import { absentSchema, deviceSchema, sideSchema } from './report.ts';
import { ROUNDS_LIMIT } from './timed.ts';
import { IMAGES_LIMIT } from './window.ts';

const text = (most: number) => z.string().max(most);
const address = z.string().regex(/^[0-9a-f]{1,16}$/);
const count = z.number().int().nonnegative();
/** 64-bit values travel as decimal strings. A fraction (a mean) has up to three decimals. */
const number = z.string().regex(/^-?\d{1,20}(\.\d{1,3})?$/);

export const helloSchema = z.strictObject({
  type: z.literal('hello'),
  release: text(128),
  node: text(64),
  libbpf: text(64),
  /** The timer tick's period, ns of virtual time; this and the next left out where the clock is a real one. */
  tickNs: number.optional(),
  /** TSC ticks a second of the kernel's clock; 1000000000 where the clock counts instructions exactly. */
  ticksPerSecond: number.optional(),
  possibleCpus: z.number().int().positive(),
  /** A range of memory that holds nothing anybody reads again, [address, bytes]: where the initramfs was. */
  discard: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]).optional(),
  warnings: z.array(text(1000)).max(20),
});

const imagesSchema = z
  .array(z.strictObject({ program: text(256), part: count, address, sizeBytes: count }))
  .max(IMAGES_LIMIT);

/** From one side to the other. */
const trafficSchema = z.strictObject({ packets: count, bytes: count, dropped: count });

/** Kernel stacks that were running in the network's events at ticks of a clock, `hz` times a second, by event and part. */
export const sampledLoadSchema = z.strictObject({
  hz: count,
  /** For which there was no room. */
  lost: count,
  /** All ticks, by event of any kind. */
  events: z.record(text(32), count),
  counts: z.array(z.strictObject({ event: text(32), part: text(256), samples: count })).max(4096),
});

/** One run of iperf3 on a clock that is a real one. */
export const loadRoundSchema = z.strictObject({
  /** Of the processor that all of it ran on, by event; empty without a monitor. */
  ns: z.record(text(32), count),
  /** From before the client began until both had ended. */
  elapsedNs: count,
  bytes: count,
  packets: count,
  bitsPerSecond: z.number().nonnegative(),
  lost: count,
});

/** ns a run, one each round. */
const roundsSchema = z.array(z.number()).max(ROUNDS_LIMIT).readonly();

export const recordSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), step: text(64), program: text(256).optional() }),
  z.strictObject({
    type: z.literal('program'),
    program: text(256),
    section: text(1024),
    programType: text(64),
  }),
  z.strictObject({
    type: z.literal('measurement'),
    program: text(256),
    input: text(256).optional(),
    metric: text(64),
    value: number.optional(),
    absent: absentSchema.optional(),
    note: text(2000).optional(),
    log: text(1 << 20).optional(),
  }),
  /** The object as a whole could not be opened or loaded: a statement about the object, not a failure of the run. */
  z.strictObject({ type: z.literal('object-rejected'), reason: text(1 << 16) }),
  z.strictObject({ type: z.literal('error'), message: text(1 << 16) }),
  z.strictObject({ type: z.literal('seconds'), load: number, measure: number }),
  /**
   * What each run took, pass by pass; -1 where the kernel refused the packet. And the code that could run: part 0 is a
   * program itself, the others its subprograms; part 0 of the program that was run comes first.
   */
  z.strictObject({
    type: z.literal('runs'),
    /** Which of the job's runs, from 0; one is all passes of a program over an input. */
    number: count,
    program: text(256),
    input: text(256),
    passes: count,
    insns: z.array(z.number().int()).max(2_000_000),
    images: imagesSchema,
  }),
  /** The code that a program which has been attached may run, as `runs` has it. */
  z.strictObject({ type: z.literal('code'), program: text(256), images: imagesSchema }),
  /** Which code of a function is of which line, in the object that the job has for this. */
  z.strictObject({
    type: z.literal('lines'),
    program: text(256),
    part: count,
    sizeBytes: count,
    /** Pairs: a line record's `line_col` (include/uapi/linux/bpf.h), and its first byte in this code. */
    lines: z.array(count).max(2 * LINES_LIMIT),
  }),
  /** Machine code of one tail call, as it lies in one function of a program. */
  z.strictObject({
    type: z.literal('tail-call'),
    program: text(256),
    part: count,
    /** The call's line record in the probed object. */
    lineCol: count,
    /** Its first byte in the function's code, and how long that is. */
    offset: count,
    sizeBytes: count,
    code: z.string().regex(/^([0-9a-f]{2}){0,4096}$/),
  }),
  /** What the kernel says of its guard against branch target injection (/sys/devices/system/cpu/vulnerabilities). */
  z.strictObject({ type: z.literal('guards'), spectreV2: text(1000) }),
  /** Pairs: an instruction as the verifier numbers them, and how often it was visited. */
  z.strictObject({
    type: z.literal('visits'),
    program: text(256),
    /** What the verifier says that it has processed in all. */
    processed: count,
    visits: z.array(count).max(2 * LINES_LIMIT),
    absent: text(2000).optional(),
  }),
  /** What one arm's stimulus gave, event by event; or why a hook gives nothing. */
  z.strictObject({
    type: z.literal('events'),
    stimulus: text(64),
    /** Instructions until what sets an event off has returned. */
    sent: z.array(count).max(EVENTS_LIMIT),
    /** Instructions until it is over; -1 where it got lost. */
    done: z.array(z.number().int().min(-1)).max(EVENTS_LIMIT),
    absent: absentSchema.optional(),
  }),
  /** A run of network load, or why there is none. */
  z.strictObject({
    type: z.literal('load'),
    /** of all that ran from before iperf3's client began until client and server had ended; idle time counts a nanosecond for one. */
    insns: count,
    /** What has crossed the link, as its devices count it: a packet that is not segmented yet is one. */
    there: trafficSchema,
    back: trafficSchema,
    /** iperf3's report, as it wrote it. */
    iperf3: text(IPERF3_REPORT_LIMIT),
    /** How the devices of the way are set, from the client's on. */
    devices: z.array(deviceSchema).max(8),
  }),
  /** What a monitor in the guest (bpf/netcpu.bpf.c) counts of a run, ns by event; `elapsedNs` is of a clock beside it. */
  z.strictObject({
    type: z.literal('monitor'),
    name: text(64),
    attached: z.array(text(128)).max(64),
    missing: z.array(text(128)).max(64),
    ns: z.record(text(32), count),
    elapsedNs: count,
    sampled: sampledLoadSchema.optional(),
  }),
  /** What /proc/stat counts of the same run, ticks of 10 ms by kind. */
  z.strictObject({ type: z.literal('processor-ticks'), ticks: z.record(text(32), count) }),
  z.strictObject({ type: z.literal('no-load'), absent: absentSchema }),
  /** What the kernel has counted of the attached programs until a run of load was over, in the job's order. */
  z.strictObject({
    type: z.literal('stats'),
    programs: z.array(z.strictObject({ hits: count, ns: count })).max(IMAGES_LIMIT),
  }),
  /** Where code of an attached program lies. */
  z.strictObject({ type: z.literal('image'), program: text(256), part: count, address, sizeBytes: count }),
  /** Lines 'address name', in hexadecimal and in order. */
  z.strictObject({ type: z.literal('symbols'), text: text(1 << 16) }),
  /** The machine that times: what its figures depend on. `cpuNumber`: where the runs are pinned to. */
  z.strictObject({
    type: z.literal('machine'),
    release: text(128),
    version: text(1000),
    libbpf: text(64),
    cpu: text(256),
    cpuNumber: count,
    /** Least and middle of what the clock says between two readings. */
    clockNs: z.tuple([count, count]),
    warnings: z.array(text(1000)).max(20),
  }),
  /** What follows, until the next, is of this side of a timed job. */
  z.strictObject({ type: z.literal('side'), side: sideSchema }),
  /** A program on an input, round by round; or why there are no rounds. */
  z.strictObject({
    type: z.literal('rounds'),
    program: text(256),
    input: text(256),
    head: roundsSchema,
    base: roundsSchema,
    empty: roundsSchema,
    emptyAgain: roundsSchema,
    discarded: z.strictObject({ interrupted: count, steal: count, frequency: count }),
    runsInBatch: count,
    seconds: z.number().nonnegative(),
    note: text(2000).optional(),
    absent: absentSchema.optional(),
  }),
  /** One arm of a program at a hook, round by round, by its place among the job's; or why it has none. */
  z.strictObject({
    type: z.literal('arm-rounds'),
    arm: count,
    stimulus: text(64),
    sent: roundsSchema,
    done: roundsSchema,
    mean: roundsSchema,
    p50: roundsSchema,
    p99: roundsSchema,
    count,
    lost: count,
    absent: absentSchema.optional(),
  }),
  /** One arm of a timed load job, by its place among the job's, run by run; or why it has none. */
  z.strictObject({
    type: z.literal('load-rounds'),
    arm: count,
    rounds: z.array(loadRoundSchema).max(ROUNDS_LIMIT),
    missing: z.array(text(128)).max(64),
    absent: absentSchema.optional(),
  }),
  /** Of a timed hook job: rounds left out, and what reading the clock twice takes, ns. */
  z.strictObject({
    type: z.literal('hook-rounds'),
    discarded: z.strictObject({ interrupted: count, steal: count, frequency: count }),
    clockNs: z.number().nonnegative(),
    seconds: z.number().nonnegative(),
  }),
  z.strictObject({ type: z.literal('end') }),
]);

export type Hello = z.infer<typeof helloSchema>;
export type Traffic = z.infer<typeof trafficSchema>;
export type LoadRound = z.infer<typeof loadRoundSchema>;
export type SampledLoad = z.infer<typeof sampledLoadSchema>;
export type GuestRecord = z.infer<typeof recordSchema>;
