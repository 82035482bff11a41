// Attaching a loaded program to the devices of a bed, to cgroups and, by the stimulus, to sockets: HookPort on this kernel.
// What is attached to the kernel's own code is in trace.ts.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { type BedSide, type Detach, type HookPort, HookRefused } from '../../model/hooks/hook.ts';
import { addressOf, errno, errorName, libbpf, libc, memory, type Pointer } from './ffi.ts';
import type { LoadedObject } from './object.ts';
import { setRoute } from './route.ts';
import { tracePort } from './trace.ts';

/** A side of a bed: a handle on its network namespace, and its device's number there. */
export interface Place {
  readonly namespaceFd: number;
  readonly index: number;
}

/**
 * What the stimulus attaches, as it has the sockets: a program, a map that a socket is put into, or the name of a
 * congestion control; or what it reads, an iterator.
 */
export interface Gift {
  readonly fd?: number;
  readonly kind: 'socket' | 'reuseport' | 'sockmap' | 'congestion' | 'iterator';
  readonly name?: string;
  readonly to: BedSide;
}

/** What a port is made of. */
export interface PortParts {
  readonly places: Readonly<Record<BedSide, Place>>;
  /** The stimulus' program, as which it runs. */
  readonly helper: string;
  /** Is told what the stimulus is to attach. */
  readonly give: (gift: Gift | undefined) => void;
  /** The object that is being measured. */
  readonly object: () => LoadedObject | undefined;
  /** The one whose maps a hook is given; left out: the same. */
  readonly mapsOf?: () => LoadedObject | undefined;
  /** Puts a program into the entry by which packets are redirected; left out where they are not. */
  readonly redirect?: (fd: number) => void;
}

const EEXIST = -17;
const SYS_BPF = 321;
const SYS_SETNS = 308;
const SYS_UNSHARE = 272;
const CLONE_NEWNET = 0x4000_0000;
const BPF_MAP_CREATE = 0;
const BPF_PROG_ATTACH = 8;
const BPF_LINK_CREATE = 28;
const BPF_MAP_TYPE_SOCKMAP = 15;
const BPF_MAP_TYPE_STRUCT_OPS = 26;
const BPF_TRACE_ITER = 28;
const BPF_NETFILTER = 45;
const NFPROTO_IPV4 = 2;
/** Of the receiver in a bed, as native/stimulus.c has it. */
const RECEIVER_ADDRESS = [198, 51, 100, 2];
const CONGESTION_CONTROLS = '/proc/sys/net/ipv4/tcp_available_congestion_control';
const ROOT_CGROUP = '/sys/fs/cgroup';
const OWN_NAMESPACE = '/proc/self/ns/net';

