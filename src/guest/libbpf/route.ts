// A route with a program in it: rtnetlink's message (man 7 rtnetlink, linux/lwtunnel.h), laid out by hand.

import { closeSync, readSync, writeSync } from 'node:fs';
import { HookRefused } from '../../model/hooks/hook.ts';
import { errno, errorName, libc } from './ffi.ts';

export interface Route {
  /** Of the device that the route leads to. */
  readonly index: number;
  readonly address: readonly number[];
  /** Whether the address is this host's own. */
  readonly isLocal: boolean;
  /** The program that packets meet in it; without one it is a plain route. */
  readonly program?: { readonly fd: number; readonly at: 'in' | 'out' | 'xmit' };
}

/** Sets the route in the network namespace of the calling thread, in place of one to the same address. Throws HookRefused. */
export function setRoute({ index, address, isLocal, program }: Route): void {
  const kind = isLocal
    ? { table: RT_TABLE_LOCAL, protocol: RTPROT_KERNEL, scope: RT_SCOPE_HOST, type: RTN_LOCAL }
    : { table: RT_TABLE_MAIN, protocol: RTPROT_STATIC, scope: RT_SCOPE_LINK, type: RTN_UNICAST };
  const route = Buffer.from([
    AF_INET,
    32,
    0,
    0,
    kind.table,
    kind.protocol,
    kind.scope,
    kind.type,
    0,
    0,
    0,
    0,
  ]);
  const attributes = [
    attribute(RTA_DST, Buffer.from(address)),
    attribute(RTA_OIF, u32(index)),
    ...(program ? tunnel(program.fd, program.at) : []),
  ];
  const body = Buffer.concat([route, ...attributes]);
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE | NLM_F_CREATE;
  const header = Buffer.alloc(NLMSG_HEADER_BYTES);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeUInt16LE(RTM_NEWROUTE, 4);
  header.writeUInt16LE(flags, 6);
  const error = exchange(Buffer.concat([header, body]));
  if (error !== 0) throw new HookRefused(`the kernel does not set such a route: ${errorName(error)}`);
}

const AF_INET = 2;
const [RT_TABLE_MAIN, RT_TABLE_LOCAL] = [254, 255];
const [RTPROT_KERNEL, RTPROT_STATIC] = [2, 4];
const [RT_SCOPE_LINK, RT_SCOPE_HOST] = [253, 254];
const [RTN_UNICAST, RTN_LOCAL] = [1, 2];
const [RTA_DST, RTA_OIF, RTA_ENCAP_TYPE, RTA_ENCAP] = [1, 4, 21, 22];
const LWTUNNEL_ENCAP_BPF = 6;
const LWT_BPF = { in: 1, out: 2, xmit: 3 } as const;
const [LWT_BPF_PROG_FD, LWT_BPF_PROG_NAME] = [1, 2];
const RTM_NEWROUTE = 24;
const [NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE] = [1, 4, 0x100, 0x400];
const NLMSG_HEADER_BYTES = 16;

function tunnel(fd: number, at: 'in' | 'out' | 'xmit'): Buffer[] {
  const program = [attribute(LWT_BPF_PROG_FD, u32(fd)), attribute(LWT_BPF_PROG_NAME, Buffer.from('lwt\0'))];
  return [
    attribute(RTA_ENCAP_TYPE, Buffer.from([LWTUNNEL_ENCAP_BPF, 0])),
    attribute(RTA_ENCAP, attribute(LWT_BPF[at], Buffer.concat(program))),
  ];
}

/** struct rtattr { len, type }, and padding to 4 bytes. */
function attribute(type: number, data: Buffer): Buffer {
  const out = Buffer.alloc(4 + 4 * Math.ceil(data.length / 4));
  out.writeUInt16LE(4 + data.length, 0);
  out.writeUInt16LE(type, 2);
  data.copy(out, 4);
  return out;
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

const SYS_SOCKET = 41;
const [AF_NETLINK, SOCK_RAW, NETLINK_ROUTE] = [16, 3, 0];

/** The kernel's error for a message, 0 where it takes it: struct nlmsgerr. */
function exchange(message: Buffer): number {
  const socket = Number(libc().syscall4(SYS_SOCKET, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  if (socket < 0) throw new Error(`netlink: ${errorName(errno())}`);
  try {
    writeSync(socket, message);
    const answer = Buffer.alloc(4096);
    readSync(socket, answer);
    return answer.readInt32LE(NLMSG_HEADER_BYTES);
  } finally {
    closeSync(socket);
  }
}
