// The profile of one packet or event at a hook, from before it is sent until it has been received: a job's arms run under
// QEMU's plugin, which counts between two readings of the clock by native/stimulus.c. The event is the one whose count
// repeats, so that the profiles of two arms differ by what the figures of the hook do.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectSpec } from '../model/elf.ts';
import { TollgateError } from '../model/errors.ts';
import { type Explanation, type InPlace, OPERATIONS, type Pair, sumPairs } from '../model/explanation.ts';
import type { HookJob } from '../model/job.ts';
import { steadyValue } from '../model/percentile.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { decodeJob } from '../model/window.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import { scratchFolders, withScratch } from '../vm/scratch.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { type Attribution, attribute, type CodeImage } from './attribute.ts';
import { type CallPaths, readCallPaths } from './callpaths.ts';
import { operationOf } from './operations.ts';
import { describeImages, notesOf, type ProfileOptions, wrong } from './profile.ts';
import { parseSymbols, type Symbols, symbolText } from './symbols.ts';

export interface EventRequest {
  /** As it goes into the window: a hook's job, with what is to be told of its code. */
  readonly bytes: Uint8Array;
  /** The stimulus whose events are counted: the job's first. */
  readonly stimulus: string;
  /** The program whose lines are told, and its object; without them all programs are functions. */
  readonly subject?: { readonly program: string; readonly spec: ObjectSpec };
}

/** One arm's event, by function, call path and line. */
export interface EventProfile extends Attribution {
  readonly ran: Pick<JobResult, 'hello' | 'seconds'>;
  readonly notes: readonly string[];
}

const PROFILE_BYTES = 64 << 20;

/** Throws TollgateError ('infrastructure') where the job fails or does not add up; absent where the hook gives no figure. */
export async function takeEvent(
  session: Session,
  { bytes, stimulus, subject }: EventRequest,
  options: ProfileOptions,
): Promise<EventProfile | Absent> {
  const plugin = await findPlugin('callpaths', options.qemu, options);
  if ('reason' in plugin) return plugin;
  const event = eventOf(join(options.distDir, 'native/stimulus'));
  const scratch = { folders: scratchFolders(options.cacheDir), sizeBytes: PROFILE_BYTES };
  return await withScratch(scratch, async (folder) => {
    const out = join(folder, 'out');
    const { warmUp: skip, count } = (decodeJob(bytes) as HookJob).stimuli[0]!;
    const settings = { ...event, skip, count, out };
    const text = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]));
    const [ran, kernel] = await Promise.all([
      session.run(bytes, () => pluginArguments(plugin.path, text)),
      symbolText(session, options.cacheDir),
    ]);
    const wanted = steadyOf(ran.records, stimulus);
    if (typeof wanted !== 'number') return wanted;
    const [paths] = await readCallPaths(out);
    if (!paths) throw wrong('QEMU saw no event');
    if ('fault' in paths) throw wrong(paths.fault);
    requireSteady(paths, wanted);
    const code = subject ? codeOf(subject, ran.records) : [];
    const found = attribute(withoutFirst(paths), code, namesOf(`${kernel}\n${programNames(ran.records)}`));
    if (found.insns.warm !== wanted)
      throw wrong(`${found.insns.warm} of ${wanted} instructions are attributed`);
    return { ...found, ran, notes: notesOf(code) };
  });
}

/** The value that repeats; events that got lost have none. */
function steadyOf(records: readonly GuestRecord[], stimulus: string): number | Absent {
  const error = records.find((record) => record.type === 'error');
  if (error)
    throw new TollgateError('infrastructure', `The guest failed at a hook: ${error.message}`, {
      reason: 'guest-error',
    });
  const events = records.find((record) => record.type === 'events' && record.stimulus === stimulus);
  if (events?.type !== 'events') throw wrong(`the guest tells nothing of stimulus '${stimulus}'`);
  if (events.absent) return events.absent;
  const lost = events.done.filter((insns) => insns < 0).length;
  return lost === 0
    ? steadyValue(events.done)
    : { reason: `${lost} of ${events.done.length} events get lost` };
}

function requireSteady({ runs, warm }: CallPaths, wanted: number): void {
  const counted = warm[0] === undefined ? undefined : runs.get(warm[0]);
  if (counted !== wanted)
    throw wrong(`QEMU counts ${counted ?? 'no'} instructions in an event, the guest ${wanted}`);
}

/** The event before the first that counts is no first run of anything. */
function withoutFirst(paths: CallPaths): CallPaths {
  const counts = paths.counts.filter(({ warm }) => warm > 0).map((count) => ({ ...count, cold: 0 }));
  return { ...paths, counts };
}

function codeOf(
  { program, spec }: { readonly program: string; readonly spec: ObjectSpec },
  records: readonly GuestRecord[],
): CodeImage[] {
  const told = records.find((record) => record.type === 'code' && record.program === program);
  if (told?.type !== 'code') throw wrong(`the guest tells nothing of the code of '${program}'`);
  return describeImages(told, spec, records);
}

function programNames(records: readonly GuestRecord[]): string {
  return records.map((record) => (record.type === 'symbols' ? record.text : '')).join('');
}

const KERNEL_SPACE = 1n << 63n;

function namesOf(text: string): Symbols {
  const { nameOf } = parseSymbols(text);
  return { nameOf: (address) => (address < KERNEL_SPACE ? 'stimulus' : nameOf(address)) };
}