export function hookPort({ places, helper, give, object, mapsOf = object, redirect }: PortParts): HookPort {
  const giveFor = (gift: Gift): Detach => {
    give(gift);
    return () => give(undefined);
  };
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
    linkToNetfilter: (fd, side, hookNumber) =>
      inNamespace(places[side].namespaceFd, () =>
        createLink(fd, 0, BPF_NETFILTER, 0, [NFPROTO_IPV4, hookNumber]),
      ),
    routeThrough: (fd, side, at) => {
      const { index, namespaceFd } = places[side];
      const route = { index, address: RECEIVER_ADDRESS, isLocal: side === 'receiver' };
      inNamespace(namespaceFd, () => setRoute({ ...route, program: { fd, at } }));
      return () => inNamespace(namespaceFd, () => setRoute(route));
    },
    putIntoRedirect: (fd) => {
      if (!redirect) throw new HookRefused('nothing redirects packets here');
      redirect(fd);
      return () => redirect(-1);
    },
    linkToNamespace: (fd, side, attachType) => createLink(fd, places[side].namespaceFd, attachType, 0),
    giveToSocket: (fd, side) => giveFor({ fd, kind: 'socket', to: side }),
    giveToGroup: (fd, side) => giveFor({ fd, kind: 'reuseport', to: side }),
    giveSockmap: (programs, side) => {
      const map = createSockmap();
      for (const { fd, attachType } of programs) attachToMap(fd, map, attachType);
      const takeBack = giveFor({ fd: map, kind: 'sockmap', to: side });
      return () => {
        takeBack();
        closeSync(map);
      };
    },
    giveCongestionControl: (side) => {
      const [name, unregister] = registerCongestionControl(object());
      const takeBack = giveFor({ kind: 'congestion', name, to: side });
      return () => {
        takeBack();
        unregister();
      };
    },
    giveIterator: (fd, map) => {
      const link = map === undefined ? openLink(fd, 0, BPF_TRACE_ITER, 0) : iterateOver(fd, map, mapsOf());
      const takeBack = giveFor({ fd: link, kind: 'iterator', to: 'receiver' });
      return () => {
        takeBack();
        closeSync(link);
      };
    },
    companion: (section) => {
      const found = object()?.programs.find((program) => program.section === section);
      if (!found) throw new HookRefused(`the object has no program in section '${section}'`);
      return libbpf().bpf_program__fd(found.pointer);
    },
    ...tracePort(helper),
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

function createLink(...of: Parameters<typeof openLink>): Detach {
  const link = openLink(...of);
  return () => closeSync(link);
}

/** struct { prog_fd, target_fd or target_ifindex, attach_type, flags, of its type } link_create of union bpf_attr; rest zero. */
function openLink(
  fd: number,
  target: number,
  attachType: number,
  flags: number,
  ofType: readonly number[] = [],
): number {
  const attr = memory(64);
  for (const [i, value] of [fd, target, attachType, flags, ...ofType].entries())
    attr.writeUInt32LE(value, 4 * i);
  const link = libc().syscall4(SYS_BPF, BPF_LINK_CREATE, addressOf(attr), attr.length);
  if (link < 0) throw new HookRefused(`the kernel does not attach it: ${errorName(errno())}`);
  return Number(link);
}

/** union bpf_iter_link_info has the map's number alone; of link_create { iter_info, iter_info_len } is of the type. */
function iterateOver(fd: number, name: string, object: LoadedObject | undefined): number {
  const map = object?.maps.find((each) => each.name === name);
  if (!map) throw new HookRefused(`the kernel does not make map '${name}'`);
  const info = memory(4);
  info.writeUInt32LE(Number(libbpf().bpf_map__fd(map.pointer)));
  const at = addressOf(info);
  return openLink(fd, 0, BPF_TRACE_ITER, 0, [Number(at & 0xffff_ffffn), Number(at >> 32n), info.length]);
}

/** Registers the object's set of functions; its name, which the kernel lists then, and what takes it out again. */
function registerCongestionControl(object: LoadedObject | undefined): [name: string, unregister: Detach] {
  const bpf = libbpf();
  const map = object?.maps.find(
    ({ pointer }) => Number(bpf.bpf_map__type(pointer)) === BPF_MAP_TYPE_STRUCT_OPS,
  );
  if (!map) throw new HookRefused('the object has no struct_ops map that the kernel takes');
  const before = congestionControls();
  const link: Pointer = bpf.bpf_map__attach_struct_ops(map.pointer);
  if (link === null)
    throw new HookRefused(`the kernel does not register '${map.name}': ${errorName(errno())}`);
  const unregister = () => void bpf.bpf_link__destroy(link);
  const name = congestionControls().find((each) => !before.includes(each));
  if (name === undefined) {
    unregister();
    throw new HookRefused(`'${map.name}' is no congestion control`);
  }
  return [name, unregister];
}

function congestionControls(): string[] {
  return readFileSync(CONGESTION_CONTROLS, 'utf8').trim().split(' ');
}

/** struct { map_type, key_size, value_size, max_entries } of union bpf_attr. */
function createSockmap(): number {
  const attr = memory(64);
  for (const [i, value] of [BPF_MAP_TYPE_SOCKMAP, 4, 4, 1].entries()) attr.writeUInt32LE(value, 4 * i);
  const map = libc().syscall4(SYS_BPF, BPF_MAP_CREATE, addressOf(attr), attr.length);
  if (map < 0) throw new HookRefused(`the kernel makes no sockmap: ${errorName(errno())}`);
  return Number(map);
}

/** struct { target_fd, attach_bpf_fd, attach_type, attach_flags } of union bpf_attr. */
function attachToMap(fd: number, map: number, attachType: number): void {
  const attr = memory(64);
  for (const [i, value] of [map, fd, attachType].entries()) attr.writeUInt32LE(value, 4 * i);
  if (libc().syscall4(SYS_BPF, BPF_PROG_ATTACH, addressOf(attr), attr.length) < 0)
    throw new HookRefused(`the kernel does not attach it to a sockmap: ${errorName(errno())}`);
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
  // The discipline stays when a filter goes, and is there for the next one.
  for (const [step, error] of [
    ['make a clsact queueing discipline', Number(libbpf().bpf_tc_hook_create(hook))],
    ['attach a filter', Number(libbpf().bpf_tc_attach(hook, options))],
  ] as const)
    if (error !== 0 && error !== EEXIST)
      throw new HookRefused(`the kernel does not ${step}: ${errorName(error)}`);
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
