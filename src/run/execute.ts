// Runs the planned jobs on every kernel, side by side, and gathers targets and measurements. A kernel that
// fails is a failed target with its reason; the others go on.

import { resolveKernel, unpackedVmlinux } from '../kernels/index.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import type { Kernel, LockedKernel } from '../model/kernel.ts';
import type { OnProgress, OnWarning } from '../model/progress.ts';
import type { LoadDetails, Measurement, TailCall, Target } from '../model/report.ts';
import type { Tools } from '../model/tools.ts';
import { buildInitramfs } from '../vm/initramfs.ts';
import { DEFAULT_CPU, type MachineSpec, machineOf } from '../vm/machine.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import { type JobResult, openSession, type Session, type SessionOptions } from '../vm/session.ts';
import { DEFAULT_DEADLINES, type Deadlines } from '../vm/vm.ts';
import { collect } from './collect.ts';
import { collectHook, type HookPlan } from './hooks.ts';
import { type LoadPlan, NO_LOADS, runLoads } from './load-arms.ts';
import { collectLoader } from './loaders.ts';
import type { PlannedJob } from './plan.ts';
import { createPool, machinesAtOnce, type Pool, pooled } from './pool.ts';
import { runCounting, tailCallFigures } from './tail-calls.ts';
import { targetErrorOf } from './target-error.ts';

/** What every command that starts machines takes; made by the entry, which alone reads flags and environment. */
export interface RunOptions {
  readonly cacheDir: string;
  /** dist/, with the guest and its native files. */
  readonly distDir: string;
  readonly mirror?: string;
  readonly proxy?: string;
  readonly offline?: boolean;
  readonly lock?: readonly LockedKernel[];
  /** Where relative path: references start. */
  readonly baseDir: string;
  readonly cpu?: string;
  /** More of the kernel's own arguments, as 'spectre_v2=off': another machine state. */
  readonly kernelArguments?: readonly string[];
  readonly qemuPath?: string;
  /** What lies unpacked instead of being installed. */
  readonly tools?: Tools;
  readonly useSavedState: boolean;
  readonly savedStatesLimitBytes: number;
  readonly deadlines?: Partial<Deadlines>;
  /** Machines at once; default: what cores and memory allow. */
  readonly parallel?: number;
  readonly onProgress?: OnProgress;
  readonly onWarning?: OnWarning;
  readonly signal?: AbortSignal;
}

export interface Results {
  readonly targets: readonly Target[];
  readonly measurements: readonly Measurement[];
  /** The sites of objects that make tail calls. */
  readonly tailCalls: readonly TailCall[];
  /** What stands behind the figures of network load. */
  readonly loads: readonly LoadDetails[];
}

const NO_HOOKS: HookPlan = { hooks: [], loaders: [], jobs: new Map() };

/** Runs `jobs`, the arms of `hooks` and those of `loads` on each of `kernels` in exact mode. Throws only on abort and on faults that no kernel is guilty of. */
export async function execute(
  kernels: readonly string[],
  jobs: readonly PlannedJob[],
  options: RunOptions,
  hooks: HookPlan = NO_HOOKS,
  loads: LoadPlan = NO_LOADS,
): Promise<Results> {
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const results = await Promise.all(
    [...new Set(kernels)].map((kernel) => executeOn(kernel, { jobs, hooks, loads }, qemu, pool, options)),
  );
  return {
    targets: results.map(({ target }) => target),
    measurements: results.flatMap(({ measurements }) => measurements),
    tailCalls: results.flatMap(({ tailCalls }) => tailCalls),
    loads: results.flatMap(({ loads }) => loads),
  };
}

