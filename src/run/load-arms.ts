// Measuring under network load: each arm (nothing attached, empty programs, the user's own at base and at head) is two
// jobs from the saved state, one of which sends twice as much, and its figures are their difference. All arms' programs
// are loaded in every arm, in one order, and only its own are attached.

import { type NetCpu, runLoad } from '../explain/netcpu.ts';
import { symbolText } from '../explain/symbols.ts';
import { type LoadCounts, loadFigures, loadMetrics } from '../measurements/load.ts';
import { type Config, type LoadConfig, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import { HOOKS, hookLabel } from '../model/hooks/index.ts';
import { type Iperf3Result, parseIperf3 } from '../model/iperf3.ts';
import type { AttachedProgram, LoadJob, LoadMonitor } from '../model/job.ts';
import type { Kernel } from '../model/kernel.ts';
import { type Load, type LoadArmCost, type LoadFigures, loadLabel } from '../model/load-cost.ts';
import { LOAD, NETWORK_LOAD } from '../model/match.ts';
import { metricOf } from '../model/metrics.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, LoadDetails, Measurement, Side } from '../model/report.ts';
import { stimulusByName } from '../model/stimuli.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Tools } from '../model/tools.ts';
import { encodeJob, type PlaceBlob } from '../model/window.ts';
import { loadFiles, moduleFiles } from '../vm/load-files.ts';
import type { Qemu } from '../vm/qemu.ts';
import type { JobResult, Session } from '../vm/session.ts';
import { type Attachment, attachmentOf, EMPTY_PROGRAM, loadedFor, ourObject } from './hooks.ts';
import type { SideObject } from './objects.ts';
import { placeObject } from './plan.ts';

/** What is attached while the load runs. */
export interface LoadArm {
  /** 'nothing', 'empty', 'base', 'head'; or of empty programs alone the hook, as 'xdp native'. */
  readonly name: string;
  /** Its programs' number; of a check one digit, so that the job is of one length whatever the arm. */
  readonly number: number;
}

export interface PlannedLoad {
  readonly load: Load;
  /** As the report calls it, an input of the program 'load'. */
  readonly input: string;
  readonly arms: readonly LoadArm[];
  /** What every arm loads. */
  readonly programs: (place: PlaceBlob) => readonly AttachedProgram[];
}

/** The loads of a check, and how many jobs they are. */
export interface LoadPlan {
  readonly loads: readonly PlannedLoad[];
  readonly runs: number;
}

export const NO_LOADS: LoadPlan = { loads: [], runs: 0 };
const JOBS_PER_ARM = 2;

export interface LoadDefaults {
  /** What the longer run sends. */
  readonly bytes: number;
  /** UDP: packets a second, of all streams; 0: as many as they can. */
  readonly pps: number;
}

/**
 * How much the longer run sends where nobody says: the least of which figures are within 0.5 % of those of ten times as much
 * (docs/networking-cpu.md), with sockets' buffers that do not grow. On 5.10 the first 18 MiB cost more than what follows.
 * Nobody slows UDP down: packets that come one by one, at a rate that one processor can serve for both ends, cost the same, where
 * otherwise the turns that client and server take decide how many get lost or are received together.
 */
const EXACT_LOAD: LoadDefaults = { bytes: 80 << 20, pps: 10_000 };
/** But of short calls no more than about as many as that has frames: each costs what a long one does. */
const DEFAULT_CALLS = 60_000;
/** Each by itself, and all alike: few are enough. */
const PACED_PACKETS = 3000;
const DEFAULT_MTU = 1500;
/** Of IP and TCP with timestamps: iperf3 takes its UDP packets for as long as its TCP connection's segments. */
const HEADERS_BYTES = 52;
/** Of TCP's sockets: without it the kernel lets them grow, and what a byte costs changes for hundreds of megabytes. */
const DEFAULT_WINDOW_BYTES = 256 << 10;

/** What the budget file says, and what holds where it does not. */
export function loadOf(iperf3: LoadConfig['iperf3'], defaults: LoadDefaults = EXACT_LOAD): Load {
  const { protocol = 'tcp', streams = 1, reverse, length, window, pps = defaults.pps } = iperf3;
  const { over = 'veth', mtu = DEFAULT_MTU, gro, gso, tso } = iperf3;
  const isUdp = protocol === 'udp';
  const packetBytes = (isUdp ? length : undefined) ?? mtu - HEADERS_BYTES;
  const isPaced = isUdp && pps > 0;
  const calls = isPaced ? PACED_PACKETS * packetBytes : DEFAULT_CALLS * (length ?? defaults.bytes);
  const wanted = iperf3.packets === undefined ? iperf3.bytes : iperf3.packets * packetBytes;
  const bytes = wanted ?? Math.min(defaults.bytes, calls);
  const windowBytes = window ?? (isUdp ? undefined : DEFAULT_WINDOW_BYTES);
  return {
    run: {
      ...{ protocol, streams, bytes },
      ...(reverse ? { isReverse: true } : {}),
      ...(length === undefined ? {} : { lengthBytes: length }),
      ...(isPaced
        ? {
            bitsPerSecond: Math.ceil((8 * pps * packetBytes) / streams),
            pacingUs: Math.max(1, Math.floor((1e6 * streams) / pps)),
          }
        : {}),
      ...(windowBytes === undefined ? {} : { windowBytes }),
    },
    link: {
      over,
      ...(iperf3.mtu === undefined ? {} : { mtuBytes: mtu }),
      ...(gro === undefined ? {} : { gro }),
      ...(gso === undefined ? {} : { gso }),
      ...(tso === undefined ? {} : { tso }),
    },
  };
}

export interface LoadPlanOptions {
  readonly head: readonly SideObject[];
  /** Left out: there is nothing to compare with. */
  readonly base?: readonly SideObject[];
  readonly config: Pick<Config, 'programs' | 'map_sizes' | 'load'>;
  readonly directory: string;
  readonly distDir: string;
  /** Of a load that says nothing; default: exact mode's. */
  readonly defaults?: LoadDefaults;
}

/** The loads of the budget file. Throws TollgateError ('config') where one attaches what cannot be. */
export function planLoads(options: LoadPlanOptions): LoadPlan {
  const loads = (options.config.load ?? []).map((load) => planLoad(load, options));
  return { loads, runs: loads.reduce((sum, { arms }) => sum + JOBS_PER_ARM * arms.length, 0) };
}

/** A load of the budget file: the programs it names, as `programs:` attaches them. Throws TollgateError ('config'). */
function planLoad({ iperf3, attach = [] }: LoadConfig, options: LoadPlanOptions): PlannedLoad {
  const load = loadOf(iperf3, options.defaults);
  const input = [loadLabel(load), ...(attach.length > 0 ? [`with ${attach.join(', ')}`] : [])].join(', ');
  const of = (side: Side, objects: readonly SideObject[] | undefined) =>
    objects && attach.flatMap((name) => findProgram(name, side, objects, options.config) ?? []);
  const head = of('head', options.head)!;
  const found = of('base', options.base);
  // What base lacks of it is another load, and no base.
  const base = found?.length === head.length ? found : undefined;
  const arms = attach.length === 0 ? [NOTHING] : [NOTHING, EMPTY, HEAD, ...(base ? [BASE] : [])];
  return {
    load,
    input,
    arms,
    programs: (place) => [
      ...(base ?? []).map((each) => ownProgram('base', each, options, place)),
      ...head.map((each) => ownProgram('head', each, options, place)),
      ...head.map(({ attachment }) => emptyProgram(attachment, options.distDir, place, EMPTY.number)),
    ],
  };
}

/**
 * A load with nothing attached, and with the empty program of each hook that sees packets, in each of its variants, or of
 * `names` alone. Throws TollgateError ('usage') on a name that is none.
 */
export function planHookLoad(load: Load, distDir: string, names?: readonly string[]): PlannedLoad {
  const onPackets = HOOKS.filter(({ stimuli: [first] }) => {
    const { unit, link, redirect } = stimulusByName(first)!;
    return unit === 'packet' && link === undefined && redirect === undefined;
  });
  const variants = onPackets.flatMap((hook) => hook.variants.map((variant) => ({ hook, variant })));
  const arms = variants.map(({ hook, variant }, i) => ({
    name: hookLabel(hook, variant),
    number: FIRST_HOOK + i,
  }));
  const known = arms.map(({ name }) => name);
  const wrong = names?.find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw new TollgateError('usage', `Cannot attach to '${wrong}' under load: no hook is called so`, {
      hint: didYouMean(wrong, known) ?? `hooks: ${known.join(', ')}`,
    });
  return {
    load,
    input: loadLabel(load),
    arms: [NOTHING, ...arms.filter(({ name }) => names?.includes(name) ?? true)],
    programs: (place) =>
      variants.map(({ hook, variant }, i) =>
        emptyProgram({ hook, options: variant }, distDir, place, FIRST_HOOK + i),
      ),
  };
}

const NOTHING: LoadArm = { name: 'nothing', number: 0 };
const EMPTY: LoadArm = { name: 'empty', number: 1 };
const BASE: LoadArm = { name: 'base', number: 2 };
const HEAD: LoadArm = { name: 'head', number: 3 };
const FIRST_HOOK = 10;

interface FoundProgram {
  readonly object: SideObject;
  readonly program: string;
  readonly attachment: Attachment;
}

/** Undefined where base has none such. */
function findProgram(
  name: string,
  side: Side,
  objects: readonly SideObject[],
  config: Pick<Config, 'programs'>,
): FoundProgram | undefined {
  const object = objects.find(({ spec }) => spec.programs.some((program) => program.name === name));
  if (!object) {
    if (side === 'base') return undefined;
    throw new TollgateError('config', `Cannot attach '${name}' under load: no object has such a program`);
  }
  const wanted = programConfig(config.programs, { object: object.name, program: name });
  if (!wanted.attach)
    throw new TollgateError('config', `Cannot attach '${name}' under load: nothing says where`, {
      hint: `programs: { ${name}: { attach: { hook: xdp } } }`,
    });
  return {
    object,
    program: name,
    attachment: attachmentOf(wanted.attach, object.spec.programs.find((each) => each.name === name)?.section),
  };
}

function ownProgram(
  side: 'base' | 'head',
  { object, program, attachment }: FoundProgram,
  options: LoadPlanOptions,
  place: PlaceBlob,
): AttachedProgram {
  const placed = placeObject({ ...options, side }, object, place);
  const arm = (side === 'base' ? BASE : HEAD).number;
  return { ...loadedFor(attachment, program, placed), program, arm, attach: placeOf(attachment) };
}

function emptyProgram(
  attachment: Omit<Attachment, 'stimulus'>,
  distDir: string,
  place: PlaceBlob,
  arm: number,
): AttachedProgram {
  const file = attachment.hook.empty(attachment.options);
  return {
    ...ourObject(attachment, distDir, file, EMPTY_PROGRAM, place),
    arm,
    attach: placeOf(attachment),
  };
}

const placeOf = ({ hook, options }: Omit<Attachment, 'stimulus'>) => ({ hook: hook.name, options });

interface ArmOptions {
  readonly qemu: Qemu;
  readonly cacheDir: string;
  readonly distDir: string;
  readonly tools?: Tools;
}

/** Runs all arms of `planned` on a machine; what each costs, load by load. */
export async function runArms(
  planned: readonly PlannedLoad[],
  machine: Session,
  kernel: Kernel,
  options: ArmOptions,
  told: (ran: JobResult) => void,
): Promise<LoadArmCost[][]> {
  if (planned.length === 0) return [];
  await symbolText(machine, options.cacheDir); // once, not by each of the jobs that want it
  return await Promise.all(
    planned.map(async (each) => {
      const files = await filesFor(each, kernel, options);
      return await Promise.all(
        each.arms.map(async (arm): Promise<LoadArmCost> => {
          const { bytes } = each.load.run;
          const runs = await Promise.all(
            [Math.floor(bytes / 2), bytes].map(async (bytes) => {
              const { ran, netCpu } = await runLoad(machine, encodeLoad(each, arm, bytes, files), options);
              told(ran);
              return readRun(kernel.reference, ran.records, netCpu);
            }),
          );
          return { arm: arm.name, figures: figuresOf(runs) };
        }),
      );
    }),
  );
}

/** What every job of a load brings along. */
export async function filesFor(
  { load }: PlannedLoad,
  kernel: Kernel,
  options: Pick<ArmOptions, 'distDir' | 'tools'>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map([
    ...(await loadFiles(options)),
    ...(load.link.over === 'bridge' ? await moduleFiles(kernel, ['bridge'], options) : []),
  ]);
}

/** The loads of a check as measurements of the target `id`. */
export async function runLoads(
  id: string,
  { loads }: LoadPlan,
  machine: Session,
  kernel: Kernel,
  options: ArmOptions,
  told: (ran: JobResult) => void,
): Promise<{ readonly measurements: readonly Measurement[]; readonly details: readonly LoadDetails[] }> {
  const costs = await runArms(loads, machine, kernel, options, told);
  const rows = loads.flatMap(({ input, load: { run } }, i) =>
    costs[i]!.flatMap(({ arm, figures }) =>
      SIDES_OF[arm]!(costs[i]!.length === 1).map((of) => ({ ...of, target: id, input, run, figures })),
    ),
  );
  return {
    measurements: rows.flatMap(({ run, figures, ...of }) =>
      loadMetrics(figures, run).map((each) => ({
        ...of,
        object: NETWORK_LOAD.object,
        unit: metricOf(each.metric).unit,
        ...each,
      })),
    ),
    details: rows.flatMap(({ run: _, figures, ...of }) =>
      'reason' in figures ? [] : [detailsOf(of, figures)],
    ),
  };
}

/** Whose figures an arm's are. Where nothing is ever attached, that is the load itself; for both sides the same run. */
const SIDES_OF: Readonly<
  Record<string, (isAlone: boolean) => readonly { readonly side: Side; readonly program: string }[]>
> = {
  nothing: (isAlone) => both(isAlone ? LOAD : `${LOAD} (nothing)`),
  empty: () => both(`${LOAD} (empty)`),
  head: () => [{ side: 'head', program: LOAD }],
  base: () => [{ side: 'base', program: LOAD }],
};

const both = (program: string) => (['base', 'head'] as const).map((side) => ({ side, program }));

function detailsOf(
  of: Pick<LoadDetails, 'target' | 'side' | 'program' | 'input'>,
  { bytes, packets, devices, parts, stacks, unaccounted, iperf3 }: LoadFigures,
): LoadDetails {
  return {
    ...of,
    ...{ bytes, packets, unaccounted },
    devices: [...devices],
    parts: [...parts],
    stacks: [...stacks],
    iperf3: iperf3.slice(0, IPERF3_KEPT),
  };
}

const IPERF3_KEPT = 16 << 10;

/** Whatever is in it but the arm's number lies at the same place in every arm's job. */
export function encodeLoad(
  { programs, load: { run, link } }: PlannedLoad,
  { number }: LoadArm,
  bytes: number,
  files: ReadonlyMap<string, Uint8Array>,
  monitors: readonly (Omit<LoadMonitor, 'elf'> & { readonly elf: Uint8Array })[] = [],
): Uint8Array {
  return encodeJob((place): LoadJob => {
    const placed = Object.fromEntries([...files].map(([name, bytes]) => [name, place(bytes)]));
    return {
      format: 1,
      task: 'load',
      attached: programs(place),
      arm: number,
      link,
      files: placed,
      ...(monitors.length > 0
        ? { monitors: monitors.map((each) => ({ ...each, elf: place(each.elf) })) }
        : {}),
      runs: [{ ...run, bytes }],
    };
  });
}

function figuresOf(runs: readonly (LoadCounts | Absent)[]): LoadFigures | Absent {
  const [shorter, longer] = runs;
  if (!shorter || !longer) return { reason: 'it has not run' };
  if ('reason' in shorter) return shorter;
  return 'reason' in longer ? longer : loadFigures(shorter, longer);
}

/** Why a guest has nothing to tell of network load; undefined where it has. Throws where it failed. */
export function noLoadOf(reference: string, records: readonly GuestRecord[]): Absent | undefined {
  const found = records.find(({ type }) => type === 'error' || type === 'no-load');
  if (found?.type === 'error')
    throw failed(reference, `the guest failed under network load: ${found.message}`, 'guest-error');
  return found?.type === 'no-load' ? found.absent : undefined;
}

function failed(reference: string, message: string, reason: string): TollgateError {
  return new TollgateError('infrastructure', `${reference}: ${message}`, { reason });
}

function readRun(
  reference: string,
  records: readonly GuestRecord[],
  netCpu: readonly NetCpu[] | Absent,
): LoadCounts | Absent {
  const absent = noLoadOf(reference, records);
  if (absent) return absent;
  if ('reason' in netCpu) return netCpu;
  const load = records.find((record) => record.type === 'load');
  const counted = netCpu[0];
  if (load?.type !== 'load' || !counted)
    throw failed(reference, 'the guest tells nothing of its network load', 'bad-records');
  const { insns, there, back, devices } = load;
  let iperf3: Iperf3Result;
  try {
    iperf3 = parseIperf3(load.iperf3);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return { reason: cause.message };
  }
  return { insns, there, back, iperf3, report: load.iperf3, devices, ...counted };
}
