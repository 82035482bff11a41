// Takes one profile from a saved state: the run as it is, the run again under the plugin (which must change nothing),
// and a load that tells where the machine code of each instruction begins.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionSpec, ObjectSpec } from '../model/elf.ts';
import { TollgateError } from '../model/errors.ts';
import type { Explanation, Pair } from '../model/explanation.ts';
import { steadyValue } from '../model/percentile.ts';
import type { GuestRecord, Hello } from '../model/records.ts';
import { findPlugin, pluginArguments } from '../vm/plugin.ts';
import type { Qemu } from '../vm/qemu.ts';
import { scratchFolders, withScratch } from '../vm/scratch.ts';
import type { Session } from '../vm/session.ts';
import { type Attribution, attribute, type CodeImage } from './attribute.ts';
import { type CallPathSpec, type CallPaths, readCallPaths, specText } from './callpaths.ts';
import { readProbe } from './line-probes.ts';
import { findSymbols } from './symbols.ts';

export interface ProfileRequest {
  readonly program: string;
  readonly input: string;
  readonly spec: ObjectSpec;
  /** The job, and the same with probes in its object. */
  readonly run: Uint8Array;
  readonly probed?: Uint8Array;
}

export interface ProfileOptions {
  readonly qemu: Pick<Qemu, 'path' | 'digest' | 'place'>;
  readonly distDir: string;
  readonly cacheDir: string;
}

export type Profile = Attribution &
  Pick<Explanation, 'packets' | 'outside' | 'run_insns' | 'run_insns_cold' | 'absent' | 'notes'> & {
    readonly hello: Hello;
    /** Seconds of the run alone, without and with the plugin. */
    readonly seconds: { readonly plain: number; readonly counted: number };
  };

const PROFILE_BYTES = 256 << 20;

/** Throws TollgateError ('infrastructure') where the counts do not add up to what the guest says of its runs. */
export async function takeProfile(
  session: Session,
  request: ProfileRequest,
  options: ProfileOptions,
): Promise<Profile> {
  const [plain, probed, symbols] = await Promise.all([
    session.run(request.run),
    request.probed && session.run(request.probed),
    findSymbols(session, options.cacheDir),
  ]);
  const result = {
    hello: plain.hello,
    ...figuresOf(plain.records, request),
    notes: [],
    seconds: { plain: plain.seconds.run, counted: 0 },
  };
  const ran = plain.records.find((record) => record.type === 'runs');
  const absent = absentReason(plain.records, request, ran !== undefined);
  if (!ran || absent)
    return { ...result, ...NOTHING, packets: 0, absent: absent ?? { reason: 'it was not run' } };
  const plugin = await findPlugin('callpaths', options.qemu, options);
  const chosen = chooseRuns(ran);
  if ('reason' in plugin)
    return { ...result, ...NOTHING, packets: chosen.warm.length, absent: { reason: plugin.reason } };

  const scratch = { folders: scratchFolders(options.cacheDir), sizeBytes: PROFILE_BYTES };
  return await withScratch(scratch, async (folder) => {
    const [spec, out] = [join(folder, 'spec'), join(folder, 'out')];
    const images = imagesOf(plain.records);
    const entry = images.find(({ program, part }) => program === request.program && part === 0);
    if (!entry) throw wrong('the guest does not tell where its machine code lies');
    await writeFile(spec, specText({ entry: entry.address, images, ...chosen }));
    const counted = await session.run(request.run, pluginArguments(plugin.path, { spec, out }));
    requireSame(plain.records, counted.records);
    const paths = await readCallPaths(out);
    const outside = outsideOf(paths, chosen);
    const code = describeImages(images, request.spec, probed ? imagesOf(probed.records) : []);
    const found = attribute(paths, code, symbols);
    requireTotal(found, outside, chosen);
    return {
      ...result,
      ...found,
      outside,
      packets: chosen.warm.length,
      notes: notesOf(code),
      seconds: { plain: plain.seconds.run, counted: counted.seconds.run },
    };
  });
}

const NOTHING: Attribution & Pick<Explanation, 'outside'> = {
  outside: { cold: 0, warm: 0 },
  insns: { cold: 0, warm: 0 },
  lines: [],
  calls: [],
  tailCalls: [],
  instructions: [],
  stacks: [],
};

type Subject = Pick<ProfileRequest, 'program' | 'input'>;

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

type Runs = Extract<GuestRecord, { type: 'runs' }>;

