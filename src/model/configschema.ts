// The budget file's grammar, once: it parses, it words the errors, and the editors' JSON Schema is made from it.

import * as z from 'zod';
import type { Hook } from './hooks/hook.ts';
import { HOOKS } from './hooks/index.ts';
import { inputSchema } from './input.ts';
import { LOAD_PATHS } from './job.ts';
import { MAP_VALUE_PATTERN } from './mapvalue.ts';
import { TAIL_CALL_KEYS } from './match.ts';
import { METRICS, type Metric } from './metrics.ts';
import { parseStimulus, STIMULI } from './stimuli.ts';

/** Metric names the design knows and this version does not measure: told apart from misspelled ones. */
export const UNMEASURED_METRICS = ['tail_call_insns', 'helper_calls'] as const;

/** Program types as libbpf names them (libbpf_bpf_prog_type_str). */
export const PROGRAM_TYPES = [
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
  'netfilter',
] as const;

const name = z.string().min(1).max(256);

const size = z
  .string()
  .regex(/^[0-9]{1,12}[kKMGT]$/, "expected a number, or one with K, M, G or T (of 1024) as '64M'");

const count = z.number().min(0, 'expected 0 or more');

const percent = z
  .string()
  .regex(/^[0-9]{1,9}(?:\.[0-9]{1,6})?%$/, "expected a count or a percentage as '2%'")
  .describe("a percentage of the base's value, rounded down to whole units");

const none = z.literal('none').describe('lifts the limit that a less specific entry sets');

const kernelGlobs = z
  .union([name, z.array(name).min(1, 'expected at least one kernel')], {
    error: 'expected a kernel or a list of kernels as ["debian:6.1"], globs allowed',
  })
  .describe('the kernels this budget holds for, globs allowed; without it, all of them');

/** Of what less is better: a bare number is `max`; a list holds entries for different kernels. */
function costBudgetSchema(unit: 'bytes' | 'count') {
  const limit = unit === 'bytes' ? z.union([count, size, none]) : z.union([count, none]);
  const growth = unit === 'bytes' ? z.union([count, percent, size, none]) : z.union([count, percent, none]);
  const expectedMax = unit === 'bytes' ? "expected a number of bytes, or one as '64M'" : 'expected a number';
  const bare = (unit === 'bytes' ? z.union([count, size]) : count).describe('the same as max');
  const entry = z
    .strictObject({
      max: z.union(limit.options, { error: expectedMax }).optional().describe('the most it may be'),
      increase: z
        .union(growth.options, { error: "expected a count or a percentage as '2%'" })
        .optional()
        .describe(
          "the most it may grow against the base, up to and including: a count, or a percentage as '2%'",
        ),
      kernels: kernelGlobs.optional(),
    })
    .refine((value) => value.max !== undefined || value.increase !== undefined, {
      error: "expected 'max', 'increase' or both",
    });
  const error = 'expected a number (the maximum) or { max, increase, kernels }';
  const list = z.array(z.union([bare, entry], { error })).min(1, 'expected at least one entry');
  return z.union([bare, entry, list], { error });
}

const bytesBudgetSchema = costBudgetSchema('bytes');
const countBudgetSchema = costBudgetSchema('count');

const fall = percent
  .refine((text) => Number(text.slice(0, -1)) <= 100, 'expected at most 100%: no figure falls by more')
  .describe("a percentage of the base's value, rounded down to whole units");

const RATE_EXPECTED = 'expected { min, decrease, kernels }';

const rateEntry = z
  .strictObject(
    {
      min: z.union([count, none], { error: 'expected a number' }).optional().describe('the least it may be'),
      decrease: z
        .union([count, fall, none], { error: "expected a count or a percentage as '2%'" })
        .optional()
        .describe(
          "the most it may fall against the base, down to and including: a count, or a percentage as '2%'",
        ),
      kernels: kernelGlobs.optional(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? RATE_EXPECTED : undefined) },
  )
  .refine((value) => value.min !== undefined || value.decrease !== undefined, {
    error: "expected 'min', 'decrease' or both",
  });

