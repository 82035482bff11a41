// A kernel in a VM whose clock is a real one: booted once, for all of its jobs. Under KVM where that works; else QEMU's
// emulation takes its time, which tells of QEMU as much as of a program.

import { cpus } from 'node:os';
import { resolveKernel } from '../kernels/index.ts';
import type { Target } from '../model/report.ts';
import { type AcceleratorChoice, findAccelerator } from '../vm/accelerator.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import { withBootedVm } from '../vm/session.ts';
import { type RunOptions, sessionOptions } from './execute.ts';
import type { TimedPlace } from './timed-place.ts';

/** What a timed VM is started with; found out once for all kernels. */
export interface TimedVm {
  readonly qemu: Qemu;
  readonly choice: Pick<AcceleratorChoice, 'accelerator' | 'cpu' | 'message'>;
}

export async function findTimedVm(options: RunOptions): Promise<TimedVm> {
  const qemu = await findQemu(options);
  return { qemu, choice: await findAccelerator(qemu, options) };
}

/** Boots the kernel that `reference` names for the jobs of one run; the longest of them decides the deadlines. */
export function inTimedVm(
  reference: string,
  { qemu, choice }: TimedVm,
  longestMs: number,
  options: RunOptions,
): TimedPlace {
  return async (tell, use) => {
    tell(machineFacts({ qemu, choice }, cpus()[0]?.model ?? 'unknown'));
    const kernel = await resolveKernel(reference, options);
    tell({ digest: kernel.digest, ...(kernel.version === undefined ? {} : { version: kernel.version }) });
    const deadlines = { ...options.deadlines, measureMs: longestMs, silenceMs: longestMs };
    const session = await sessionOptions(kernel, { qemu, ...choice }, { ...options, deadlines });
    return await withBootedVm(session, async (run, bootSeconds) => {
      const boot = Math.round(1000 * bootSeconds) / 1000;
      return await use(async (job) => (await run(job)).records, boot);
    });
  };
}

/** What figures of such a VM depend on, and what has to be said of them. */
export function machineFacts(
  { qemu, choice: { accelerator, cpu, message } }: TimedVm,
  ownCpu: string,
): Pick<Target, 'accelerator' | 'qemu' | 'cpu' | 'note'> {
  return {
    accelerator,
    qemu: qemu.version,
    cpu: `${ownCpu} (${cpu} in the VM)`,
    ...(accelerator === 'tcg' ? { note: `${EMULATED} ${message}` } : {}),
  };
}

const EMULATED = "times are of QEMU's emulation, not of a processor:";