interface Chosen extends Pick<CallPathSpec, 'runs' | 'cold' | 'warm'> {
  /** What the guest says that each run took. */
  readonly insns: readonly number[];
}

/** The first run, and for each packet a steady one: those that run_insns_cold and run_insns are of. */
function chooseRuns({ passes, insns }: Runs): Chosen {
  const packets = insns.length / passes;
  const isTaken = (packet: number) => insns.every((value, i) => i % packets !== packet || value >= 0);
  const number = new Map<number, number>();
  for (const [i, value] of insns.entries()) if (value >= 0) number.set(i, number.size);
  const taken = Array.from({ length: packets }, (_, packet) => packet).filter(isTaken);
  const warm = taken.map((packet) => {
    const runs = Array.from({ length: passes - 1 }, (_, pass) => (pass + 1) * packets + packet);
    const steady = steadyValue(runs.map((run) => insns[run]!));
    return number.get(runs.find((run) => insns[run] === steady)!)!;
  });
  return {
    runs: number.size,
    cold: taken.slice(0, 1).map((packet) => number.get(packet)!),
    warm: warm.sort((a, b) => a - b),
    insns: insns.filter((value) => value >= 0),
  };
}

interface RawImage extends Pick<CodeImage, 'program' | 'address' | 'sizeBytes'> {
  readonly part: number;
  readonly lines: readonly number[];
}

function imagesOf(records: readonly GuestRecord[]): RawImage[] {
  return records.flatMap((record) =>
    record.type === 'image' ? [{ ...record, address: BigInt(`0x${record.address}`) }] : [],
  );
}

/** The probed object's code tells which instruction each byte is of; the same bytes count in the object's own. */
function describeImages(
  images: readonly RawImage[],
  { functions }: ObjectSpec,
  probed: readonly RawImage[],
): CodeImage[] {
  const specOf = (section: number, insn: number): FunctionSpec | undefined =>
    functions.find(
      (each) => each.section === section && insn >= each.start && insn < each.start + each.insnCount,
    );
  return images.map(({ program, part, address, sizeBytes }) => {
    const image = { program, address, sizeBytes };
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

function notesOf(code: readonly CodeImage[]): string[] {
  const blind = code.filter(({ spec }) => !spec).map(({ name }) => name);
  return blind.length === 0
    ? []
    : [`not told by the kernel which instruction is which, so each counts as one: ${blind.join(', ')}`];
}

/** The profile is of the very run that is measured, or it explains nothing. */
function requireSame(plain: readonly GuestRecord[], counted: readonly GuestRecord[]): void {
  const lines = (records: readonly GuestRecord[]) =>
    records.filter(({ type }) => type !== 'seconds').map((record) => JSON.stringify(record));
  const [without, under] = [lines(plain), lines(counted)];
  const at = without.findIndex((line, i) => line !== under[i]);
  if (at < 0 && without.length === under.length) return;
  const say = (line: string | undefined) => line?.slice(0, 300) ?? 'nothing';
  throw wrong(`without the plugin the guest says ${say(without[at])}, under it ${say(under[at])}`);
}

/** More than this of a run cannot be the kernel's way around the program. */
const OUTSIDE_INSNS = 16;

/**
 * What the guest's figures have beyond the program: it subtracts what an empty program's run costs, and the kernel may
 * do an instruction more or less after a program that returns something else.
 */
function outsideOf({ runs }: CallPaths, { cold, warm, insns }: Chosen): Pair {
  const sum = (numbers: readonly number[]) =>
    numbers.reduce((all, run) => {
      const outside = insns[run]! - (runs[run] ?? Number.NaN);
      if (!(Math.abs(outside) <= OUTSIDE_INSNS))
        throw wrong(`QEMU counts ${runs[run]} instructions in run ${run + 1}, the guest ${insns[run]}`);
      return all + outside;
    }, 0);
  return { cold: sum(cold), warm: sum(warm) };
}

function requireTotal(
  { insns: found, lines }: Attribution,
  outside: Pair,
  { cold, warm, insns }: Chosen,
): void {
  for (const [column, runs] of [
    ['cold', cold],
    ['warm', warm],
  ] as const) {
    const wanted = runs.reduce((sum, run) => sum + insns[run]!, 0) - outside[column];
    const attributed = lines.reduce((sum, line) => sum + line.own[column] + line.called[column], 0);
    if (found[column] !== wanted || attributed !== wanted)
      throw wrong(`${attributed} of ${wanted} instructions of the ${column} runs are attributed`);
  }
}

function wrong(what: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot explain the run: ${what}`, { reason: 'bad-profile' });
}
