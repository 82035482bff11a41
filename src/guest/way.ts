// The way that network load takes from client to server: the bed's one link, or a third network namespace between two
// links that bridges or routes, where programs are attached. And how its devices are set, set and told.

import { readdirSync, writeFileSync } from 'node:fs';
import type { LoadLink } from '../model/job.ts';
import type { LoadDevice } from '../model/report.ts';
import { loadModules } from './init.ts';
import { inNamespace, newNamespace, type Place } from './libbpf/attach.ts';
import { deviceNamed, makeBridge, OFFLOADS } from './libbpf/device.ts';
import { sleep } from './neighbours.ts';
import { type Bed, makeBed } from './stimulus.ts';

export interface Way {
  readonly client: Place;
  readonly server: Place;
  /** Where programs are attached: its sides are the bed's own, or the two devices between the links. */
  readonly programs: Bed;
  /** Every device on it, from the client's on. */
  readonly devices: readonly { readonly name: string; readonly place: Place }[];
}

/**
 * Lays it out in addition to the bed. Throws HookRefused where this kernel cannot. Without a folder of modules the kernel
 * has what it needs, or cannot.
 */
export function layOut(bed: Bed, link: LoadLink, moduleFolder?: string): Way {
  const way = link.over === 'veth' ? direct(bed) : between(bed, link.over, moduleFolder);
  for (const { name, place } of way.devices)
    inNamespace(place.namespaceFd, () => {
      const device = deviceNamed(name);
      if (link.mtuBytes !== undefined) device.setMtu(link.mtuBytes);
      for (const kind of KINDS) {
        const isOn = link[kind];
        if (isOn !== undefined) device.setOffload(kind, isOn);
      }
    });
  return way;
}

/** How the devices are set now. */
export function devicesOf({ devices }: Way): LoadDevice[] {
  return devices.map(({ name, place }, i) =>
    inNamespace(place.namespaceFd, () => {
      const device = deviceNamed(name);
      return {
        name: i === 0 ? 'client' : i === devices.length - 1 ? 'server' : `between, ${name}`,
        mtuBytes: device.mtu(),
        gro: device.offload('gro'),
        gso: device.offload('gso'),
        tso: device.offload('tso'),
      };
    }),
  );
}

const KINDS = Object.keys(OFFLOADS) as (keyof typeof OFFLOADS)[];

function direct(bed: Bed): Way {
  const devices = [
    { name: 'sender', place: bed.sender },
    { name: 'receiver', place: bed.receiver },
  ];
  return { client: bed.sender, server: bed.receiver, programs: bed, devices };
}

/** Of makeBed's two sides: addresses and hardware addresses, as native/stimulus.c gives them. */
const CLIENT = { address: [192, 0, 2, 1], hardware: [0, 0, 0x5e, 0, 0x53, 1] } as const;
const SERVER = { address: [198, 51, 100, 2], hardware: [0, 0, 0x5e, 0, 0x53, 2] } as const;
/** The kernel's link watch, which runs once a second, has seen the new links. */
const LINK_WATCH_MS = 2500;

/** Two beds with one side of each in a namespace between: what the first has as receiver and the second as sender. */
function between({ helper }: Bed, over: 'bridge' | 'routed', moduleFolder?: string): Way {
  const middle = newNamespace();
  const first = bedOf(helper, newNamespace(), middle);
  const second = bedOf(helper, middle, newNamespace());
  const inner = [
    { name: 'receiver', place: first.receiver },
    { name: 'sender', place: second.sender },
  ];
  inNamespace(middle, () => (over === 'bridge' ? bridge : route)(moduleFolder));
  sleep(LINK_WATCH_MS);
  return {
    client: first.sender,
    server: second.receiver,
    programs: { helper, sender: second.sender, receiver: first.receiver },
    devices: [
      { name: 'sender', place: first.sender },
      ...inner,
      { name: 'receiver', place: second.receiver },
    ],
  };
}

function bedOf(helper: string, sender: number, receiver: number): Bed {
  const bed = makeBed({ helper }, 'veth', { sender, receiver });
  if ('reason' in bed) throw new Error(bed.reason);
  return bed;
}

/** Devices of a bridge have addresses of nobody's: a frame for one of theirs would end there. */
function bridge(moduleFolder?: string): void {
  if (moduleFolder !== undefined) loadModules(moduleList(moduleFolder));
  const ports = [11, 10];
  for (const [i, name] of ['receiver', 'sender'].entries()) {
    const device = deviceNamed(name);
    device.setAddress([0, 0, 0, 0]);
    device.setHardwareAddress([0, 0, 0x5e, 0, 0x53, 0x10 + i]);
  }
  makeBridge('bridge', ports);
}

function moduleList(folder: string): string {
  const path = `${folder}/modules.list`;
  const names = readdirSync(folder).filter((name) => name.endsWith('.ko'));
  writeFileSync(path, names.map((name) => `${folder}/${name}\n`).join(''));
  return path;
}

/** Each side's network begins at its own device; the ends believe the other to be their neighbour. */
function route(): void {
  const mask = [255, 255, 255, 0];
  const [toClient, toServer] = [deviceNamed('receiver'), deviceNamed('sender')];
  toClient.setAddress([...CLIENT.address.slice(0, 3), 254], mask);
  toServer.setAddress([...SERVER.address.slice(0, 3), 254], mask);
  toClient.setNeighbour(CLIENT.address, CLIENT.hardware);
  toServer.setNeighbour(SERVER.address, SERVER.hardware);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
}
