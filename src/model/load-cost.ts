// What network load costs: plain data, the source of the table that `tollgate load` prints.

import type { LoadLink, LoadRun } from './job.ts';
import type { Absent, LoadDevice, Target } from './report.ts';

/** What is sent, and by which way. */
export interface Load {
  readonly run: LoadRun;
  readonly link: LoadLink;
}

/** The events that are the network's. */
export const NET_EVENTS = ['rx_softirq', 'tx_softirq', 'sock_send', 'sock_recv'] as const;
export type NetEvent = (typeof NET_EVENTS)[number];

export interface LoadFigures {
  /** Sent beyond the shorter run. */
  readonly bytes: number;
  /** That crossed the link, both ways; one that is not segmented yet is one. */
  readonly packets: number;
  /** Shares of all processor time while data is sent, percent, by event. */
  readonly net_cpu: Readonly<Record<NetEvent, number>>;
  /** Of the network's events. */
  readonly insns_per_packet: number;
  readonly insns_per_byte: number;
  /** In virtual time, while data is sent. */
  readonly throughput_bps: number;
  /** Of the longer run: packets that devices or programs dropped, as iperf3 or the device knows of them. */
  readonly lost: number;
  readonly retransmits?: number;
  /** Of the network's events, by part of the stack, instructions a byte; the dearest first. */
  readonly parts: readonly { readonly part: string; readonly insnsPerByte: number }[];
  /** The same by event, in instructions: what a flame graph is made of. */
  readonly stacks: readonly { readonly event: string; readonly part: string; readonly insns: number }[];
  /** Which share of all processor time no event, part nor user space accounts for, percent: what counting is off by. */
  readonly unaccounted: number;
  /** How the devices were set. */
  readonly devices: readonly LoadDevice[];
  /** iperf3's own report of the longer run. */
  readonly iperf3: string;
}

/** What is attached meanwhile, as 'nothing' or 'xdp native'. */
export interface LoadArmCost {
  readonly arm: string;
  readonly figures: LoadFigures | Absent;
}

/** One kernel under one load. */
export interface LoadCost {
  readonly target: Target;
  readonly load: Load;
  readonly arms: readonly LoadArmCost[];
}

export interface LoadCosts {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly costs: readonly LoadCost[];
}

/** 'tcp, 1 stream, 256 MiB', and what is not as it is by default: 'udp, 1 stream, 32 MiB, 64 bytes each, over bridge, gro off'. */
export function loadLabel({ run, link }: Load): string {
  const { protocol, streams, bytes, isReverse, lengthBytes, bitsPerSecond, windowBytes } = run;
  const { over, mtuBytes, ...offloads } = link;
  return [
    protocol,
    `${streams} ${streams === 1 ? 'stream' : 'streams'}`,
    sizeText(bytes),
    ...(isReverse ? ['reverse'] : []),
    ...(lengthBytes === undefined ? [] : [`${lengthBytes} bytes each`]),
    ...(bitsPerSecond === undefined ? [] : [`${Math.round(bitsPerSecond / 1e5) / 10} Mbit/s`]),
    ...(windowBytes === undefined ? [] : [`window ${sizeText(windowBytes)}`]),
    ...(over === 'veth' ? [] : [over === 'bridge' ? 'over a bridge' : 'routed']),
    ...(mtuBytes === undefined ? [] : [`MTU ${mtuBytes}`]),
    ...Object.entries(offloads).map(([name, isOn]) => `${name} ${isOn ? 'on' : 'off'}`),
  ].join(', ');
}

function sizeText(bytes: number): string {
  const [unit, name] = bytes < 1 << 20 ? [1 << 10, 'KiB'] : [1 << 20, 'MiB'];
  return `${Math.round((10 * bytes) / unit) / 10} ${name}`;
}
