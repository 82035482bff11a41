// Real kernels for the tests that boot them: from the product's own cache, with our own build of the guest.
// Not part of the product.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveKernel, unpackedVmlinux } from '../../kernels/index.ts';
import { hasReason } from '../../model/errors.ts';
import type { Job } from '../../model/job.ts';
import { cacheDirOf } from '../../model/surroundings.ts';
import { encodeJob } from '../../model/window.ts';
import { buildInitramfs } from '../initramfs.ts';
import { type Accelerator, DEFAULT_CPU, machineOf } from '../machine.ts';
import { findQemu } from '../qemu.ts';
import type { SessionOptions } from '../session.ts';
import { DEFAULT_DEADLINES } from '../vm.ts';

export const ROOT = join(import.meta.dirname, '../../..');

/** Where kernels are kept from run to run: they are large, and never written to by a test. */
export const KERNEL_CACHE = cacheDirOf(process.env);

/**
 * The kernels of the tests. 7.2 is in testing and backports, which move on: where it has left the archive, the newest
 * there is has to do as well.
 */
export const KERNELS: readonly string[] = [
  'debian:5.10',
  'debian:6.1',
  'debian:6.12',
  await resolveKernel('debian:7.2', { cacheDir: KERNEL_CACHE }).then(
    () => 'debian:7.2',
    (error) => {
      if (hasReason(error, 'no-kernel')) return 'debian:newest';
      throw error;
    },
  ),
];

/**
 * For what takes a minute and more on each kernel: the oldest and the newest of them. TOLLGATE_TEST_KERNELS=all takes all,
 * as the project's workflow does.
 */
export const OUTER_KERNELS: readonly string[] =
  process.env.TOLLGATE_TEST_KERNELS === 'all' ? KERNELS : [KERNELS[0]!, KERNELS.at(-1)!];

/** What is expected of the last of them, whichever it is, stands under 7.2. */
export const expectedAs = (kernel: string) => (kernel === 'debian:newest' ? 'debian:7.2' : kernel);

/** Options of a session on a real kernel. States and initramfs go to `cacheDir`, the test's own. */
export async function sessionOptions(
  reference: string,
  cacheDir: string,
  options: { readonly guestPath?: string; readonly accelerator?: Accelerator } = {},
): Promise<SessionOptions> {
  const kernel = await resolveKernel(reference, { cacheDir: KERNEL_CACHE });
  const kernelImage = await unpackedVmlinux(kernel, KERNEL_CACHE);
  const qemu = await findQemu({ cacheDir });
  const distDir = join(ROOT, 'dist');
  const { guestPath, accelerator = 'icount' } = options;
  const initramfs = await buildInitramfs(kernel, { cacheDir, distDir, ...(guestPath ? { guestPath } : {}) });
  return {
    kernel,
    machine: machineOf({ qemu, accelerator, cpu: DEFAULT_CPU, kernelImage }, kernel, initramfs),
    initramfs,
    cacheDir,
    useSavedState: true,
    savedStatesLimitBytes: 4e9,
    deadlines: DEFAULT_DEADLINES,
  };
}

/** A job that runs an empty XDP program on a packet of 64 bytes. */
export function emptyJob(): Uint8Array {
  return encodeJob((place): Job => {
    const inputs = [{ name: 'zeros', packets: [place(new Uint8Array(64))] }];
    return {
      format: 1,
      object: 'nop_xdp.bpf.o',
      elf: place(readFileSync(join(ROOT, 'dist/bpf/nop_xdp.bpf.o'))),
      programs: [{ name: 'nop', inputs, maps: {}, tailCalls: {} }],
      reportStatics: true,
      mapSizes: {},
    };
  });
}

/** The pids of the QEMU processes that this process has started and that still run. */
export function ownQemus(): number[] {
  return childrenOf(process.pid, 'qemu-system');
}

/** The pids of a process's children that still run and have `word` in their command. */
export function childrenOf(pid: number, word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        return Number(parent) === pid && state !== 'Z' && command.includes(word) ? [Number(name)] : [];
      } catch {
        return []; // it has just ended
      }
    });
}

/** Temporary files and folders of this process's VMs. */
export function ownTemporaries(cacheDir: string): string[] {
  return [
    ...new Set(['/dev/shm', '/tmp', tmpdir()]),
    ...['tmp', 'states', 'initramfs'].map((name) => join(cacheDir, name)),
  ]
    .flatMap((folder) => {
      try {
        return readdirSync(folder).map((name) => join(folder, name));
      } catch {
        return [];
      }
    })
    .filter((path) => new RegExp(`/(tollgate-|\\.passing).*-${process.pid}-\\d+$`).test(path));
}

/** Keeps every core of this machine busy, until they are killed. */
export function startHogs(): readonly ChildProcess[] {
  return Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
}
