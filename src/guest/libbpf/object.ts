// Opens an object with libbpf, sets it up as the job says, and loads it, so that one program or map that a
// kernel refuses costs only itself: what is refused is left out, with its log, and the rest is loaded again.

import type { JobProgram, ObjectJob } from '../../model/job.ts';
import { encodeMapBytes } from '../../model/mapvalue.ts';
import { addressOf, cString, errorName, libbpf, memory, type Pointer } from './ffi.ts';

/** A program or map the kernel refused, and what it said. */
export interface Refused {
  readonly name: string;
  readonly reason: string;
  /** The verifier's log, or libbpf's messages where it never got that far. */
  readonly log: string;
}

export interface OpenProgram {
  readonly pointer: Pointer;
  readonly name: string;
  readonly section: string;
  readonly typeId: number;
  readonly expectedAttachType: number;
  readonly flags: number;
  readonly log: Buffer;
}

export interface OpenMap {
  readonly pointer: Pointer;
  readonly name: string;
}

export interface LoadedObject {
  readonly programs: readonly OpenProgram[];
  readonly maps: readonly OpenMap[];
  /** Whether its programs can go on in one another: it has a map of programs. */
  readonly canTailCall: boolean;
  readonly close: () => void;
}

/** Where the kernel writes a log. */
export interface LogMemory {
  readonly address: bigint;
  readonly sizeBytes: number;
}

/** What loads and what doesn't, found once per job; later loads of the same object leave the same out. */
export interface Loadable {
  readonly refusedPrograms: readonly Refused[];
  readonly refusedMaps: readonly Refused[];
  /** All programs, refused ones included, in the object's order. */
  readonly programs: readonly Pick<OpenProgram, 'name' | 'section' | 'typeId'>[];
}

/** The object cannot be opened, or not loaded for a reason that is no single program's or map's. */
export class ObjectRejected extends Error {}

const LOG_STATS = 4; // BPF_LOG_STATS; since 5.2
const LOG_TRACE = 1;
const LOG_VISITS = 2;
const STATS_LOG_BYTES = 64 << 10;
const TRACE_LOG_BYTES = 16 << 20;
const TRACE_SHOWN = 32_000;
const MAP_UPDATE_ANY = 0;

/** BPF_F_ZERO_SEED, since 5.0: a hash map's seed is 0, so that keys share buckets alike in every load. */
const ZERO_SEED = 0x40;
/** hash, percpu_hash, lru_hash, lru_percpu_hash, hash_of_maps, bloom_filter (enum bpf_map_type). */
const SEEDED_MAP_TYPES = new Set([1, 5, 9, 10, 13, 30]);
const UNSPEC = 0; // BPF_PROG_TYPE_UNSPEC
const PROG_ARRAY = 3;
const PER_CPU_MAP_TYPES = new Set([5, 6, 10, 21]);

/**
 * Finds out which programs and maps this kernel takes; `object` is the load that left out the rest, for the
 * caller to close. Throws ObjectRejected.
 */
export function findLoadable(job: ObjectJob, elf: Uint8Array): { loadable: Loadable; object: LoadedObject } {
  const refusedPrograms: Refused[] = [];
  const refusedMaps: Refused[] = [];
  for (;;) {
    const object = open(job, elf, { refusedPrograms, refusedMaps });
    const error = Number(libbpf().bpf_object__load(object.pointer));
    const messages = libbpf().takeMessages();
    if (error === 0) {
      const loadable = { refusedPrograms, refusedMaps, programs: object.programs };
      return { loadable, object: withoutRefused(object, loadable) };
    }
    const failed = whatFailed(messages, object);
    const said = textOf(object.programs.find(({ name }) => name === failed?.name)?.log ?? memory(1));
    object.close();
    if (failed?.kind === 'map' && !refusedMaps.some((map) => map.name === failed.name))
      refusedMaps.push({ name: failed.name, reason: failed.reason, log: messages });
    else if (failed?.kind === 'program' && !refusedPrograms.some((program) => program.name === failed.name))
      refusedPrograms.push(traceRejection(job, elf, failed.name, refusedMaps, { ...failed, said }));
    else throw new ObjectRejected(messages.trim() || `libbpf cannot load it: ${errorName(error)}`);
  }
}

