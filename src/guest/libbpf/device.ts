// Network devices set and read by ioctl, in the namespace of the calling thread: offloads, MTU, addresses, bridges.

import { closeSync } from 'node:fs';
import { HookRefused } from '../../model/hooks/hook.ts';
import { addressOf, errno, errorName, libc, memory } from './ffi.ts';

/** ETHTOOL_G* and ETHTOOL_S* of include/uapi/linux/ethtool.h. */
export const OFFLOADS = {
  gro: { get: 0x2b, set: 0x2c },
  gso: { get: 0x23, set: 0x24 },
  tso: { get: 0x1e, set: 0x1f },
} as const;

/** Of the device of that name. Each throws HookRefused with what the kernel says. */
export interface Device {
  readonly offload: (kind: keyof typeof OFFLOADS) => boolean;
  readonly setOffload: (kind: keyof typeof OFFLOADS, isOn: boolean) => void;
  readonly mtu: () => number;
  readonly setMtu: (bytes: number) => void;
  /** IPv4, four numbers each; an address of zeros removes it. */
  readonly setAddress: (address: readonly number[], mask?: readonly number[]) => void;
  readonly setHardwareAddress: (address: readonly number[]) => void;
  /** A neighbour that is never asked for. */
  readonly setNeighbour: (address: readonly number[], hardware: readonly number[]) => void;
  readonly setUp: () => void;
}

export function deviceNamed(name: string): Device {
  const addressRequest = (address: readonly number[]) => {
    const request = interfaceRequest(name);
    request.writeUInt16LE(AF_INET, NAME_BYTES);
    request.set(address, NAME_BYTES + 4);
    return request;
  };
  const ethtool = (command: number, value: number): number => {
    const argument = memory(8);
    argument.writeUInt32LE(command, 0);
    argument.writeUInt32LE(value, 4);
    const request = interfaceRequest(name);
    request.writeBigUInt64LE(addressOf(argument), NAME_BYTES);
    control(SIOCETHTOOL, request, `set '${name}' up for the load`);
    return argument.readUInt32LE(4);
  };
  return {
    offload: (kind) => ethtool(OFFLOADS[kind].get, 0) !== 0,
    setOffload: (kind, isOn) => {
      ethtool(OFFLOADS[kind].set, isOn ? 1 : 0);
    },
    mtu: () => {
      const request = interfaceRequest(name);
      control(SIOCGIFMTU, request, `read the MTU of '${name}'`);
      return request.readInt32LE(NAME_BYTES);
    },
    setMtu: (bytes) => {
      const request = interfaceRequest(name);
      request.writeInt32LE(bytes, NAME_BYTES);
      control(SIOCSIFMTU, request, `set the MTU of '${name}' to ${bytes}`);
    },
    setAddress: (address, mask) => {
      control(SIOCSIFADDR, addressRequest(address), `set the address of '${name}'`);
      if (mask) control(SIOCSIFNETMASK, addressRequest(mask), `set the netmask of '${name}'`);
    },
    setHardwareAddress: (address) => {
      const request = interfaceRequest(name);
      request.writeUInt16LE(ARPHRD_ETHER, NAME_BYTES);
      request.set(address, NAME_BYTES + 2);
      control(SIOCSIFHWADDR, request, `set the hardware address of '${name}'`);
    },
    setNeighbour: (address, hardware) => {
      const request = memory(ARP_REQUEST_BYTES); // arp_pa, arp_ha, arp_flags, arp_netmask, arp_dev
      request.writeUInt16LE(AF_INET, 0);
      request.set(address, 4);
      request.writeUInt16LE(ARPHRD_ETHER, 16);
      request.set(hardware, 18);
      request.writeInt32LE(ATF_COM | ATF_PERM, 32);
      request.write(name, 52);
      control(SIOCSARP, request, `set a neighbour on '${name}'`);
    },
    setUp: () => {
      const request = interfaceRequest(name);
      request.writeUInt16LE(IFF_UP, NAME_BYTES);
      control(SIOCSIFFLAGS, request, `set '${name}' up`);
    },
  };
}

/** A bridge of that name with these devices, by their numbers. Throws HookRefused where the kernel makes none. */
export function makeBridge(name: string, ports: readonly number[]): void {
  const added = memory(IFREQ_BYTES);
  added.write(name);
  control(SIOCBRADDBR, added, 'make a bridge');
  for (const port of ports) {
    const request = interfaceRequest(name);
    request.writeInt32LE(port, NAME_BYTES);
    control(SIOCBRADDIF, request, 'put a device into a bridge');
  }
  deviceNamed(name).setUp();
}

const NAME_BYTES = 16;
const IFREQ_BYTES = 40;
const ARP_REQUEST_BYTES = 68;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const ARPHRD_ETHER = 1;
const ATF_COM = 2;
const ATF_PERM = 4;
const IFF_UP = 1;
const SYS_SOCKET = 41;
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFADDR = 0x8916;
const SIOCSIFNETMASK = 0x891c;
const SIOCGIFMTU = 0x8921;
const SIOCSIFMTU = 0x8922;
const SIOCSIFHWADDR = 0x8924;
const SIOCETHTOOL = 0x8946;
const SIOCSARP = 0x8955;
const SIOCBRADDBR = 0x89a0;
const SIOCBRADDIF = 0x89a2;

function interfaceRequest(name: string): Buffer {
  const request = memory(IFREQ_BYTES);
  request.write(name);
  return request;
}

function control(number: number, request: Buffer, what: string): void {
  const socket = Number(libc().syscall4(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0));
  if (socket < 0) throw new HookRefused(`the kernel does not ${what}: ${errorName(errno())}`);
  try {
    if (libc().ioctl(socket, number, Number(addressOf(request))) < 0)
      throw new HookRefused(`the kernel does not ${what}: ${errorName(errno())}`);
  } finally {
    closeSync(socket);
  }
}
