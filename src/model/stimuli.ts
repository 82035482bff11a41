// What makes a hook run: a fixed count of packets or other events, one at a time, by native/stimulus.c. Counts are part
// of every figure, so they are fixed here and nobody's choice.

import type { Place } from './errors.ts';
import type { BedSide } from './hooks/hook.ts';

export interface Stimulus {
  /** Also native/stimulus.c's name for it. */
  readonly name: string;
  readonly description: string;
  /** What one event is, in the singular. */
  readonly unit: 'packet' | 'event';
  /** The frame's length where the user gives none; left out where there are no frames. */
  readonly sizeBytes?: number;
  /** Of a stream, which is in no frames of its own: the length of a message. */
  readonly messageBytes?: number;
  /** The kind of link it goes over, where that is not the bed's veth: it is laid out for each arm. */
  readonly link?: 'netkit';
  /** The map by which an XDP program of ours redirects its packets, in every arm: bpf/redirect_MAP.bpf.c. */
  readonly redirect?: 'devmap' | 'cpumap';
  /** native/stimulus.c's name of the round trips of this one, where it has any. */
  readonly roundTrip?: string;
}

export const STIMULI: readonly Stimulus[] = [
  {
    name: 'udp',
    description: 'UDP datagrams over IPv4, each received before the next is sent',
    unit: 'packet',
    sizeBytes: 64,
    roundTrip: 'udp_rtt',
  },
  {
    name: 'udp_any',
    description: 'UDP datagrams over IPv4 to a socket that shares its port and is connected to nobody',
    unit: 'packet',
    sizeBytes: 64,
  },
  {
    name: 'udp_raw',
    description: 'UDP datagrams over IPv4, sent as whole frames by a packet socket',
    unit: 'packet',
    sizeBytes: 64,
  },
  {
    name: 'udp_devmap',
    description: 'UDP datagrams over IPv4 that XDP at the receiver sends back by a devmap',
    unit: 'packet',
    sizeBytes: 64,
    redirect: 'devmap',
  },
  {
    name: 'udp_cpumap',
    description: 'UDP datagrams over IPv4 that XDP at the receiver leaves to a thread by a cpumap',
    unit: 'packet',
    sizeBytes: 64,
    redirect: 'cpumap',
  },
  {
    name: 'udp_netkit',
    description: "UDP datagrams over IPv4 from a netkit pair's primary to its peer",
    unit: 'packet',
    sizeBytes: 64,
    link: 'netkit',
  },
  {
    name: 'udp_netkit_peer',
    description: "UDP datagrams over IPv4 from a netkit pair's peer to its primary",
    unit: 'packet',
    sizeBytes: 64,
    link: 'netkit',
  },
  {
    name: 'tcp',
    // One way, whether acknowledgements fall into an event or behind it would be half of the figure.
    description: 'messages over a TCP connection, 64 bytes, each answered before the next is sent',
    unit: 'packet',
    messageBytes: 64,
  },
  {
    name: 'tcp_congestion',
    description:
      "the same over a connection whose congestion control is set: to the kernel's reno without a program",
    unit: 'packet',
    messageBytes: 64,
  },
  { name: 'getpgid', description: 'a system call that asks for a process group', unit: 'event' },
  { name: 'call', description: 'a call of a function that does nothing', unit: 'event' },
  { name: 'socket', description: 'a UDP socket over IPv4, bound, connected and closed', unit: 'event' },
  { name: 'socket6', description: 'a UDP socket over IPv6, bound, connected and closed', unit: 'event' },
  { name: 'tcp_connect', description: 'a TCP connection, made and reset', unit: 'event' },
  { name: 'sockopt', description: 'an option of a socket, set and asked for', unit: 'event' },
  { name: 'sysctl', description: 'a setting of the kernel, read', unit: 'event' },
  { name: 'device', description: 'a device, opened and closed', unit: 'event' },
  { name: 'iterate', description: 'an iterator, opened, read to its end and closed', unit: 'event' },
  { name: 'page_fault', description: 'the first access to a page of memory', unit: 'event' },
];

/** A program of the user's: each of its runs is one event, or several that it makes. */
export const COMMAND: Stimulus = {
  name: 'command',
  description: "a program of the project's, run from its start to its end",
  unit: 'event',
};

export const stimulusByName = (name: string): Stimulus | undefined =>
  [...STIMULI, COMMAND].find((stimulus) => stimulus.name === name);

/** A program that is run in the guest, with its files, in one of the bed's namespaces. */
export interface GuestCommand {
  readonly name: string;
  readonly command: readonly string[];
  /** Paths or globs, as the budget file has them. */
  readonly files: readonly string[];
  /** Beside PATH, HOME and LD_LIBRARY_PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly in: BedSide;
}

/** One that makes a hook run. */
export interface StimulusCommand extends GuestCommand {
  /** Events that each of its runs makes: figures are divided by it. */
  readonly per: number;
  /** Where each of `files` stands. */
  readonly filePlaces: readonly Place[];
}

/** A stimulus as it was asked for: 'udp:64'; or a command. */
export interface ChosenStimulus {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly command?: StimulusCommand;
}

/** Events before the first that counts: caches of routes, neighbours and memory are warm then. */
export const WARM_UP_EVENTS = 64;
/** Events that count: few timer ticks fall into so many, and they are whole batches. */
export const EVENTS = 1024;
/** Where all hooks are measured one after the other: a value repeats in fewer, too, and there are a hundred machines to run. */
export const EVENTS_OF_ALL_HOOKS = 512;
/** The network stack allocates in bulk for every 16th packet: a mean is of whole multiples of that. */
export const BATCH_EVENTS = 64;
/** Runs of a command before the first that counts, and those that count: each takes a process' start and end. */
export const COMMAND_WARM_UP = 8;
export const COMMAND_RUNS = 32;
/** How long one may take, ms of virtual time. */
export const COMMAND_PATIENCE_MS = 10_000;
/** How long an event is waited for, ms of virtual time, before it is lost. */
export const PATIENCE_MS = 10;

/** Ethernet header included; one frame, so at most what the link carries. */
export const FRAME_BYTES = { min: 60, max: 1514 } as const;

/** 'udp:64', 'udp' -> a stimulus; undefined for what is none, or has a size it cannot have. */
export function parseStimulus(text: string): ChosenStimulus | undefined {
  const [, name, size] = /^([a-z_0-9]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const known = STIMULI.find((stimulus) => stimulus.name === name);
  if (!known) return undefined;
  if (known.sizeBytes === undefined) return size === undefined ? { name: known.name } : undefined;
  const sizeBytes = size === undefined ? known.sizeBytes : Number(size);
  return sizeBytes < FRAME_BYTES.min || sizeBytes > FRAME_BYTES.max
    ? undefined
    : { name: known.name, sizeBytes };
}

/** 'udp:64', 'getpgid', 'command:dd'. */
export function stimulusLabel({ name, sizeBytes, command }: ChosenStimulus): string {
  if (command) return `${name}:${command.name}`;
  return sizeBytes === undefined ? name : `${name}:${sizeBytes}`;
}