/** Loads what is loadable, and fills maps and slots as `setUp` says. Throws ObjectRejected. */
export function loadObject(
  job: ObjectJob,
  elf: Uint8Array,
  loadable: Loadable,
  setUp?: Pick<JobProgram, 'maps' | 'tailCalls'>,
): LoadedObject {
  const object = open(job, elf, loadable);
  const error = Number(libbpf().bpf_object__load(object.pointer));
  const messages = libbpf().takeMessages();
  if (error !== 0) {
    object.close();
    throw new ObjectRejected(messages.trim() || `libbpf cannot load it: ${errorName(error)}`);
  }
  const loaded = withoutRefused(object, loadable);
  try {
    if (setUp) setUpObject(loaded, loadable, setUp);
  } catch (cause) {
    loaded.close();
    throw cause;
  }
  return loaded;
}

/** Fills maps and slots of a loaded object. Throws ObjectRejected. */
export function setUpObject(
  loaded: LoadedObject,
  { refusedPrograms }: Loadable,
  setUp: Pick<JobProgram, 'maps' | 'tailCalls'>,
): void {
  fillMaps(setUp, loaded);
  fillTailCalls(setUp, loaded, new Set(refusedPrograms.map((program) => program.name)));
}

function withoutRefused(object: LoadedObject, { refusedPrograms, refusedMaps }: Loadable): LoadedObject {
  const programs = new Set(refusedPrograms.map((program) => program.name));
  const maps = new Set(refusedMaps.map((map) => map.name));
  return {
    programs: object.programs.filter((program) => !programs.has(program.name)),
    maps: object.maps.filter((map) => !maps.has(map.name)),
    canTailCall: object.canTailCall,
    close: object.close,
  };
}

interface OpenObject extends LoadedObject {
  readonly pointer: Pointer;
}

