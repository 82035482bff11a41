// Takes profiles from a saved state: a job runs under the plugin, which counts the runs of as many programs and inputs as
// the job tells of, and behind all runs loads an object that tells where the machine code of each instruction begins.

import { join } from 'node:path';
import type { FunctionSpec, ObjectSpec } from '../model/elf.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import { type Explanation, NO_PROFILE, type Pair } from '../model/explanation.ts';
import { steadyValue } from '../model/percentile.ts';
import type { GuestRecord, Hello } from '../model/records.ts';
import type { Absent } from '../model/report.ts';
import { SUBJECT_AT } from '../model/window.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import type { Qemu } from '../vm/qemu.ts';
import { scratchFolders, withScratch } from '../vm/scratch.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { type Attribution, attribute, type CodeImage } from './attribute.ts';
import { type CallPaths, type CountedRuns, readCallPaths } from './callpaths.ts';
import type { WantedRuns } from './follow.ts';
import { readProbe } from './line-probes.ts';
import { runLogged } from './logged.ts';
import { findSymbols, type Symbols } from './symbols.ts';

export interface ProfilesRequest {
  readonly spec: ObjectSpec;
  /** As it goes into the window. */
  readonly bytes: Uint8Array;
  /** What the job tells of. */
  readonly subjects: readonly Subject[];
}

interface Subject {
  readonly program: string;
  readonly input: string;
}

export interface ProfileOptions {
  readonly qemu: Pick<Qemu, 'path' | 'digest' | 'place' | 'version'>;
  readonly distDir: string;
  readonly cacheDir: string;
  /** What counts; by default the plugin, and QEMU's log where it loads none. */
  readonly from?: 'plugin' | 'log';
}

export type Profile = Subject &
  Omit<Attribution, 'functions' | 'elsewhere'> &
  Pick<Explanation, 'packets' | 'outside' | 'run_insns' | 'run_insns_cold' | 'absent' | 'notes'>;

export interface Profiles {
  readonly hello: Hello;
  readonly seconds: JobResult['seconds'];
  /** One for each subject, in their order; absent, with the reason, where it did not run or does not add up. */
  readonly profiles: readonly Profile[];
}

const PROFILE_BYTES = 256 << 20;

/** Throws TollgateError ('infrastructure') where the job as a whole fails. */
export async function takeProfiles(
  session: Session,
  request: ProfilesRequest,
  options: ProfileOptions,
): Promise<Profiles> {
  const plugin = options.from === 'log' ? ASKED_FOR : await findPlugin('callpaths', options.qemu, options);
  if ('reason' in plugin) return await takeFromLog(session, request, options, plugin);
  const scratch = { folders: scratchFolders(options.cacheDir), sizeBytes: PROFILE_BYTES };
  return await withScratch(scratch, async (folder) => {
    const out = join(folder, 'out');
    const [ran, symbols] = await Promise.all([
      session.run(request.bytes, ({ windowPath }) =>
        pluginArguments(plugin.path, { window: windowPath, at: String(SUBJECT_AT), out }),
      ),
      findSymbols(session, options.cacheDir),
    ]);
    const counted = await readCallPaths(out);
    return profilesOf(ran, request, (subject) => {
      const runs = runsOf(ran.records, subject);
      return explainRuns(subject, runs, counted[runs.number], { ...ran, spec: request.spec, symbols });
    });
  });
}

const ASKED_FOR = { reason: 'as asked for' };

/**
 * With QEMU's own log, which needs to know beforehand which runs it is of: figures are those of a run without it, and what
 * it counts is held against them.
 */
async function takeFromLog(
  session: Session,
  request: ProfilesRequest,
  { qemu, cacheDir }: ProfileOptions,
  { reason }: Absent,
): Promise<Profiles> {
  const [ran, symbols] = await Promise.all([session.run(request.bytes), findSymbols(session, cacheDir)]);
  const wanted = ran.records.flatMap((record) => {
    if (record.type !== 'runs') return [];
    const of = wantedRuns(record);
    return of ? [[record.number, of] as const] : [];
  });
  const logged = await runLogged(session, request.bytes, new Map(wanted), qemu.version);
  return profilesOf(ran, request, (subject) => {
    const { images } = runsOf(logged.records, subject);
    const runs = { ...runsOf(ran.records, subject), images };
    const scope = { records: ran.records, spec: request.spec, symbols };
    const profile = explainRuns(subject, runs, logged.counted.get(runs.number), scope);
    return { ...profile, notes: [...profile.notes, `counted in QEMU's log, not by a plugin: ${reason}`] };
  });
}

