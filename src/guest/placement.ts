// Softirqs on another CPU than the application: receive packet steering of the bed's own devices, which ends with them.
// It is set by the file that sysfs has of a device's queue, in a sysfs of our namespace that is mounted nowhere.

import { closeSync, readFileSync, writeFileSync } from 'node:fs';
import type { BedSide } from '../model/hooks/hook.ts';
import type { Absent } from '../model/report.ts';
import { inNamespace } from './libbpf/attach.ts';
import { addressOf, cString, errno, errorName, libc } from './libbpf/ffi.ts';
import { otherCpu } from './neighbours.ts';
import type { Bed } from './stimulus.ts';

export interface Steering {
  /** The CPU that the softirqs run on. */
  readonly cpu: number;
  /** Packets that it has been handed so far, by whatever device: RPS tells of no other. */
  readonly handedOver: () => number;
  /** The devices do without again. They end without that, but the kernel would go on asking every device (rps_needed). */
  readonly release: () => void;
}

/** Both sides' devices hand what they receive to another CPU than `cpu`; or why they cannot. */
export function steerSoftirqs(bed: Bed, cpu: number): Steering | Absent {
  const other = otherCpu(cpu);
  if (other === undefined)
    return { reason: 'softirqs cannot run on another CPU: there is one that this process may run on' };
  const setAll = (mask: bigint) =>
    (['sender', 'receiver'] as const)
      .map((side) => inNamespace(bed[side].namespaceFd, () => setMask(side, mask)))
      .find((why) => why !== undefined);
  const release = () => {
    setAll(0n);
  };
  const why = setAll(1n << BigInt(other));
  if (why !== undefined) {
    release();
    return { reason: `softirqs cannot be had on another CPU: ${why}` };
  }
  const handedOver = () => receivedRps(readFileSync('/proc/net/softnet_stat', 'utf8'), other);
  return { cpu: other, handedOver, release };
}

/**
 * Column 10 of the CPU's line; the CPU's number is column 13, since 5.10 (net/core/net-procfs.c). 0 where the kernel
 * has no such column.
 */
export function receivedRps(softnet: string, cpu: number): number {
  const lines = softnet
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const own = lines.find((columns) => columns[12] !== undefined && Number.parseInt(columns[12], 16) === cpu);
  return Number.parseInt(own?.[9] ?? '0', 16);
}

const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const FSCONFIG_CMD_CREATE = 6;

/** In the calling thread's network namespace. What keeps it from being done, or nothing. */
function setMask(side: BedSide, mask: bigint): string | undefined {
  const context = libc().syscall4(SYS_FSOPEN, addressOf(cString('sysfs')), 0, 0);
  if (context < 0) return `fsopen: ${errorName(errno())}`;
  let root = -1;
  try {
    if (libc().syscall6(SYS_FSCONFIG, BigInt(context), FSCONFIG_CMD_CREATE, 0, 0, 0) < 0)
      return `fsconfig: ${errorName(errno())}`;
    root = libc().syscall4(SYS_FSMOUNT, context, 0, 0);
    if (root < 0) return `fsmount: ${errorName(errno())}`;
    // a comma every 32 CPUs
    const words = mask.toString(16).replace(/\B(?=(?:[0-9a-f]{8})+$)/g, ',');
    writeFileSync(`/proc/self/fd/${root}/class/net/${side}/queues/rx-0/rps_cpus`, words);
    return undefined;
  } catch (cause) {
    return String(cause);
  } finally {
    if (root >= 0) closeSync(root);
    closeSync(Number(context));
  }
}
