// Counts the tail calls of a job's programs: the job runs under a plugin of QEMU's that counts blocks of eBPF code
// (native/tailcalls.c), of which the guest sees nothing.

import { join } from 'node:path';
import { symbolText } from '../explain/symbols.ts';
import { readTrace, type Trace } from '../explain/tail-call-trace.ts';
import {
  addOutcomes,
  type Jit,
  jitOf,
  NO_OUTCOME,
  type Outcome,
  outcomeOf,
  TAIL_CALL_METRICS,
} from '../measurements/tail-calls.ts';
import { TollgateError } from '../model/errors.ts';
import { metricOf } from '../model/metrics.ts';
import { mean, steadyValue } from '../model/percentile.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, Measurement, TailCall } from '../model/report.ts';
import { SUBJECT_AT } from '../model/window.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import type { Qemu } from '../vm/qemu.ts';
import { scratchFolders, withScratch } from '../vm/scratch.ts';
import type { JobResult, Session } from '../vm/session.ts';
import type { PlannedJob } from './plan.ts';
import { filledSlots, isFilled, whyJit } from './tail-call-words.ts';

export interface TailCallOptions {
  readonly qemu: Pick<Qemu, 'path' | 'digest' | 'place'>;
  readonly distDir: string;
  readonly cacheDir: string;
}

export interface TailCallFigures {
  readonly measurements: readonly Measurement[];
  /** Every site, with what became of it on each input. */
  readonly tailCalls: readonly TailCall[];
}

/** A job that has run, and what was counted of its tail calls, or why nothing was. */
export interface Counting {
  readonly ran: JobResult;
  readonly counted?: Counted | Absent;
}

/**
 * Runs a job, under the plugin where its object has tail calls: the guest's figures are the same either way. What keeps
 * it from running under the plugin costs the tail calls' figures alone.
 */
export async function runCounting(
  session: Session,
  job: PlannedJob,
  options: TailCallOptions,
): Promise<Counting> {
  if (!job.tailCalls) return { ran: await session.run(job.bytes) };
  if (!job.tailCalls.job) return { ran: await session.run(job.bytes), counted: UNTOLD };
  try {
    const counting = await runUnderPlugin(session, job.tailCalls.job(), options);
    if (!('reason' in counting)) return counting;
    return { ran: await session.run(job.bytes), counted: counting };
  } catch (cause) {
    return { counted: reasonOf(cause), ran: await session.run(job.bytes) };
  }
}

const UNTOLD: Absent = {
  reason:
    'no object can be made of this one by which the kernel tells which machine code is of which instruction',
};

/**
 * tail_calls and tail_call_share for every run_insns among `measured`: 0 of an object that has no tail calls, absent
 * where run_insns is or where they cannot be counted.
 */
export function tailCallFigures(
  job: PlannedJob,
  measured: readonly Measurement[],
  counted?: Counting['counted'],
): TailCallFigures {
  const runs = measured.filter(({ metric }) => metric === 'run_insns');
  const reason = counted && 'reason' in counted ? counted : undefined;
  const of = counted && !('reason' in counted) ? counted : undefined;
  return {
    measurements: runs.flatMap((run) => {
      if (run.absent) return figuresOf(run, run.absent);
      if (!job.tailCalls) return figuresOf(run, NO_TAIL_CALLS);
      const found = of?.runs.find(({ program, input }) => program === run.program && input === run.input);
      if (!found) return figuresOf(run, reason ?? { reason: 'the run that counts tail calls tells of none' });
      if (found.runInsns !== run.value)
        return figuresOf(run, {
          reason: `the runs that are counted take ${found.runInsns} instructions, those that are measured ${run.value}`,
        });
      return figuresOf(run, found);
    }),
    tailCalls: job.tailCalls ? rowsOf(job, measured, of) : [],
  };
}

/** A run that fails under the plugin costs its own figures alone. Throws all else again. */
function reasonOf(cause: unknown): Absent {
  const isOurs = cause instanceof TollgateError && cause.kind === 'infrastructure';
  if (!isOurs || cause.details.reason === 'stopped') throw cause;
  return { reason: `the run that counts tail calls failed: ${cause.message}` };
}