function open(
  job: ObjectJob,
  elf: Uint8Array,
  leaveOut: Pick<Loadable, 'refusedPrograms' | 'refusedMaps'>,
): OpenObject {
  const bpf = libbpf();
  bpf.takeMessages();
  const name = cString(job.object.replace(/^.*\//, '').replace(/(\.bpf)?\.o$/, ''));
  const options = memory(16); // struct bpf_object_open_opts: sz, object_name; the rest as if zero
  options.writeBigUInt64LE(16n, 0);
  options.writeBigUInt64LE(addressOf(name), 8);
  const pointer: Pointer = bpf.bpf_object__open_mem(elf, elf.length, options);
  if (pointer === null) throw new ObjectRejected(bpf.takeMessages().trim() || 'libbpf cannot open it');

  const programs = listPrograms(pointer);
  const maps = listMaps(pointer);
  const withoutProgram = new Set(leaveOut.refusedPrograms.map((program) => program.name));
  const withoutMap = new Set(leaveOut.refusedMaps.map((map) => map.name));
  for (const program of programs) {
    const wanted = job.programs.find((candidate) => candidate.name === program.name);
    if (wanted?.type && (!wanted.type.onlyIfUnknown || program.typeId === UNSPEC)) {
      bpf.bpf_program__set_type(program.pointer, wanted.type.id);
      if (wanted.type.expectedAttachType !== undefined)
        bpf.bpf_program__set_expected_attach_type(program.pointer, wanted.type.expectedAttachType);
    }
    if (wanted?.loadedFor !== undefined) setLoadedFor(program, wanted.loadedFor);
    if (withoutProgram.has(program.name)) bpf.bpf_program__set_autoload(program.pointer, false);
    // Sections that libbpf leaves out unless asked ("?xdp") are the user's programs all the same.
    else bpf.bpf_program__set_autoload(program.pointer, true);
    bpf.bpf_program__set_log_level(program.pointer, LOG_STATS);
    bpf.bpf_program__set_log_buf(program.pointer, program.log, program.log.length);
  }
  for (const map of maps) {
    setZeroSeed(map.pointer);
    bpf.bpf_map__set_pin_path(map.pointer, null); // nothing outlives a load
    const size = job.mapSizes[map.name];
    if (size !== undefined) bpf.bpf_map__set_max_entries(map.pointer, size);
    if (withoutMap.has(map.name)) bpf.bpf_map__set_autocreate(map.pointer, false);
  }
  return {
    pointer,
    programs: programs.map((program) => ({
      ...program,
      typeId: bpf.bpf_program__type(program.pointer),
      expectedAttachType: bpf.bpf_program__expected_attach_type(program.pointer),
    })),
    maps,
    canTailCall: maps.some(({ pointer }) => Number(bpf.bpf_map__type(pointer)) === PROG_ARRAY),
    close: () => bpf.bpf_object__close(pointer),
  };
}

function setLoadedFor({ pointer, name }: OpenProgram, target: string): void {
  const error = Number(libbpf().bpf_program__set_attach_target(pointer, 0, target));
  if (error !== 0)
    throw new ObjectRejected(`'${name}' cannot be loaded for '${target}': ${errorName(error)}`);
}

function listPrograms(object: Pointer): OpenProgram[] {
  const bpf = libbpf();
  const found: OpenProgram[] = [];
  for (let at: Pointer = null; ; ) {
    at = bpf.bpf_object__next_program(object, at);
    if (at === null) return found;
    found.push({
      pointer: at,
      name: bpf.bpf_program__name(at),
      section: bpf.bpf_program__section_name(at),
      typeId: bpf.bpf_program__type(at),
      expectedAttachType: bpf.bpf_program__expected_attach_type(at),
      flags: bpf.bpf_program__flags(at),
      log: memory(STATS_LOG_BYTES),
    });
  }
}

function listMaps(object: Pointer): OpenMap[] {
  const bpf = libbpf();
  const found: OpenMap[] = [];
  for (let at: Pointer = null; ; ) {
    at = bpf.bpf_object__next_map(object, at);
    if (at === null) return found;
    found.push({ pointer: at, name: bpf.bpf_map__name(at) });
  }
}

function setZeroSeed(map: Pointer): void {
  const bpf = libbpf();
  if (SEEDED_MAP_TYPES.has(bpf.bpf_map__type(map)))
    bpf.bpf_map__set_map_flags(map, bpf.bpf_map__map_flags(map) | ZERO_SEED);
  const inner: Pointer = bpf.bpf_map__inner_map(map);
  if (inner !== null) setZeroSeed(inner);
}

/** Which program or map libbpf's messages blame; they name it in quotes. */
function whatFailed(
  messages: string,
  object: OpenObject,
): { kind: 'program' | 'map'; name: string; reason: string } | undefined {
  for (const line of messages.split('\n')) {
    const map = /map '([^']+)': failed to create(?:[^:]*): (.*)$/.exec(line);
    if (map?.[1] && object.maps.some((candidate) => candidate.name === map[1]))
      return { kind: 'map', name: map[1], reason: `map '${map[1]}' cannot be created: ${map[2]}` };
    const program = /prog '([^']+)': (.*)$/.exec(line);
    if (program?.[1] && object.programs.some((candidate) => candidate.name === program[1]))
      return { kind: 'program', name: program[1], reason: program[2] ?? '' };
  }
  return undefined;
}

/**
 * Loads one program alone with the verifier's trace, for the lines that say why it is refused. Of a trace that does not
 * fit, kernels before 6.4 lose the end: then what the verifier `said` without one stands behind it.
 */
function traceRejection(
  job: ObjectJob,
  elf: Uint8Array,
  name: string,
  refusedMaps: readonly Refused[],
  { reason, said }: { readonly reason: string; readonly said: string },
): Refused {
  const log = memory(TRACE_LOG_BYTES);
  const { messages } = loadAlone(job, elf, name, refusedMaps, LOG_TRACE, {
    address: addressOf(log),
    sizeBytes: log.length,
  });
  const trace = textOf(log);
  const isCut = trace.length >= log.length - 2;
  return { name, reason, log: isCut ? `${trace.slice(-TRACE_SHOWN)}\n${said}` : trace || messages };
}