/** Each subject fails alone. */
function profilesOf(
  { hello, seconds, records }: JobResult,
  { subjects }: ProfilesRequest,
  explain: (subject: Subject) => Profile,
): Profiles {
  const ran = new Set(
    records.flatMap((each) => (each.type === 'runs' ? [`${each.program}\0${each.input}`] : [])),
  );
  const profiles = subjects.map((subject): Profile => {
    const absent = absentReason(records, subject, ran.has(`${subject.program}\0${subject.input}`));
    if (absent) return { ...nothing(subject, records), absent };
    try {
      return explain(subject);
    } catch (cause) {
      if (!(cause instanceof TollgateError)) throw cause;
      return { ...nothing(subject, records), absent: { reason: messageOf(cause) } };
    }
  });
  return { hello, seconds, profiles };
}

interface Scope {
  readonly records: readonly GuestRecord[];
  readonly spec: ObjectSpec;
  readonly symbols: Symbols;
}

type Runs = Extract<GuestRecord, { type: 'runs' }>;

function runsOf(records: readonly GuestRecord[], { program, input }: Subject): Runs {
  const found = records.find(
    (each) => each.type === 'runs' && each.program === program && each.input === input,
  );
  if (found?.type !== 'runs') throw wrong('the guest tells nothing of it');
  return found;
}

function explainRuns(
  subject: Subject,
  runs: Runs,
  paths: CountedRuns | undefined,
  { records, spec, symbols }: Scope,
): Profile {
  if (!paths) throw wrong('QEMU did not see it');
  if ('fault' in paths) throw wrong(paths.fault);
  const outside = outsideOf(paths, runs);
  const code = describeImages(runs, spec, records);
  const { functions: _, elsewhere, ...found } = attribute(paths, code, symbols);
  if (elsewhere.cold + elsewhere.warm > 0) throw wrong(`${elsewhere.warm} instructions are of no program`);
  requireTotal(found, paths);
  return {
    ...nothing(subject, records),
    ...found,
    outside,
    packets: paths.warm.length,
    notes: notesOf(code),
  };
}

function nothing(subject: Subject, records: readonly GuestRecord[]): Profile {
  return {
    ...subject,
    ...figuresOf(records, subject),
    ...NO_PROFILE,
  };
}

function figuresOf(
  records: readonly GuestRecord[],
  { program, input }: Subject,
): Pick<Explanation, 'run_insns' | 'run_insns_cold'> {
  const value = (metric: string) =>
    records.flatMap((record) =>
      record.type === 'measurement' &&
      record.program === program &&
      record.input === input &&
      record.metric === metric &&
      record.value !== undefined
        ? [Number(record.value)]
        : [],
    )[0];
  const [warm, cold] = [value('run_insns'), value('run_insns_cold')];
  return {
    ...(warm === undefined ? {} : { run_insns: warm }),
    ...(cold === undefined ? {} : { run_insns_cold: cold }),
  };
}

/** Why there are no runs: what the guest says of the object, of the program, or of its figure. */
function absentReason(
  records: readonly GuestRecord[],
  { program, input }: Subject,
  hasRun: boolean,
): Explanation['absent'] {
  for (const record of records) {
    if (record.type === 'error')
      throw new TollgateError('infrastructure', `The guest failed on '${program}': ${record.message}`, {
        reason: 'guest-error',
      });
    if (record.type === 'object-rejected') return { reason: record.reason.split('\n')[0]!.slice(0, 500) };
    if (record.type !== 'measurement' || record.program !== program) continue;
    if (record.metric.startsWith('run_') && (record.input ?? input) === input && record.absent)
      return record.absent;
  }
  return hasRun ? undefined : { reason: 'the kernel does not load it' };
}

/** The first run of the first packet that has a steady one. */
function coldRun({ packets, warm }: Pick<CallPaths, 'packets' | 'warm'>): number | undefined {
  return warm[0] === undefined ? undefined : warm[0] % packets;
}

/** As native/callpaths.c chooses them: of each packet that the kernel takes the first run of the steady value. */
export function wantedRuns({ insns, passes }: Pick<Runs, 'insns' | 'passes'>): WantedRuns | undefined {
  const packets = insns.length / passes;
  const warm = Array.from({ length: packets }, (_, packet) => packet).flatMap((packet) => {
    const runs = Array.from({ length: passes - 1 }, (_, pass) => (pass + 1) * packets + packet);
    if ([packet, ...runs].some((run) => insns[run]! < 0)) return [];
    const steady = steadyValue(runs.map((run) => insns[run]!));
    return [runs.find((run) => insns[run] === steady)!];
  });
  const cold = coldRun({ packets, warm });
  return cold === undefined ? undefined : { cold, warm };
}