export interface CountedRun {
  readonly program: string;
  readonly input: string;
  readonly packets: number;
  /** Of the warm runs, a mean over packets, and summed up. */
  readonly runInsns: number;
  readonly totalInsns: number;
  readonly sites: readonly { readonly code: SiteCode; readonly outcome: Outcome }[];
  /** Instructions of the kernel's indirect thunks, which calls leave through. */
  readonly thunkInsns: number;
}

type SiteCode = Extract<GuestRecord, { type: 'tail-call' }>;

export interface Counted {
  readonly runs: readonly CountedRun[];
  readonly codes: readonly SiteCode[];
}

const TRACE_BYTES = 160 << 20;

async function runUnderPlugin(
  session: Session,
  job: Uint8Array,
  options: TailCallOptions,
): Promise<Required<Counting> | Absent> {
  const traced = await runTraced(session, job, options);
  if ('reason' in traced) return traced;
  return { ran: traced.ran, counted: readRuns(traced.ran.records, traced.trace) };
}

/**
 * Runs a job under native/tailcalls.c. With `onlyTold` it looks at nothing but the images that the guest puts into the
 * window at SUBJECT_AT, as a job of network load does.
 */
export async function runTraced(
  session: Session,
  job: Uint8Array,
  options: TailCallOptions,
  onlyTold = false,
): Promise<{ readonly ran: JobResult; readonly trace: Trace } | Absent> {
  const plugin = await findPlugin('tailcalls', options.qemu, options);
  if ('reason' in plugin) return plugin;
  const thunks = thunksOf(await symbolText(session, options.cacheDir));
  const scratch = { folders: scratchFolders(options.cacheDir), sizeBytes: TRACE_BYTES };
  return await withScratch(scratch, async (folder) => {
    const out = join(folder, 'trace');
    const ran = await session.run(job, ({ windowPath }) =>
      pluginArguments(plugin.path, {
        out,
        ...(thunks === '' ? {} : { thunks }),
        ...(onlyTold ? { window: windowPath, at: String(SUBJECT_AT) } : {}),
      }),
    );
    return { ran, trace: await readTrace(out) };
  });
}

const THUNK_BYTES = 64;

/** Where jumps to a computed address go on kernels that guard them: 'START-END+START-END', hexadecimal. */
function thunksOf(symbols: string): string {
  const ranges: [bigint, bigint][] = [];
  for (const [, address] of symbols.matchAll(THUNK)) {
    const start = BigInt(`0x${address}`);
    const last = ranges.at(-1);
    if (last && start <= last[1]) last[1] = start + BigInt(THUNK_BYTES);
    else ranges.push([start, start + BigInt(THUNK_BYTES)]);
  }
  return ranges.map(([start, end]) => `${start.toString(16)}-${end.toString(16)}`).join('+');
}

const THUNK = /^([0-9a-f]+) __x86_indirect_(?:(?:its|jump|call)_)?thunk_\w+$/gm;

/** Runs are told in their order, each with where its code lay. */
function readRuns(records: readonly GuestRecord[], trace: Trace): Counted {
  const codes = records.filter((record): record is SiteCode => record.type === 'tail-call');
  const runs: CountedRun[] = [];
  let at = 0;
  for (const record of records) {
    if (record.type !== 'runs') continue;
    const { images } = record;
    const reachable = codes.filter(({ program }) => images.some((image) => image.program === program));
    const placed = reachable.flatMap((code) => {
      // Code of another length is other code: the place of a call in it is not known.
      const image = images.find(
        ({ program, part, sizeBytes }) =>
          program === code.program && part === code.part && sizeBytes === code.sizeBytes,
      );
      return image ? [{ code, start: BigInt(`0x${image.address}`) + BigInt(code.offset) }] : [];
    });
    if (placed.length < reachable.length) continue;
    const entry = images.find(({ program, part }) => program === record.program && part === 0);
    const passed = entry ? passRuns(record, images, BigInt(`0x${entry.address}`), trace, at) : undefined;
    if (!passed) continue;
    at = passed.next;
    const packets = chooseWarm(record);
    if (packets.length === 0) continue;
    const counts = sumCounts(packets.map(({ run }) => passed.runs[run] ?? []));
    runs.push({
      program: record.program,
      input: record.input,
      packets: packets.length,
      runInsns: mean(packets.map(({ insns }) => insns)),
      totalInsns: packets.reduce((sum, { insns }) => sum + insns, 0),
      ...outcomesOf(placed, counts, trace),
    });
  }
  return { runs, codes };
}