/** Where the event's function lies, from the symbol table of the program that goes into the guest. */
function eventOf(path: string): { event: number; bytes: number } {
  const file = readFileSync(path);
  const [table, entry, count] = [
    Number(file.readBigUInt64LE(40)),
    file.readUInt16LE(58),
    file.readUInt16LE(60),
  ];
  const sections = Array.from({ length: count }, (_, i) => {
    const at = table + i * entry;
    const [from, size] = [24, 32].map((field) => Number(file.readBigUInt64LE(at + field)));
    return { type: file.readUInt32LE(at + 4), link: file.readUInt32LE(at + 40), from: from!, size: size! };
  });
  const symbols = sections.find(({ type }) => type === SHT_SYMTAB);
  const names = symbols && sections[symbols.link];
  for (let at = symbols?.from ?? 0; names && at < symbols.from + symbols.size; at += SYMBOL_BYTES) {
    const name = names.from + file.readUInt32LE(at);
    if (file.toString('latin1', name, file.indexOf(0, name)) !== EVENT) continue;
    return { event: Number(file.readBigUInt64LE(at + 8)), bytes: Number(file.readBigUInt64LE(at + 16)) };
  }
  throw new TollgateError('infrastructure', `Cannot explain a hook: '${path}' has no symbol '${EVENT}'`, {
    reason: 'bad-profile',
  });
}

const EVENT = 'tollgate_event';
const SHT_SYMTAB = 2;
const SYMBOL_BYTES = 24;

/** The arms of one hook; the third is missing where the program's own gives no figure. */
export interface EventArms {
  readonly nothing: EventProfile;
  readonly empty: EventProfile;
  readonly own?: EventProfile;
}

/** What the arms took by function, operation and call path; each adds up to the arm's instructions. */
export function inPlaceOf(arms: EventArms): InPlace {
  const functions = joined(arms, ({ functions: all }) =>
    all.map(({ name, isProgram, insns }) => ({ row: functionOf(name, isProgram), insns })),
  ).sort((a, b) => spread(b) - spread(a) || b.empty - a.empty || (a.row.name < b.row.name ? -1 : 1));
  const stacks = joined(arms, ({ stacks: all }) =>
    all.map(({ frames, insns }) => ({ row: { name: frames.join('\0'), frames }, insns })),
  );
  const ofOperation = OPERATIONS.map((operation) => ({
    operation,
    ...totals(
      functions.filter(({ row }) => row.operation === operation),
      arms,
    ),
  }));
  return {
    ...totals(functions, arms),
    operations: ofOperation,
    functions: functions.map(({ row, ...counts }) => ({ ...row, ...counts })),
    stacks: stacks.map(({ row: { frames }, ...counts }) => ({ frames: [...frames], ...counts })),
  };
}

/** 'bpf_prog_6deef7357e7b4530_nop', as the kernel names a program of another object. */
const PROGRAM = /^bpf_prog_[0-9a-f]{16}(?:_(.+))?$/;

function functionOf(name: string, isProgram: boolean) {
  const program = isProgram ? name : PROGRAM.exec(name) && (PROGRAM.exec(name)![1] ?? name);
  return {
    name: program ? `program ${program}` : name,
    operation: operationOf(name, program !== null),
  };
}

interface Counts {
  readonly nothing: number;
  readonly empty: number;
  readonly own?: number;
}

/** Rows of all arms by their `name`. */
function joined<R extends { readonly name: string }>(
  arms: EventArms,
  rowsOf: (arm: EventProfile) => readonly { readonly row: R; readonly insns: Pair }[],
): ({ readonly row: R } & Counts)[] {
  const none = { nothing: 0, empty: 0, ...(arms.own ? { own: 0 } : {}) };
  const rows = new Map<string, { row: R } & { -readonly [K in keyof Counts]: Counts[K] }>();
  for (const [arm, profile] of Object.entries(arms) as [keyof Counts, EventProfile][])
    for (const { row, insns } of rowsOf(profile)) {
      if (insns.warm === 0) continue;
      const known = rows.get(row.name) ?? { row, ...none };
      rows.set(row.name, known);
      known[arm] = (known[arm] ?? 0) + insns.warm;
    }
  return [...rows.values()];
}

function totals(rows: readonly Counts[], { own }: EventArms): Counts {
  const sum = (of: (row: Counts) => number) => rows.reduce((all, row) => all + of(row), 0);
  return {
    nothing: sum(({ nothing }) => nothing),
    empty: sum(({ empty }) => empty),
    ...(own ? { own: sum((row) => row.own ?? 0) } : {}),
  };
}

function spread({ nothing, empty, own = empty }: Counts): number {
  return Math.abs(empty - nothing) + Math.abs(own - empty);
}

/**
 * The program's own part of an event, as an explanation has it: what happened in it and under it. Of its tail calls only
 * the other program's instructions are told; which way they went is for a test run to tell.
 */
export function programPart({
  lines,
  calls,
  instructions,
}: EventProfile): Pick<Explanation, 'insns' | 'lines' | 'calls' | 'tailCalls' | 'instructions' | 'stacks'> {
  const insns = sumPairs(lines.flatMap(({ own, called }) => [own, called]));
  return { insns, lines: [...lines], calls, tailCalls: [], instructions, stacks: [] };
}