/** Of what more is better. A bare number would read as the maximum that it is everywhere else: there is none. */
const rateBudgetSchema = z.union([rateEntry, z.array(rateEntry).min(1, 'expected at least one entry')], {
  error: RATE_EXPECTED,
});

const loadEntry = z.strictObject({
  required: z.boolean().describe('false: the program may fail to load'),
  kernels: kernelGlobs.optional(),
});

/** load_ok is no cost: a program is required to load unless its budget says otherwise. */
const loadBudgetSchema = z.union(
  [
    z.boolean().describe('the same as required'),
    loadEntry,
    z
      .array(z.union([z.boolean(), loadEntry], { error: 'expected true, false or { required, kernels }' }))
      .min(1, 'expected at least one entry'),
  ],
  { error: 'expected true, false or { required, kernels }' },
);

function schemaOf({ name, unit, better }: Metric) {
  if (name === 'load_ok') return loadBudgetSchema;
  if (better === 'more') return rateBudgetSchema;
  return unit === 'bytes' ? bytesBudgetSchema : countBudgetSchema;
}

const BUDGETED: readonly Metric[] = METRICS;

function budgetsSchema(metrics: readonly Metric[]) {
  return z.strictObject(
    Object.fromEntries(
      metrics.map((metric) => [
        metric.name,
        schemaOf(metric).optional().describe(`${metric.description} (${metric.unit})`),
      ]),
    ) as Record<string, z.ZodOptional<ReturnType<typeof schemaOf>>>,
  );
}

const programBudgetsSchema = budgetsSchema(
  BUDGETED.filter(({ isOfLoad, isOfTailCalls }) => !isOfLoad && !isOfTailCalls),
).describe('metric: budget');
const networkBudgetsSchema = budgetsSchema(BUDGETED.filter(({ isOfLoad }) => isOfLoad)).describe(
  'budgets on network load: of every entry of load, with its programs attached',
);

const tailCallBudgetsSchema = budgetsSchema(BUDGETED.filter(({ isOfTailCalls }) => isOfTailCalls)).describe(
  "budgets on the kernel's tail calls, which timed mode measures with chains of our own",
);

const mapText = z
  .union(
    [
      z.number().int("expected an integer, or 'hex:' and two hexadecimal digits a byte"),
      z.string().regex(MAP_VALUE_PATTERN, "expected an integer, or 'hex:' and two hexadecimal digits a byte"),
    ],
    { error: "expected an integer, or 'hex:' and two hexadecimal digits a byte" },
  )
  .describe("an integer (decimal or 0x, little-endian at the map's size) or raw bytes as 'hex:0a00'");

/** A program of the project's that is run in the guest: what a loader and a stimulus have in common. */
const commandKeys = {
  name: name.optional().describe("what reports call it; without it the command's file"),
  command: z
    .array(z.string().min(1).max(4096))
    .min(1, 'expected a command and its arguments')
    .max(256)
    .describe('run in the guest, in a folder with the files; no shell'),
  files: z
    .array(name)
    .max(256)
    .optional()
    .describe('what goes into the guest with it: paths or globs relative to this file'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'expected a name'), z.string().max(4096))
    .optional()
    .describe('its environment, beside PATH, HOME and LD_LIBRARY_PATH'),
};

const stimulusCommandSchema = z
  .strictObject({
    ...commandKeys,
    in: z
      .enum(['sender', 'receiver'])
      .optional()
      .describe("the network namespace it runs in, with a device of that name; 'sender' unless said"),
    per: z
      .number()
      .int()
      .min(1, 'expected 1 or more')
      .max(1_000_000)
      .optional()
      .describe('how many events each of its runs makes: figures are divided by it; 1 unless said'),
  })
  .describe('a program of the project that makes the hook run, instead');

