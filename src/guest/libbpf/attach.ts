// Attaching a loaded program to the devices of a bed, to cgroups and, by the stimulus, to sockets: HookPort on this kernel.

import { closeSync, openSync } from 'node:fs';
import { type BedSide, type Detach, type HookPort, HookRefused } from '../../model/hooks/hook.ts';
import { addressOf, errno, errorName, libbpf, libc, memory } from './ffi.ts';

/** A side of a bed: a handle on its network namespace, and its device's number there. */
export interface Place {
  readonly namespaceFd: number;
  readonly index: number;
}

/** A program that the stimulus attaches, as it has the sockets. */
export interface Gift {
  readonly fd: number;
  readonly to: string;
}

const SYS_BPF = 321;
const SYS_SETNS = 308;
const SYS_UNSHARE = 272;
const CLONE_NEWNET = 0x4000_0000;
const BPF_LINK_CREATE = 28;
const ROOT_CGROUP = '/sys/fs/cgroup';
const OWN_NAMESPACE = '/proc/self/ns/net';

/** `give` is told what the stimulus is to attach. */
export function hookPort(
  places: Readonly<Record<BedSide, Place>>,
  give: (gift: Gift | undefined) => void,
): HookPort {
  return {
    linkToDevice: (fd, side, attachType, flags = 0) =>
      inNamespace(places[side].namespaceFd, () => createLink(fd, places[side].index, attachType, flags)),
    linkToCgroup: (fd, attachType) => {
      const cgroup = openSync(ROOT_CGROUP, 'r');
      try {
        return createLink(fd, cgroup, attachType, 0);
      } finally {
        closeSync(cgroup);
      }
    },
    filterOnDevice: (fd, side, direction) =>
      inNamespace(places[side].namespaceFd, () => createFilter(fd, places[side], direction)),
    giveToSocket: (fd, side) => {
      give({ fd, to: side });
      return () => give(undefined);
    },
  };
}

/** A network namespace of one's own; the calling thread stays where it is. */
export function newNamespace(): number {
  const own = openSync(OWN_NAMESPACE, 'r');
  try {
    must(libc().syscall4(SYS_UNSHARE, CLONE_NEWNET, 0, 0), 'unshare');
    const fd = openSync(OWN_NAMESPACE, 'r');
    must(libc().syscall4(SYS_SETNS, own, CLONE_NEWNET, 0), 'setns');
    return fd;
  } finally {
    closeSync(own);
  }
}

/** Does `work` in another network namespace. */
export function inNamespace<T>(fd: number, work: () => T): T {
  const own = openSync(OWN_NAMESPACE, 'r');
  try {
    must(libc().syscall4(SYS_SETNS, fd, CLONE_NEWNET, 0), 'setns');
    return work();
  } finally {
    must(libc().syscall4(SYS_SETNS, own, CLONE_NEWNET, 0), 'setns');
    closeSync(own);
  }
}

/** struct { prog_fd, target_fd or target_ifindex, attach_type, flags } link_create of union bpf_attr; rest zero. */
function createLink(fd: number, target: number, attachType: number, flags: number): Detach {
  const attr = memory(64);
  for (const [i, value] of [fd, target, attachType, flags].entries()) attr.writeUInt32LE(value, 4 * i);
  const link = libc().syscall4(SYS_BPF, BPF_LINK_CREATE, addressOf(attr), attr.length);
  if (link < 0) throw new HookRefused(`the kernel does not attach it: ${errorName(errno())}`);
  return () => closeSync(Number(link));
}

/** struct bpf_tc_hook and bpf_tc_opts of libbpf, since its version 0.6. */
function createFilter(fd: number, { index, namespaceFd }: Place, direction: 'ingress' | 'egress'): Detach {
  const hook = memory(24); // sz, ifindex, attach_point, parent
  hook.writeBigUInt64LE(24n, 0);
  hook.writeInt32LE(index, 8);
  hook.writeUInt32LE(direction === 'ingress' ? 1 : 2, 12);
  const options = memory(32); // sz, prog_fd, flags, prog_id, handle, priority
  options.writeBigUInt64LE(32n, 0);
  options.writeInt32LE(fd, 8);
  options.writeUInt32LE(1, 20);
  options.writeUInt32LE(1, 24);
  for (const [step, error] of [
    ['make a clsact queueing discipline', Number(libbpf().bpf_tc_hook_create(hook))],
    ['attach a filter', Number(libbpf().bpf_tc_attach(hook, options))],
  ] as const)
    if (error !== 0) throw new HookRefused(`the kernel does not ${step}: ${errorName(error)}`);
  return () => {
    options.writeInt32LE(0, 8);
    options.writeUInt32LE(0, 12);
    options.writeUInt32LE(0, 16);
    inNamespace(namespaceFd, () => must(Number(libbpf().bpf_tc_detach(hook, options)), 'bpf_tc_detach'));
  };
}

function must(result: number, what: string): void {
  if (result < 0) throw new Error(`${what}: ${errorName(errno())}`);
}
