// `tollgate tail-calls`: what one tail call costs on a kernel, from chains of 0 to 33 of them (bpf/tail_call_chain.h).

import { join } from 'node:path';
import { fitLine } from '../measurements/line-fit.ts';
import { jitOf } from '../measurements/tail-calls.ts';
import { TollgateError } from '../model/errors.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Absent, Measurement } from '../model/report.ts';
import type { ChainCost, TailCallCost, TailCallCosts } from '../model/tail-call-cost.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import type { Session } from '../vm/session.ts';
import { collect } from './collect.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { readObject } from './objects.ts';
import { type PlannedJob, planJobs } from './plan.ts';
import { createPool, machinesAtOnce, type Pool } from './pool.ts';
import { chainUnderLoad } from './tail-call-load.ts';
import { runCounting, type TailCallOptions, tailCallFigures } from './tail-calls.ts';

interface Setup {
  readonly name: string;
  readonly says: string;
  readonly jitHarden: number;
  readonly kernelArguments?: readonly string[];
}

/** What changes a tail call's code on one and the same kernel. */
export const SETUPS: readonly Setup[] = [
  { name: 'default', says: 'as the kernel boots', jitHarden: 0 },
  {
    name: 'hardened',
    says: 'net.core.bpf_jit_harden=2: no call is direct, constants are blinded',
    jitHarden: 2,
  },
  {
    name: 'unguarded',
    says: 'kernel argument spectre_v2=off: no retpolines',
    jitHarden: 0,
    kernelArguments: ['spectre_v2=off'],
  },
];

export const HOOKS = ['xdp', 'tc'] as const;
/** Of all from 0 to 33, these: the shortest, where an offset would show, and the longest that there can be. */
export const LENGTHS = [0, 1, 2, 8, 16, 33];
export const LONGEST = 33;
/** No file says so. */
const NOWHERE = { file: '', line: 0, column: 0 };

/** What is calibrated: programs of bpf/, each in a file of its own. */
export interface Chain extends Pick<ChainCost, 'hook' | 'slot' | 'afterCall'> {
  readonly file: string;
}

export const CHAINS: readonly Chain[] = HOOKS.flatMap((hook) =>
  [false, true].flatMap((afterCall) =>
    (['constant', 'computed'] as const).map((slot) => ({
      hook,
      slot,
      afterCall,
      file: `tail_calls_${hook}_${slot === 'constant' ? 'direct' : 'indirect'}${afterCall ? '_after_call' : ''}.bpf.o`,
    })),
  ),
);

export interface TailCallCostRequest {
  readonly version: string;
  readonly kernels: readonly string[];
  /** Names of SETUPS. */
  readonly setups: readonly string[];
  readonly hooks: readonly string[];
  /** Also in place, the chains without a function called before: 'iperf3'. */
  readonly under?: string | undefined;
}

/** Throws TollgateError ('usage') on a set-up that there is none of. A kernel that fails is one without chains. */
export async function tailCallCosts(
  { version, kernels, setups, hooks, under }: TailCallCostRequest,
  options: RunOptions,
): Promise<TailCallCosts> {
  const wanted = setups.map((name) => {
    const found = SETUPS.find((setup) => setup.name === name);
    if (found) return found;
    throw new TollgateError('usage', `Cannot measure tail calls in set-up '${name}': there is none`, {
      hint: `set-ups: ${SETUPS.map((setup) => setup.name).join(', ')}`,
    });
  });
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const chains = CHAINS.filter(({ hook, afterCall }) => hooks.includes(hook) && !(under && afterCall));
  const costs: TailCallCost[] = [];
  for (const kernel of kernels)
    for (const setup of wanted)
      costs.push(await costOn(kernel, setup, { chains, inPlace: under !== undefined }, qemu, pool, options));
  return { schema: 1, tool: { name: 'tollgate', version }, costs };
}