function attachmentSchema({ name, description, options, stimuli, attachesToStimulus }: Hook) {
  const expected = `expected ${stimuli.join(', ')}, each with a frame's length as '${stimuli[0]}:64' where it has frames`;
  const words = z.string().refine((text) => stimuli.includes(parseStimulus(text)?.name ?? ''), expected);
  return z
    .strictObject({
      hook: z.literal(name),
      ...Object.fromEntries(Object.entries(options).map(([key, option]) => [key, option.optional()])),
      stimulus: (attachesToStimulus
        ? words
        : z.union([words, stimulusCommandSchema], { error: `${expected}; or { command, files }` })
      )
        .optional()
        .describe(`what makes the hook run; without it ${stimuli[0]}`),
    })
    .describe(description);
}

/** A loader attaches to the bed as it is, and brings its own redirects. */
const LOADER_STIMULI = STIMULI.filter(
  ({ link, redirect }) => link === undefined && redirect === undefined,
).map(({ name }) => name);

const [firstHook, ...otherHooks] = HOOKS;

const attachSchema = z
  .discriminatedUnion('hook', [attachmentSchema(firstHook), ...otherHooks.map(attachmentSchema)], {
    error: `expected a hook: ${HOOKS.map(({ name }) => name).join(', ')}`,
  })
  .describe('where the program is attached, for measuring it in place');

const programSchema = z
  .strictObject({
    type: z
      .enum(PROGRAM_TYPES)
      .optional()
      .describe('the program type, where the section name does not say it'),
    inputs: z
      .array(inputSchema)
      .min(1, 'expected at least one input')
      .max(256, 'expected at most 256 inputs')
      .optional()
      .describe('what the program runs on; figures are kept apart by input'),
    attach: attachSchema.optional(),
    maps: z
      .record(name, z.record(name, mapText))
      .optional()
      .describe('map: { key: value }, written before the program runs'),
    tail_calls: z
      .record(name, z.record(name, name))
      .optional()
      .describe('map: { index: program }, the slots of a program array'),
  })
  .describe('how a program is run');

const iperf3Fields = z.strictObject({
  protocol: z.enum(['tcp', 'udp']).optional().describe('tcp, unless said otherwise'),
  streams: z.number().int().min(1).max(128).optional().describe('parallel connections'),
  bytes: z
    .union([count, size], { error: "expected a number of bytes, or one as '64M'" })
    .optional()
    .describe("how much the longer of the two runs sends, as '64M'"),
  packets: z
    .number()
    .int()
    .min(66)
    .max(100_000_000)
    .optional()
    .describe('the same in packets; of TCP in whole segments of the MTU'),
  reverse: z.boolean().optional().describe('the server sends'),
  length: z
    .union(
      [
        z
          .number()
          .int()
          .min(16)
          .max(1 << 20),
        size,
      ],
      { error: 'expected 16 bytes to 1M' },
    )
    .optional()
    .describe('bytes handed to the socket at a time; of UDP, what a packet carries'),
  pps: z
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('UDP: packets a second, of all streams, 10,000 unless said otherwise; 0: as many as they can'),
  window: z
    .union([z.number().int().min(4096), size], { error: "expected 4096 bytes or more, as '256K'" })
    .optional()
    .describe("the sockets' buffers; of TCP 256K, unless said otherwise"),
  over: z
    .enum(LOAD_PATHS)
    .optional()
    .describe(
      'veth: one link; bridge, routed: a third namespace between two links, where programs are attached',
    ),
  mtu: z.number().int().min(576).max(65_535).optional().describe("the devices' MTU"),
  gro: z.boolean().optional().describe('generic receive offload of all devices'),
  gso: z.boolean().optional().describe('generic segmentation offload of all devices'),
  tso: z.boolean().optional().describe('TCP segmentation offload of all devices'),
});

const iperf3Schema = iperf3Fields
  .refine(({ protocol, pps }) => pps === undefined || protocol === 'udp', {
    error: "only UDP is sent at a rate: expected no 'pps' without 'protocol: udp'",
    path: ['pps'],
  })
  .refine(({ bytes, packets }) => bytes === undefined || packets === undefined, {
    error: "'bytes' says how much is sent: expected no 'packets' beside it",
    path: ['packets'],
  });