async function executeOn(
  reference: string,
  {
    jobs,
    hooks,
    loads,
  }: { readonly jobs: readonly PlannedJob[]; readonly hooks: HookPlan; readonly loads: LoadPlan },
  qemu: Qemu,
  pool: Pool,
  options: RunOptions,
): Promise<Omit<Results, 'targets'> & { target: Target }> {
  const { target, result } = await onKernel(reference, qemu, pool, options, async (session, told, kernel) => {
    const total = jobs.length + hooks.jobs.size + loads.runs;
    let done = 0;
    const id = `${reference}/exact`;
    const machine = pooled(session, pool, options.signal);
    const tell = (ran: JobResult, message: string) => {
      told(ran);
      done++;
      options.onProgress?.({ task: reference, phase: 'measure', message, done, total });
    };
    const [found, arms, underLoad] = await Promise.all([
      Promise.all(
        jobs.map(async (job) => {
          const { ran, counted } = await runCounting(machine, job, { ...options, qemu });
          tell(ran, job.object.name);
          const measured = collect(id, job, ran.records);
          const { measurements, tailCalls } = tailCallFigures(job, measured, counted);
          return { measurements: [...measured, ...measurements], tailCalls };
        }),
      ),
      Promise.all(
        [...hooks.jobs].map(async ([key, job]) => {
          const ran = await machine.run(job);
          tell(ran, 'hooks');
          return [key, ran.records] as const;
        }),
      ),
      runLoads(id, loads, machine, kernel, { ...options, qemu }, (ran) => tell(ran, 'network load')),
    ]);
    const recordsOf = new Map(arms);
    const inPlace = hooks.hooks.flatMap((hook) => collectHook(id, hook, (arm) => recordsOf.get(arm)!));
    const ofLoaders = hooks.loaders.flatMap((loader) =>
      collectLoader(id, loader, recordsOf.get(loader.arm)!),
    );
    return {
      measurements: [
        ...found.flatMap(({ measurements }) => measurements),
        ...ofLoaders,
        ...inPlace,
        ...underLoad.measurements,
      ],
      tailCalls: found.flatMap(({ tailCalls }) => tailCalls),
      loads: underLoad.details,
    };
  });
  return {
    target,
    measurements: result?.measurements ?? [],
    tailCalls: result?.tailCalls ?? [],
    loads: result?.loads ?? [],
  };
}

/**
 * Makes a kernel ready and does `work` on it, which tells of each job that it ran. What the kernel or its machine is
 * guilty of makes a failed target without a result; all else throws.
 */
export async function onKernel<T>(
  reference: string,
  qemu: Qemu,
  pool: Pool,
  options: RunOptions,
  work: (
    session: Session,
    told: (ran: Pick<JobResult, 'hello' | 'seconds'>) => void,
    kernel: Kernel,
  ) => Promise<T>,
): Promise<{ target: Target; result?: T }> {
  const cpu = options.cpu ?? DEFAULT_CPU;
  const seconds = { boot: 0, load: 0, measure: 0 };
  const common = {
    id: `${reference}/exact`,
    kernel: reference,
    arch: 'x86_64',
    mode: 'exact',
    accelerator: 'tcg',
    qemu: qemu.version,
    cpu,
  } as const;
  let facts: Pick<Target, 'release' | 'version' | 'digest' | 'libbpf'> = {};
  try {
    const kernel = await resolveKernel(reference, options);
    facts = {
      ...(kernel.release === undefined ? {} : { release: kernel.release }),
      ...(kernel.version === undefined ? {} : { version: kernel.version }),
      digest: kernel.digest,
    };
    const session = await pool.run(async () =>
      openSession(await sessionOptions(kernel, { qemu, accelerator: 'icount', cpu }, options)),
    );
    seconds.boot = session.bootSeconds;
    const tell = (ran: Pick<JobResult, 'hello' | 'seconds'>) => {
      facts = { ...facts, release: ran.hello.release, libbpf: ran.hello.libbpf };
      seconds.load += ran.seconds.start;
      seconds.measure += ran.seconds.run;
    };
    const result = await work(session, tell, kernel);
    options.onProgress?.({ task: reference, phase: 'done' });
    return { target: { ...common, ...facts, status: 'ok', seconds: rounded(seconds) }, result };
  } catch (cause) {
    // A wrong reference or budget file is the user's to mend, whatever other kernels give.
    if (cause instanceof TollgateError && cause.kind !== 'infrastructure' && !options.signal?.aborted)
      throw new TollgateError(cause.kind, cause.message, { ...cause.details, kernel: reference });
    const error = targetErrorOf(cause, options);
    options.onProgress?.({ task: reference, phase: 'done', message: messageOf(cause) });
    return {
      target: {
        ...common,
        ...facts,
        status: 'failed',
        seconds: rounded(seconds),
        error,
      },
    };
  }
}

/** All that a machine with this kernel boots from, made where it is missing. */
export async function sessionOptions(
  kernel: Kernel,
  how: Pick<MachineSpec, 'qemu' | 'accelerator' | 'cpu'>,
  options: RunOptions,
): Promise<SessionOptions> {
  const [kernelImage, initramfs] = await Promise.all([
    unpackedVmlinux(kernel, options.cacheDir, options),
    buildInitramfs(kernel, options),
  ]);
  return {
    ...options,
    kernel,
    initramfs,
    machine: machineOf(
      {
        ...{ ...how, kernelImage },
        ...(options.kernelArguments ? { kernelArguments: options.kernelArguments } : {}),
      },
      kernel,
      initramfs,
    ),
    deadlines: { ...DEFAULT_DEADLINES, ...options.deadlines },
  };
}

function rounded(seconds: Target['seconds']): Target['seconds'] {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return { boot: round(seconds.boot), load: round(seconds.load), measure: round(seconds.measure) };
}
