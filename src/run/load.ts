// Measuring under network load: each arm (nothing attached, empty programs, the user's own) is two jobs from the saved
// state, one of which sends twice as much, and its figures are their difference.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLoad } from '../explain/netcpu.ts';
import { symbolText } from '../explain/symbols.ts';
import { type LoadCounts, loadFigures } from '../measurements/load.ts';
import { type Config, type LoadConfig, programConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { Hook, HookOptions } from '../model/hooks/hook.ts';
import { HOOKS, hookLabel } from '../model/hooks/index.ts';
import { type Iperf3Result, parseIperf3 } from '../model/iperf3.ts';
import type { AttachedProgram, LoadJob, LoadRun } from '../model/job.ts';
import type { LoadCost, LoadFigures } from '../model/load-cost.ts';
import type { Absent } from '../model/report.ts';
import { stimulusByName } from '../model/stimuli.ts';
import { encodeJob } from '../model/window.ts';
import { loadFiles } from '../vm/load-files.ts';
import { findQemu } from '../vm/qemu.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { attachmentOf, EMPTY_PROGRAM, loadingOf } from './hooks.ts';
import type { SideObject } from './objects.ts';
import { placeObject } from './plan.ts';
import { createPool, machinesAtOnce, pooled } from './pool.ts';

type Place = Parameters<Parameters<typeof encodeJob>[0]>[0];

/** What is attached while the load runs. */
export interface LoadArm {
  /** 'nothing', 'empty', 'own'; or of empty programs alone the hook, as 'xdp native'. */
  readonly name: string;
  readonly attached: (place: Place) => readonly AttachedProgram[];
}

export interface PlannedLoad {
  readonly run: LoadRun;
  readonly arms: readonly LoadArm[];
}

/**
 * How much is sent where nobody says. TCP's window and the turns that client and server take settle only behind the first
 * 128 MiB, which the shorter run is; UDP sends packets of a link's size from the first on.
 */
export const DEFAULT_LOAD_BYTES = { tcp: 256 << 20, udp: 32 << 20 } as const;

/** A load of the budget file: the programs it names, as `programs:` attaches them. Throws TollgateError ('config'). */
export function planLoad(
  { iperf3, attach = [] }: LoadConfig,
  options: {
    readonly objects: readonly SideObject[];
    readonly config: Config;
    readonly directory: string;
    readonly distDir: string;
  },
): PlannedLoad {
  const { protocol = 'tcp', streams = 1 } = iperf3;
  const run = { protocol, streams, bytes: iperf3.bytes ?? DEFAULT_LOAD_BYTES[protocol] };
  const wanted = attach.map((name) => findProgram(name, options));
  const own = (place: Place) =>
    wanted.map(({ object, program, attachment }) => {
      const { hook, options: how } = attachment;
      const placed = placeObject({ ...options, side: 'head' }, object, place);
      const programs = placed.programs.map((each) =>
        each.name === program ? { ...each, ...loadingOf(attachment) } : each,
      );
      return { ...placed, programs, program, attach: { hook: hook.name, options: how } };
    });
  const empty = (place: Place) =>
    wanted.map(({ attachment: { hook, options: how } }) => emptyProgram(hook, how, options.distDir, place));
  return {
    run,
    arms: [
      NOTHING,
      ...(wanted.length > 0
        ? [
            { name: 'empty', attached: empty },
            { name: 'own', attached: own },
          ]
        : []),
    ],
  };
}

/** A load with nothing attached, and with the empty program of each hook that sees packets, in each of its variants. */
export function planHookLoad(run: LoadRun, distDir: string): PlannedLoad {
  const onPackets = HOOKS.filter(({ stimuli: [first] }) => {
    const { unit, link, redirect } = stimulusByName(first)!;
    return unit === 'packet' && link === undefined && redirect === undefined;
  });
  const arms = onPackets.flatMap((hook) =>
    hook.variants.map(
      (variant): LoadArm => ({
        name: hookLabel(hook, variant),
        attached: (place) => [emptyProgram(hook, variant, distDir, place)],
      }),
    ),
  );
  return { run, arms: [NOTHING, ...arms] };
}

const NOTHING: LoadArm = { name: 'nothing', attached: () => [] };

function findProgram(
  name: string,
  { objects, config }: Pick<Parameters<typeof planLoad>[1], 'objects' | 'config'>,
) {
  const object = objects.find(({ spec }) => spec.programs.some((program) => program.name === name));
  if (!object)
    throw new TollgateError('config', `Cannot attach '${name}' under load: no object has such a program`);
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

function emptyProgram(hook: Hook, options: HookOptions, distDir: string, place: Place): AttachedProgram {
  const file = `${hook.empty(options)}.bpf.o`;
  return {
    object: file,
    elf: place(readFileSync(join(distDir, 'bpf', file))),
    programs: [{ name: EMPTY_PROGRAM, inputs: [], maps: {}, tailCalls: {}, ...loadingOf({ hook, options }) }],
    mapSizes: {},
    program: EMPTY_PROGRAM,
    attach: { hook: hook.name, options },
  };
}

/** Runs every arm of every load on every kernel. Throws as `execute` does; a kernel that fails is a failed target without arms. */
export async function measureLoad(
  kernels: readonly string[],
  planned: readonly PlannedLoad[],
  options: RunOptions,
): Promise<LoadCost[]> {
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const files = await loadFiles(options);
  const found = await Promise.all(
    [...new Set(kernels)].map(async (reference) => {
      const { target, result } = await onKernel(reference, qemu, pool, options, async (session, told) => {
        const machine = pooled(session, pool, options.signal);
        await symbolText(machine, options.cacheDir); // once, not by each of the jobs that want it
        const measureArm = async (run: LoadRun, { name, attached }: LoadArm) => {
          const runs = await Promise.all(
            [Math.floor(run.bytes / 2), run.bytes].map(async (bytes) => {
              const job = encodeLoad(attached, { ...run, bytes }, files);
              const { ran, netCpu } = await runLoad(machine, job, { ...options, qemu });
              told(ran);
              return readRun(reference, ran.records, netCpu);
            }),
          );
          return { arm: name, figures: figuresOf(runs) };
        };
        return await Promise.all(
          planned.map(({ run, arms }) => Promise.all(arms.map((arm) => measureArm(run, arm)))),
        );
      });
      return planned.map(({ run }, i): LoadCost => ({ target, run, arms: result?.[i] ?? [] }));
    }),
  );
  return found.flat();
}

/** Whatever is in it but the programs lies at the same place in every arm's job. */
function encodeLoad(
  attached: LoadArm['attached'],
  run: LoadRun,
  files: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  return encodeJob((place): LoadJob => {
    const placed = Object.fromEntries([...files].map(([name, bytes]) => [name, place(bytes)]));
    return { format: 1, task: 'load', attached: attached(place), files: placed, runs: [run] };
  });
}

function figuresOf(runs: readonly (LoadCounts | Absent)[]): LoadFigures | Absent {
  const [shorter, longer] = runs;
  if (!shorter || !longer) return { reason: 'it has not run' };
  if ('reason' in shorter) return shorter;
  return 'reason' in longer ? longer : loadFigures(shorter, longer);
}

function readRun(
  reference: string,
  records: Awaited<ReturnType<typeof runLoad>>['ran']['records'],
  netCpu: Awaited<ReturnType<typeof runLoad>>['netCpu'],
): LoadCounts | Absent {
  const failed = (message: string, reason: string) =>
    new TollgateError('infrastructure', `${reference}: ${message}`, { reason });
  for (const record of records) {
    if (record.type === 'error')
      throw failed(`the guest failed under network load: ${record.message}`, 'guest-error');
    if (record.type === 'no-load') return record.absent;
  }
  if ('reason' in netCpu) return netCpu;
  const load = records.find((record) => record.type === 'load');
  const counted = netCpu[0];
  if (load?.type !== 'load' || !counted)
    throw failed('the guest tells nothing of its network load', 'bad-records');
  const { insns, there, back } = load;
  let iperf3: Iperf3Result;
  try {
    iperf3 = parseIperf3(load.iperf3);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return { reason: cause.message };
  }
  return { insns, there, back, iperf3, ...counted };
}