type Runs = Extract<GuestRecord, { type: 'runs' }>;
type Image = Runs['images'][number];
type Epoch = Trace['epochs'][number];

/** The epochs of each run that the kernel took, by its number: from the program's entry on, its subprograms' included. */
function passRuns(
  { insns }: Runs,
  images: readonly Image[],
  entry: bigint,
  { epochs }: Trace,
  from: number,
): { runs: Epoch[][]; next: number } {
  const entries = new Set(images.map(({ address }) => BigInt(`0x${address}`)));
  const runs: Epoch[][] = [];
  let at = from;
  while (at < epochs.length && epochs[at]!.entry !== entry) at++;
  const wanted = insns.filter((value) => value >= 0).length;
  for (; at < epochs.length && entries.has(epochs[at]!.entry); at++) {
    if (epochs[at]!.entry === entry) {
      if (runs.length === wanted) break;
      runs.push([]);
    }
    runs.at(-1)!.push(epochs[at]!);
  }
  return { runs, next: at };
}

/** For each packet that the kernel always took, the warm run that shows its steady value, as run_insns has it. */
function chooseWarm({ passes, insns }: Runs): { run: number; insns: number }[] {
  const packets = insns.length / passes;
  const number = new Map<number, number>();
  for (const [i, value] of insns.entries()) if (value >= 0) number.set(i, number.size);
  return Array.from({ length: packets }, (_, packet) => packet).flatMap((packet) => {
    const all = Array.from({ length: passes }, (_, pass) => pass * packets + packet);
    if (all.some((run) => insns[run]! < 0)) return [];
    const steady = steadyValue(all.slice(1).map((run) => insns[run]!));
    return [{ run: number.get(all.slice(1).find((run) => insns[run] === steady)!)!, insns: steady }];
  });
}

function sumCounts(runs: readonly (readonly Epoch[])[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { blocks } of runs.flat())
    for (const [block, count] of blocks) counts.set(block, (counts.get(block) ?? 0) + count);
  return counts;
}

function outcomesOf(
  placed: readonly { readonly code: SiteCode; readonly start: bigint }[],
  counts: ReadonlyMap<number, number>,
  { blocks }: Trace,
): Pick<CountedRun, 'sites' | 'thunkInsns'> {
  let thunkInsns = 0;
  const byAddress = new Map<bigint, number>();
  for (const [id, count] of counts) {
    const block = blocks.get(id);
    if (block?.isThunk) thunkInsns += count * block.addresses.length;
    else
      for (const address of block?.addresses ?? [])
        byAddress.set(address, (byAddress.get(address) ?? 0) + count);
  }
  const sites = placed.map(({ code, start }) => {
    const bytes = Buffer.from(code.code, 'hex');
    const offsets = new Map(
      [...byAddress]
        .filter(([address]) => address >= start && address < start + BigInt(bytes.length))
        .map(([address, count]) => [Number(address - start), count]),
    );
    return { code, outcome: outcomeOf(bytes, offsets) };
  });
  return { sites, thunkInsns };
}

const NO_TAIL_CALLS: Pick<CountedRun, 'packets' | 'totalInsns' | 'sites' | 'thunkInsns'> = {
  packets: 1,
  totalInsns: 1,
  sites: [],
  thunkInsns: 0,
};