async function costOn(
  kernel: string,
  { name, says, jitHarden, kernelArguments }: Setup,
  { chains, inPlace }: { readonly chains: readonly Chain[]; readonly inPlace: boolean },
  qemu: Qemu,
  pool: Pool,
  options: RunOptions,
): Promise<TailCallCost> {
  let spectreV2: string | undefined;
  const all = { ...options, qemu, ...(kernelArguments ? { kernelArguments } : {}) };
  const { target, result } = await onKernel(kernel, qemu, pool, all, (session, told) =>
    Promise.all(
      chains.map((chain) =>
        pool.run(async () => {
          const job = planChain(chain, jitHarden, LENGTHS, options);
          const ran = await session.run(job.bytes);
          told(ran);
          spectreV2 = guardsIn(ran.records) ?? spectreV2;
          const cost = await chainCost(session, chain, job, ran.records, jitHarden, all);
          if (!inPlace) return cost;
          const loaded = await chainUnderLoad(session, chain, { lengths: LENGTHS, jitHarden }, all);
          if (loaded.ran) told(loaded.ran);
          return { ...cost, inPlace: loaded.cost };
        }),
      ),
    ),
  );
  return {
    target,
    setup: name,
    says,
    ...(spectreV2 === undefined ? {} : { spectreV2 }),
    chains: result ?? [],
  };
}

function planChain(
  { file }: Chain,
  jitHarden: number,
  lengths: readonly number[],
  { distDir, baseDir }: Pick<RunOptions, 'distDir' | 'baseDir'>,
): PlannedJob {
  const objects = [readObject(join(distDir, 'bpf', file), file)];
  const others = Array.from({ length: LONGEST + 1 }, (_, length) => length).filter(
    (length) => !lengths.includes(length),
  );
  const programs = Object.fromEntries(
    others.map((length) => [`step_${length}`, { inputs: [], place: NOWHERE }]),
  );
  const [job] = planJobs({ side: 'head', objects, config: { programs }, directory: baseDir, jitHarden });
  return job!;
}

function guardsIn(records: readonly GuestRecord[]): string | undefined {
  return records.flatMap((record) => (record.type === 'guards' ? [record.spectreV2] : []))[0];
}

async function chainCost(
  session: Session,
  { file, ...said }: Chain,
  job: PlannedJob,
  records: readonly GuestRecord[],
  jitHarden: number,
  options: RunOptions & TailCallOptions,
): Promise<ChainCost> {
  const measured = collect('', job, records);
  const chain = { ...said, lengths: LENGTHS };
  const insns = figures(measured, 'run_insns');
  if ('reason' in insns) return { ...chain, insns: [], absent: insns };
  const { slope, residual } = fitLine(LENGTHS, insns);
  const cost = { ...chain, tail_call_insns: slope, residual, insns };
  // Blinding draws random numbers, whose size decides that of the code: no load's tells of another's.
  if (jitHarden > 0) {
    const one = planChain({ file, ...said }, jitHarden, [1], options);
    const told = await session.run(one.tailCalls!.job!());
    const code = told.records.find((record) => record.type === 'tail-call')?.code;
    return code === undefined ? cost : { ...cost, jit: jitOf(Buffer.from(code, 'hex')) };
  }
  const { counted } = await runCounting(session, job, options);
  const { measurements, tailCalls } = tailCallFigures(job, measured, counted);
  const [calls, shares] = [figures(measurements, 'tail_calls'), figures(measurements, 'tail_call_share')];
  if ('reason' in calls || 'reason' in shares) return cost;
  const wrong = LENGTHS.findIndex((length, i) => calls[i] !== length);
  if (wrong >= 0)
    throw new TollgateError(
      'infrastructure',
      `Cannot tell what a tail call costs: a chain of ${LENGTHS[wrong]} makes ${calls[wrong]}`,
      { reason: 'bad-profile' },
    );
  const ofCalls = insns.map((value, i) => Math.round((value * shares[i]!) / 100));
  const jit = tailCalls[0]?.jit;
  return { ...cost, ...(jit ? { jit } : {}), call_insns: fitLine(LENGTHS, ofCalls).slope };
}

/** One metric of the chains, by their length; or why one of them has none. */
function figures(measured: readonly Measurement[], metric: string): number[] | Absent {
  const found = LENGTHS.map((length) =>
    measured.find((each) => each.program === `step_${length}` && each.metric === metric),
  );
  const missing = found.find((each) => each?.value === undefined);
  if (missing || found.includes(undefined)) return missing?.absent ?? { reason: 'not every chain was run' };
  return found.map((each) => each!.value!);
}