/** The object with probes tells which instruction each byte is of; the same bytes count in the object's own code. */
export function describeImages(
  { images }: Pick<Runs, 'images'>,
  { functions }: ObjectSpec,
  records: readonly GuestRecord[],
): CodeImage[] {
  const probed = records.filter((record) => record.type === 'lines');
  const specOf = (section: number, insn: number): FunctionSpec | undefined =>
    functions.find(
      (each) => each.section === section && insn >= each.start && insn < each.start + each.insnCount,
    );
  return images.map(({ program, part, sizeBytes, ...raw }) => {
    const image = { program, address: BigInt(`0x${raw.address}`), sizeBytes };
    const twin = probed.find((each) => each.program === program && each.part === part);
    const probes = pairsOf(twin?.lines ?? []).flatMap(([lineCol, offset]) => {
      const found = readProbe(lineCol);
      return found ? [{ ...found, offset }] : [];
    });
    const spec = probes[0] && specOf(probes[0].section, probes[0].insn);
    if (twin?.sizeBytes !== sizeBytes || !spec)
      return { ...image, name: part === 0 ? program : `${program}#${part}`, insns: [] };
    return {
      ...image,
      name: part === 0 ? program : `${program}/${spec.name}`,
      spec,
      insns: probes
        .map(({ insn, offset }) => ({ offset, insn: insn - spec.start }))
        .sort((a, b) => a.offset - b.offset || a.insn - b.insn),
    };
  });
}

function pairsOf(values: readonly number[]): [number, number][] {
  return Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i]!, values[2 * i + 1]!]);
}

export function notesOf(code: readonly CodeImage[]): string[] {
  const blind = code.filter(({ spec }) => !spec).map(({ name }) => name);
  return blind.length === 0
    ? []
    : [`not told by the kernel which instruction is which, so each counts as one: ${blind.join(', ')}`];
}

/** More than this of a run cannot be the kernel's way around the program. */
const OUTSIDE_INSNS = 16;

/**
 * What the guest's figures have beyond the program: it subtracts what an empty program's run costs, and the kernel may
 * do an instruction more or less after a program that returns something else. Throws where the plugin has summed up
 * other runs than those that the guest's figures are of.
 */
function outsideOf(paths: CallPaths, { insns, passes }: Runs): Pair {
  const { packets, runs, warm } = paths;
  if (packets * passes !== insns.length || paths.passes !== passes)
    throw wrong(`QEMU sees ${packets} x ${paths.passes} runs, the guest ${insns.length}`);
  const outside = (run: number) => {
    const beyond = insns[run]! - (runs.get(run) ?? Number.NaN);
    if (Math.abs(beyond) <= OUTSIDE_INSNS) return beyond;
    throw wrong(
      `QEMU counts ${runs.get(run) ?? 'no'} instructions in run ${run + 1}, the guest ${insns[run]}`,
    );
  };
  for (const run of warm) {
    const all = Array.from({ length: passes - 1 }, (_, i) => insns[(i + 1) * packets + (run % packets)]!);
    if (insns[run] !== steadyValue(all))
      throw wrong(
        `QEMU takes the ${runs.get(run)} instructions of run ${run + 1} for steady, the guest others`,
      );
  }
  const cold = coldRun(paths);
  return {
    cold: cold === undefined ? 0 : outside(cold),
    warm: warm.reduce((sum, run) => sum + outside(run), 0),
  };
}

function requireTotal({ insns: found, lines }: Pick<Attribution, 'insns' | 'lines'>, paths: CallPaths): void {
  const cold = coldRun(paths);
  for (const [column, runs] of [
    ['cold', cold === undefined ? [] : [cold]],
    ['warm', paths.warm],
  ] as const) {
    const wanted = runs.reduce((sum, run) => sum + paths.runs.get(run)!, 0);
    const attributed = lines.reduce((sum, line) => sum + line.own[column] + line.called[column], 0);
    if (found[column] !== wanted || attributed !== wanted)
      throw wrong(`${attributed} of ${wanted} instructions of the ${column} runs are attributed`);
  }
}

export function wrong(what: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot explain the run: ${what}`, { reason: 'bad-profile' });
}
