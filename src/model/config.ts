// tollgate.yml: its text in, one typed object out, or every error at once, each with its place.
// Nothing in the file is ignored in silence: what this version cannot measure is an error or a warning.

import { type ConfigFile, configSchema, UNMEASURED_METRICS } from './configschema.ts';
import { withoutUndefined } from './defined.ts';
import { type Place, TollgateError, TollgateErrors } from './errors.ts';
import { type Input, inputName } from './input.ts';
import type { LoadPath } from './job.ts';
import { MAP_VALUE_PATTERN } from './mapvalue.ts';
import {
  comparePrecedence,
  LOAD,
  matchGlob,
  matchProgram,
  type ProgramName,
  TAIL_CALL_KEYS,
  TAIL_CALLS,
} from './match.ts';
import { LOAD_METRIC_NAMES, METRIC_NAMES, METRICS, type MetricName } from './metrics.ts';
import { type Fault, faultError, schemaFaults } from './schemaerrors.ts';
import type { GuestCommand, StimulusCommand } from './stimuli.ts';
import { didYouMean } from './suggest.ts';
import { type PlainYaml, parseYaml } from './yaml.ts';

/** A limit on growth, or on a fall: units of the metric, or a percentage of base's value as the text '2.5'. */
export type Increase = number | { readonly percent: string } | 'none';

/** One entry under `budgets:`. 'none' lifts the limit that a less specific rule sets. */
export interface BudgetRule {
  /** 'PROGRAM' or 'OBJECT/PROGRAM', each a name or a glob. */
  readonly match: string;
  readonly metric: MetricName;
  readonly max?: number | 'none';
  readonly increase?: Increase;
  /** These two of metrics of which more is better, those above of the others. */
  readonly min?: number | 'none';
  readonly decrease?: Increase;
  /** load_ok only: whether the program must load. It must where no rule speaks. */
  readonly required?: boolean;
  /** Kernel references or globs; without it the rule holds for every kernel. */
  readonly kernels?: readonly string[];
  /** Where the metric's entry stands. */
  readonly place: Place;
  /** Where the program's key stands. */
  readonly matchPlace: Place;
}

/** `hook` and `stimulus`, and the hook's own options, each of them a word. */
export interface AttachConfig {
  readonly hook: string;
  readonly stimulus?: string | StimulusCommand;
  readonly [option: string]: string | StimulusCommand | undefined;
}