/**
 * Loads one program with everything that the verifier looks at in `log`, its statistics at the end. Where it does not
 * fit, the load fails (ENOSPC), or since 6.4 what comes then overwrites the beginning. Whether it was loaded.
 */
export function traceVisits(
  job: ObjectJob,
  elf: Uint8Array,
  name: string,
  refusedMaps: readonly Refused[],
  log: LogMemory,
): boolean {
  return loadAlone(job, elf, name, refusedMaps, LOG_VISITS | LOG_STATS, log).isLoaded;
}

function loadAlone(
  job: ObjectJob,
  elf: Uint8Array,
  name: string,
  refusedMaps: readonly Refused[],
  level: number,
  log: LogMemory,
): { isLoaded: boolean; messages: string } {
  const bpf = libbpf();
  const object = open(job, elf, { refusedPrograms: [], refusedMaps });
  for (const program of object.programs) {
    if (program.name !== name) bpf.bpf_program__set_autoload(program.pointer, false);
    else {
      bpf.bpf_program__set_log_level(program.pointer, level);
      bpf.bpf_program__set_log_buf(program.pointer, log.address, log.sizeBytes);
    }
  }
  const isLoaded = Number(bpf.bpf_object__load(object.pointer)) === 0;
  const messages = bpf.takeMessages();
  object.close();
  return { isLoaded, messages };
}

/** A C string in memory(), without its end. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function fillMaps(setUp: Pick<JobProgram, 'maps'>, object: LoadedObject): void {
  const bpf = libbpf();
  for (const [name, entries] of Object.entries(setUp.maps)) {
    const map = object.maps.find((candidate) => candidate.name === name);
    if (!map) continue; // the host has checked the names against the object
    const keySize: number = bpf.bpf_map__key_size(map.pointer);
    const valueSize: number = bpf.bpf_map__value_size(map.pointer);
    const perCpu = PER_CPU_MAP_TYPES.has(bpf.bpf_map__type(map.pointer));
    const copies = perCpu ? Number(bpf.libbpf_num_possible_cpus()) : 1;
    const stride = perCpu ? Math.ceil(valueSize / 8) * 8 : valueSize;
    for (const [keyText, valueText] of entries) {
      const key = memory(keySize);
      key.set(encodeMapBytes(keyText, keySize));
      const value = memory(stride * copies);
      for (let copy = 0; copy < copies; copy++)
        value.set(encodeMapBytes(valueText, valueSize), copy * stride);
      const error = Number(bpf.bpf_map_update_elem(bpf.bpf_map__fd(map.pointer), key, value, MAP_UPDATE_ANY));
      if (error !== 0)
        throw new ObjectRejected(`map '${name}' does not take key ${keyText}: ${errorName(error)}`);
    }
  }
}

function fillTailCalls(
  setUp: Pick<JobProgram, 'tailCalls'>,
  object: LoadedObject,
  refused: ReadonlySet<string>,
): void {
  const bpf = libbpf();
  for (const [mapName, slots] of Object.entries(setUp.tailCalls)) {
    const map = object.maps.find((candidate) => candidate.name === mapName);
    if (!map) continue;
    if (bpf.bpf_map__type(map.pointer) !== PROG_ARRAY)
      throw new ObjectRejected(`map '${mapName}' is no prog array: tail_calls cannot fill it`);
    for (const [slot, programName] of Object.entries(slots)) {
      if (refused.has(programName)) continue; // an empty slot, as on a machine where it did not load
      const program = object.programs.find((candidate) => candidate.name === programName);
      if (!program) throw new ObjectRejected(`tail_calls: the object has no program '${programName}'`);
      const key = memory(4);
      key.writeUInt32LE(Number(slot));
      const value = memory(4);
      value.writeUInt32LE(bpf.bpf_program__fd(program.pointer));
      const error = Number(bpf.bpf_map_update_elem(bpf.bpf_map__fd(map.pointer), key, value, MAP_UPDATE_ANY));
      if (error !== 0)
        throw new ObjectRejected(
          `'${mapName}' slot ${slot} does not take '${programName}': ${errorName(error)}`,
        );
    }
  }
}