const loadSchema = z
  .array(
    z.strictObject({
      iperf3: iperf3Schema.describe('traffic by iperf3'),
      attach: z.array(name).optional().describe('the programs that are attached meanwhile'),
    }),
  )
  .max(9, 'expected at most 9 loads')
  .describe('network load to measure under');

const soughtProgram = z.union(
  [
    name,
    z.strictObject({
      name: name.describe('what reports call it'),
      pin: z
        .string()
        .regex(/^\/sys\/fs\/bpf\/./, "expected a path as '/sys/fs/bpf/xdp_lb'")
        .optional(),
      id: z.number().int().min(1).max(0xffff_ffff).optional().describe("the kernel's number of it"),
    }),
  ],
  { error: 'expected a name, or { name, pin } or { name, id }' },
);

const loaderSchema = z
  .array(
    z.strictObject({
      ...commandKeys,
      ready: z
        .string()
        .min(1)
        .max(256)
        .optional()
        .describe('what a line of its output has when all is attached; without it: it has ended'),
      in: z
        .enum(['receiver', 'sender'])
        .optional()
        .describe("the network namespace it runs in, with a device of that name; 'receiver' unless said"),
      stimulus: z
        .string()
        .refine(
          (text) => LOADER_STIMULI.includes(parseStimulus(text)?.name ?? ''),
          `expected ${LOADER_STIMULI.join(', ')}`,
        )
        .optional()
        .describe('what makes its programs run; without it udp:64'),
      programs: z.array(soughtProgram).min(1, 'expected at least one program').max(256),
    }),
  )
  .min(1, 'expected at least one loader')
  .describe('programs of the project that load and attach its eBPF programs by themselves');

const kernelReference = z
  .string()
  .max(4096)
  .regex(/^(?:host|[a-z][a-z0-9-]*:\S.*)$/, "expected a kernel as 'debian:6.1' or 'path:DIR'");

export const configSchema = z
  .strictObject({
    version: z
      .literal(1, { error: "expected 1, this file format's version" })
      .describe('the version of this file format'),
    kernels: z
      .array(kernelReference)
      .min(1, 'expected at least one kernel')
      .max(64, 'expected at most 64 kernels')
      .describe("the kernels to measure on, as 'debian:6.1'"),
    build: z
      .string()
      .min(1, 'expected a command')
      .max(4096)
      .optional()
      .describe('the command that builds the objects, run for head and for the merge base'),
    machine: z
      .strictObject({ cpu: name.optional().describe("QEMU's CPU model, as 'qemu64-v1'") })
      .optional()
      .describe('the virtual machine; figures of different ones are never compared'),
    objects: z
      .array(name)
      .min(1, 'expected at least one object')
      .max(1024, 'expected at most 1024 objects')
      .optional()
      .describe("the eBPF objects, paths or globs relative to this file; needed unless there is a 'loader'"),
    programs: z
      .record(name, programSchema)
      .optional()
      .describe("how programs are run, by name or glob: 'xdp_lb', 'xdp_*', 'lb.bpf.o/xdp_lb'"),
    map_sizes: z
      .record(name, z.number().int().min(1, 'expected 1 or more').max(0xffff_ffff, 'expected less than 2^32'))
      .optional()
      .describe('map: max_entries, set before loading'),
    load: loadSchema.optional(),
    fail_on: z
      .literal('inconclusive', { error: "expected 'inconclusive'" })
      .optional()
      .describe('a verdict that stays open in timed mode keeps the check from passing'),
    loader: loaderSchema.optional(),
    budgets: z
      .object({
        load: networkBudgetsSchema.optional(),
        ...Object.fromEntries(TAIL_CALL_KEYS.map((key) => [key, tailCallBudgetsSchema.optional()])),
      })
      .catchall(programBudgetsSchema)
      .optional()
      .describe("budgets by program name or glob: 'xdp_lb', 'xdp_*', 'lb.bpf.o/xdp_lb', '*'"),
  })
  .describe('Tollgate budget file, tollgate.yml');

export type ConfigFile = z.output<typeof configSchema>;