function figuresOf(
  run: Measurement,
  found: Pick<CountedRun, 'packets' | 'totalInsns' | 'sites' | 'thunkInsns'> | Absent,
): Measurement[] {
  const { target, side, object, program, input } = run;
  const of = (metric: (typeof TAIL_CALL_METRICS)[number]) => ({
    ...{ target, side, object, program, metric, unit: metricOf(metric).unit },
    ...(input === undefined ? {} : { input }),
  });
  if ('reason' in found) return TAIL_CALL_METRICS.map((metric) => ({ ...of(metric), absent: found }));
  const all = found.sites.map(({ outcome }) => outcome).reduce(addOutcomes, NO_OUTCOME);
  const share = (100 * (all.insns + found.thunkInsns)) / found.totalInsns;
  const note = noteOf(found);
  return [
    {
      ...of('tail_calls'),
      value: mean([all.taken / found.packets]),
      ...(note === '' ? {} : { note }),
    },
    { ...of('tail_call_share'), value: mean([share]) },
  ];
}

/** How many are one jump, and what went nowhere; empty where nothing needs a word. */
function noteOf({ packets, sites }: Pick<CountedRun, 'packets' | 'sites'>): string {
  const perPacket = (count: number) => String(mean([count / packets]));
  const taken = (jit: Jit) =>
    sites
      .filter(({ code }) => jitOf(Buffer.from(code.code, 'hex')) === jit)
      .reduce((sum, { outcome }) => sum + outcome.taken, 0);
  const [direct, indirect] = [taken('direct'), taken('indirect')];
  const lost = (
    [
      ['empty', 'found an empty slot'],
      ['limit', 'exceeded the limit of 33'],
      ['beyond', 'named a slot beyond the end of the map'],
    ] as const
  ).flatMap(([key, words]) => {
    const count = sites.reduce((sum, { outcome }) => sum + outcome[key], 0);
    return count === 0 ? [] : [`${perPacket(count)} ${words} and went on behind the call`];
  });
  return [
    ...(direct + indirect === 0 ? [] : [`${perPacket(direct)} direct, ${perPacket(indirect)} indirect`]),
    ...lost,
  ].join('; ');
}

/** A row for each site in each program that has its code; those of programs that do not load are told, too. */
function rowsOf(
  { side, object, tailCalls }: PlannedJob,
  measured: readonly Measurement[],
  counted: Counted | undefined,
): TailCall[] {
  const { sites, slots } = tailCalls!;
  const target = measured[0]?.target ?? '';
  const refused = new Set(
    measured.filter(({ metric, value }) => metric === 'load_ok' && value === 0).map(({ program }) => program),
  );
  const filled = filledSlots(slots, refused);
  return sites.flatMap((site) => {
    const codes = counted?.codes.filter(({ lineCol }) => lineCol === site.lineCol) ?? [];
    const source = site.code.lineAt(site.insn);
    const own = site.code.ownLineAt(site.insn);
    const isOwn = !source || !own || (own.file === source.file && own.line === source.line);
    const maps = site.maps?.map((name) => object.spec.maps.find((map) => map.name === name)!).filter(Boolean);
    return (codes.length > 0 ? codes : [undefined]).map((code): TailCall => {
      const jit = code && jitOf(Buffer.from(code.code, 'hex'));
      return {
        ...{ target, side, object: object.name },
        program: code?.program ?? site.code.name,
        function: site.code.name,
        insn: site.insn,
        ...(source ? { file: source.file, line: source.line, text: source.text } : {}),
        ...(isOwn ? {} : { near: { file: own.file, line: own.line, text: own.text } }),
        ...(site.maps ? { maps: [...site.maps] } : {}),
        ...(site.slots ? { slots: [...site.slots] } : {}),
        ...(jit ? { jit } : {}),
        why: whyJit(site, jit, maps?.[0]?.maxEntries),
        filled: filled(site),
        isFilled: isFilled(site, filled(site)),
        runs: (counted?.runs ?? []).flatMap(({ program, input, packets, sites: found }) => {
          const outcome = found.find((each) => each.code === code)?.outcome;
          if (!outcome || outcome.insns === 0) return [];
          const { insns: _insns, ...counts } = outcome;
          return [{ program, input, packets, ...counts }];
        }),
      };
    });
  });
}