/** How the programs that a name or glob matches are run. */
export interface ProgramConfig {
  readonly type?: string;
  readonly inputs?: readonly Input[];
  readonly attach?: AttachConfig;
  /** Where the values of `attach` stand. */
  readonly attachPlaces?: Readonly<Record<string, Place>>;
  /** Map name: key: value, each as `encodeMapBytes` reads it. */
  readonly maps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Map name: index: program name. */
  readonly tail_calls?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface LoadConfig {
  readonly iperf3: {
    readonly protocol?: 'tcp' | 'udp';
    readonly streams?: number;
    readonly bytes?: number;
    /** The same in packets, of TCP in whole segments: never beside `bytes`. */
    readonly packets?: number;
    readonly reverse?: boolean;
    readonly length?: number;
    /** UDP: packets a second, of all streams; 0: as many as they can. */
    readonly pps?: number;
    readonly window?: number;
    readonly over?: LoadPath;
    readonly mtu?: number;
    readonly gro?: boolean;
    readonly gso?: boolean;
    readonly tso?: boolean;
  };
  readonly attach?: readonly string[];
}

/** A program of the project's that loads and attaches by itself. */
export interface LoaderConfig extends GuestCommand {
  readonly ready?: string;
  readonly stimulus: string;
  readonly programs: readonly { readonly name: string; readonly pin?: string; readonly id?: number }[];
  /** Where its entry stands. */
  readonly place: Place;
}

export interface Config {
  readonly version: 1;
  readonly kernels: readonly string[];
  readonly build?: string;
  readonly machine?: { readonly cpu?: string };
  readonly objects: readonly string[];
  /** By name or glob, in the file's order; `programConfig` resolves them. */
  readonly programs: Readonly<Record<string, ProgramConfig & { readonly place: Place }>>;
  /** Map name: max_entries. */
  readonly map_sizes?: Readonly<Record<string, number>>;
  readonly load?: readonly LoadConfig[];
  /** What cannot be decided keeps the check from passing. */
  readonly fail_on?: 'inconclusive';
  readonly loaders: readonly LoaderConfig[];
  readonly budgets: readonly BudgetRule[];
  /** Lines for the user: what the file asks for and this version does not measure. */
  readonly warnings: readonly string[];
}

/**
 * Parses a budget file. `fileName` is what errors call it. Throws TollgateErrors (config), sorted by place: all faults
 * of syntax, or else all of grammar, or else all of sense.
 */
export function parseConfig(text: string, fileName: string): Config {
  const yaml = parseYaml(text, fileName);
  if (yaml.value === null || yaml.value === undefined) {
    throw new TollgateErrors([
      new TollgateError('config', `Cannot parse '${fileName}': it is empty`, {
        place: { file: fileName, line: 1, column: 1 },
        hint: "'tollgate init' writes a budget file from the objects it finds",
      }),
    ]);
  }
  throwAny(schemaFaults(configSchema, yaml.value).map(sayUnmeasured).map(sayDirection), yaml);
  const file = configSchema.parse(yaml.value);
  throwAny(senseFaults(file), yaml);
  return toConfig(file, yaml, fileName);
}

/** Where a budget file names a kernel; undefined where it does not. Throws TollgateErrors on faults of syntax. */
export function kernelPlace(text: string, fileName: string, reference: string): Place | undefined {
  const yaml = parseYaml(text, fileName);
  const { kernels } = configSchema.parse(yaml.value);
  const index = kernels.indexOf(reference);
  return index < 0 ? undefined : yaml.valuePlace(['kernels', index]);
}

/** How one program is run: for each key, the closest entry of `programs:` that has it. */
export function programConfig(programs: Config['programs'], name: ProgramName): ProgramConfig {
  const fitting = Object.entries(programs)
    .flatMap(([pattern, config]) => {
      const precedence = matchProgram(pattern, name);
      return precedence === undefined ? [] : [{ precedence, config }];
    })
    // Stable: of equally close entries the later one is merged last, and wins.
    .sort((a, b) => comparePrecedence(a.precedence, b.precedence));
  const { place: _, ...merged } = Object.assign({}, ...fitting.map((each) => each.config));
  return merged;
}

/** Bytes of 64 or '64M'; K, M, G and T are powers of 1024. */
export function parseSize(size: number | string): number {
  if (typeof size === 'number') return size;
  const power = 'KMGT'.indexOf(size.slice(-1).toUpperCase()) + 1;
  return Number(size.slice(0, power === 0 ? undefined : -1)) * 1024 ** power;
}

const MAX_ERRORS = 100;

function throwAny(faults: readonly Fault[], yaml: PlainYaml): void {
  if (faults.length === 0) return;
  const errors = faults.map((fault) => faultError(fault, yaml));
  errors.sort((a, b) => byPlace(a.details.place!, b.details.place!));
  const rest = errors.length - MAX_ERRORS;
  const more = rest > 0 ? [new TollgateError('config', `${rest} more errors`)] : [];
  throw new TollgateErrors([...errors.slice(0, MAX_ERRORS), ...more]);
}

const byPlace = (a: Place, b: Place) => a.line - b.line || a.column - b.column;

/** A metric that the design knows is not misspelled; and a program's metric does not belong under `load`. */
function sayUnmeasured(fault: Fault): Fault {
  const { path, key } = fault;
  if (key === undefined || path.length !== 2 || path[0] !== 'budgets') return fault;
  if ((UNMEASURED_METRICS as readonly string[]).includes(key)) {
    const hint = `it measures ${METRIC_NAMES.join(', ')}`;
    return { ...fault, reason: 'this version of Tollgate does not measure it yet', hint };
  }
  if (path[1] === LOAD) {
    const hint = (METRIC_NAMES as readonly string[]).includes(key)
      ? "'load' is network load; a program of that name is written 'OBJECT/load'"
      : (didYouMean(key, LOAD_METRIC_NAMES) ?? `metrics of network load: ${LOAD_METRIC_NAMES.join(', ')}`);
    return { ...fault, reason: 'no metric of network load', hint };
  }
  if (TAIL_CALL_KEYS.includes(String(path[1])))
    return { ...fault, reason: 'no metric of tail calls', hint: TAIL_CALL_NS };
  if (key === TAIL_CALL_NS)
    return {
      ...fault,
      reason: "a metric of the kernel's own tail calls",
      hint: `budgets: { ${TAIL_CALLS}: { ${key}: ... } }`,
    };
  if (LOAD_METRIC_NAMES.includes(key))
    return { ...fault, reason: 'a metric of network load', hint: `budgets: { load: { ${key}: ... } }` };
  const hint =
    didYouMean(key, [...METRIC_NAMES, ...UNMEASURED_METRICS]) ?? `metrics: ${METRIC_NAMES.join(', ')}`;
  return { ...fault, reason: 'unknown metric', hint };
}

/** What holds a cost from above, and in its place what holds a rate from below. */
const OPPOSITES = [
  ['max', 'min'],
  ['increase', 'decrease'],
] as const;

/** A limit that holds nothing, since it is on the side that the metric gets better to. */
function sayDirection(fault: Fault): Fault {
  const { path, key } = fault;
  const metric = METRICS.find(({ name }) => path[0] === 'budgets' && name === path[2] && name !== 'load_ok');
  if (!metric || path.length > 4 || (path.length === 4 && typeof path[3] !== 'number')) return fault;
  const { name, better } = metric;
  const [wrong, right] = better === 'less' ? [1, 0] : [0, 1];
  const pair = OPPOSITES.find((each) => each[wrong] === key);
  if (pair)
    return {
      ...fault,
      reason: `of ${name} ${better} is better: it is held from ${better === 'less' ? 'above' : 'below'}`,
      hint: `${name}: { ${pair[right]}: ... }`,
    };
  const isBare =
    better === 'more' && key === undefined && ['invalid_union', 'invalid_type'].includes(fault.code);
  return isBare ? { ...fault, hint: `more is better: ${name}: { min: ... }` } : fault;
}

const TAIL_CALL_NS: MetricName = 'tail_call_ns';

/** What the grammar allows and still means nothing, or two things. */
function senseFaults(file: ConfigFile): Fault[] {
  const fault = (path: Fault['path'], reason: string, hint?: string): Fault => ({
    path,
    code: 'custom',
    reason,
    ...(hint === undefined ? {} : { hint }),
  });
  const faults: Fault[] = [];
  const once = (names: readonly string[], path: Fault['path'], hint?: string) => {
    names.forEach((each, index) => {
      if (names.indexOf(each) < index) faults.push(fault([...path, index], `'${each}' comes twice`, hint));
    });
  };
  once(file.kernels, ['kernels']);
  once(file.objects ?? [], ['objects']);
  if (file.objects === undefined && file.loader === undefined)
    faults.push(fault([], "it names no 'objects'", "objects: ['build/*.bpf.o']"));
  once(
    (file.loader ?? []).map((each) => commandName(withoutUndefined(each))),
    ['loader'],
    "tell the loaders apart by 'name:'",
  );
  for (const [i, { programs }] of (file.loader ?? []).entries())
    once(
      programs.map((each) => (typeof each === 'string' ? each : each.name)),
      ['loader', i, 'programs'],
      "where 'pin' or 'id' says which one is meant, its 'name' is yours to choose",
    );

  for (const [pattern, program] of Object.entries(file.programs ?? {})) {
    const path = ['programs', pattern];
    const inputs = (program.inputs ?? []).map((input) => inputName(input as Input));
    once(inputs, [...path, 'inputs'], "tell the inputs apart by 'name:'");
    for (const [map, slots] of Object.entries(program.tail_calls ?? {})) {
      for (const index of Object.keys(slots)) {
        if (/^(?:[0-9]{1,10}|0[xX][0-9a-fA-F]{1,8})$/.test(index) && Number(index) <= 0xffff_ffff) continue;
        faults.push({
          ...fault([...path, 'tail_calls', map], 'expected an index, 0 to 2^32 - 1'),
          key: index,
        });
      }
    }
    for (const [map, entries] of Object.entries(program.maps ?? {})) {
      for (const key of Object.keys(entries)) {
        if (MAP_VALUE_PATTERN.test(key)) continue;
        const reason = "expected an integer, or 'hex:' and two hexadecimal digits a byte";
        faults.push({ ...fault([...path, 'maps', map], reason), key });
      }
    }
  }

  if (file.budgets?.load !== undefined && file.load === undefined) {
    const hint = 'load: [{ iperf3: { protocol: tcp }, attach: [PROGRAM] }]';
    faults.push(fault(['budgets', 'load'], 'there is no network load to hold to it', hint));
  }
  for (const { match, metric, entry } of budgetEntries(file)) {
    if (!TAIL_CALL_KEYS.includes(match) || typeof entry !== 'object' || entry.increase === undefined)
      continue;
    const reason = 'a kernel is the same for head and base';
    faults.push(fault(['budgets', match, metric], reason, "'max' says what a tail call may take"));
  }
  for (const { match, metric, entry, index } of budgetEntries(file)) {
    if (typeof entry !== 'object' || entry.kernels === undefined) continue;
    const path = ['budgets', match, metric, ...(index === undefined ? [] : [index]), 'kernels'];
    const globs = typeof entry.kernels === 'string' ? [entry.kernels] : entry.kernels;
    globs.forEach((glob, i) => {
      if (file.kernels.some((kernel) => matchGlob(glob, kernel) !== undefined)) return;
      const hint = didYouMean(glob, file.kernels) ?? `kernels of this file: ${file.kernels.join(', ')}`;
      const at = typeof entry.kernels === 'string' ? path : [...path, i];
      faults.push(fault(at, `'${glob}' matches no kernel of this file`, hint));
    });
  }
  return faults;
}

interface EntryObject {
  readonly max?: number | string;
  readonly increase?: number | string;
  readonly min?: number | 'none';
  readonly decrease?: number | string;
  readonly required?: boolean;
  readonly kernels?: string | readonly string[];
}

type Entry = number | string | boolean | EntryObject;

function budgetEntries(file: ConfigFile) {
  return Object.entries(file.budgets ?? {}).flatMap(([match, metrics]) =>
    Object.entries(metrics ?? {}).flatMap(([metric, value]) => {
      const entry = value as Entry | Entry[] | undefined;
      if (entry === undefined) return [];
      if (!Array.isArray(entry)) return [{ match, metric, entry, index: undefined }];
      return entry.map((each, index) => ({ match, metric, entry: each, index: index as number | undefined }));
    }),
  );
}

function toConfig(file: ConfigFile, yaml: PlainYaml, fileName: string): Config {
  const budgets = budgetEntries(file).map(({ match, metric, entry, index }): BudgetRule => {
    const path = ['budgets', match, metric];
    return {
      match,
      metric: metric as MetricName,
      ...limits(typeof entry === 'object' ? entry : bareEntry(entry)),
      place: index === undefined ? yaml.keyPlace(path) : yaml.valuePlace([...path, index]),
      matchPlace: yaml.keyPlace(['budgets', match]),
    };
  });
  // In the file's order, which the schema's own order of keys has lost: of equals the later one wins.
  budgets.sort((a, b) => byPlace(a.matchPlace, b.matchPlace) || byPlace(a.place, b.place));
  const programs = Object.entries(file.programs ?? {}).map(([pattern, { maps, inputs, attach, ...rest }]) => [
    pattern,
    {
      ...rest,
      ...(attach === undefined
        ? {}
        : {
            attach: attachOf(attach as AttachEntry, ['programs', pattern], yaml),
            attachPlaces: attachPlaces(attach as AttachEntry, ['programs', pattern, 'attach'], yaml),
          }),
      ...(inputs === undefined ? {} : { inputs: inputs as Input[] }),
      ...(maps === undefined ? {} : { maps: mapValues(maps, (entries) => mapValues(entries, String)) }),
      place: yaml.keyPlace(['programs', pattern]),
    },
  ]);
  const load = file.load?.map(({ iperf3, ...rest }) => ({
    ...rest,
    iperf3: Object.fromEntries(
      Object.entries(withoutUndefined(iperf3)).map(([key, value]) => [
        key,
        SIZES.includes(key) ? parseSize(value as number | string) : value,
      ]),
    ),
  }));
  return {
    version: 1,
    kernels: file.kernels,
    objects: file.objects ?? [],
    loaders: (file.loader ?? []).map((each, i) => loaderOf(each, yaml.valuePlace(['loader', i]))),
    ...(file.build === undefined ? {} : { build: file.build }),
    ...(file.machine === undefined ? {} : { machine: withoutUndefined(file.machine) }),
    ...(file.map_sizes === undefined ? {} : { map_sizes: file.map_sizes }),
    ...(load === undefined ? {} : { load: load as LoadConfig[] }),
    ...(file.fail_on === undefined ? {} : { fail_on: file.fail_on }),
    programs: Object.fromEntries(programs),
    budgets,
    warnings: warningsOf(budgets, fileName),
  };
}

interface AttachEntry {
  readonly hook: string;
  readonly stimulus?: string | CommandEntry;
}

/** Anything but a stimulus that is a command stays as the file has it. */
function attachOf({ stimulus, ...rest }: AttachEntry, path: Fault['path'], yaml: PlainYaml): AttachConfig {
  if (typeof stimulus !== 'object') return { ...rest, ...(stimulus === undefined ? {} : { stimulus }) };
  const command = commandOf(stimulus, 'sender');
  const at = [...path, 'attach', 'stimulus', 'files'];
  const filePlaces = command.files.map((_, i) => yaml.valuePlace([...at, i]));
  return { ...rest, stimulus: { ...command, per: stimulus.per ?? 1, filePlaces } };
}

function attachPlaces(entry: AttachEntry, path: Fault['path'], yaml: PlainYaml): Record<string, Place> {
  return Object.fromEntries(Object.keys(entry).map((key) => [key, yaml.valuePlace([...path, key])]));
}

interface CommandEntry extends Partial<Omit<GuestCommand, 'command'>> {
  readonly command: readonly string[];
  readonly per?: number;
}

function commandName({ name, command }: CommandEntry): string {
  return name ?? command[0]!.replace(/^.*\//, '');
}

function commandOf(entry: CommandEntry, side: GuestCommand['in']): GuestCommand {
  const { command, files = [], env = {} } = entry;
  return { name: commandName(entry), command, files, env, in: entry.in ?? side };
}

type LoaderEntry = NonNullable<ConfigFile['loader']>[number];

function loaderOf(entry: LoaderEntry, place: Place): LoaderConfig {
  const { ready, stimulus = 'udp:64', programs } = entry;
  return {
    ...commandOf(withoutUndefined(entry), 'receiver'),
    ...(ready === undefined ? {} : { ready }),
    stimulus,
    programs: programs.map((each) => (typeof each === 'string' ? { name: each } : withoutUndefined(each))),
    place,
  };
}

/** Keys of iperf3 that may be written '64M'. */
const SIZES: readonly string[] = ['bytes', 'length', 'window'];

function warningsOf(budgets: readonly BudgetRule[], fileName: string): string[] {
  return budgets.length === 0
    ? [`'${fileName}' has no budgets: only programs that do not load fail the check`]
    : [];
}

function bareEntry(value: number | string | boolean): EntryObject {
  return typeof value === 'boolean' ? { required: value } : { max: value };
}

function limits({ max, increase, min, decrease, required, kernels }: EntryObject) {
  return {
    ...(max === undefined ? {} : { max: max === 'none' ? ('none' as const) : parseSize(max) }),
    ...(increase === undefined ? {} : { increase: parseIncrease(increase) }),
    ...(min === undefined ? {} : { min }),
    ...(decrease === undefined ? {} : { decrease: parseIncrease(decrease) }),
    ...(required === undefined ? {} : { required }),
    ...(kernels === undefined ? {} : { kernels: typeof kernels === 'string' ? [kernels] : kernels }),
  };
}

function parseIncrease(increase: number | string): Increase {
  if (increase === 'none') return increase;
  if (typeof increase === 'string' && increase.endsWith('%')) return { percent: increase.slice(0, -1) };
  return parseSize(increase);
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
