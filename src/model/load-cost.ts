// What network load costs: plain data, the source of the table that `tollgate load` prints.

import type { LoadRun } from './job.ts';
import type { Absent, Target } from './report.ts';

/** The events that are the network's. */
export const NET_EVENTS = ['rx_softirq', 'tx_softirq', 'sock_send', 'sock_recv'] as const;
export type NetEvent = (typeof NET_EVENTS)[number];

export interface LoadFigures {
  /** Sent beyond the shorter run. */
  readonly bytes: number;
  /** That crossed the link, both ways; one that is not segmented yet is one. */
  readonly packets: number;
  /** Shares of all processor time, percent, by event. */
  readonly net_cpu: Readonly<Record<NetEvent, number>>;
  /** Of the network's events. */
  readonly insns_per_packet: number;
  readonly insns_per_byte: number;
  /** Of everything, user space and scheduler included. */
  readonly all_insns_per_byte: number;
  /** Of the longer run, in virtual time. */
  readonly throughput_bps: number;
  /** Of the longer run: packets that devices or programs dropped, as iperf3 or the device knows of them. */
  readonly lost: number;
  readonly retransmits?: number;
  /** Of the network's events, by part of the stack, instructions a byte; the dearest first. */
  readonly parts: readonly { readonly part: string; readonly insnsPerByte: number }[];
  /** Which share of all processor time no event, part nor user space accounts for, percent: what counting is off by. */
  readonly unaccounted: number;
}

/** What is attached meanwhile, as 'nothing' or 'xdp native'. */
export interface LoadArmCost {
  readonly arm: string;
  readonly figures: LoadFigures | Absent;
}

/** One kernel under one load. */
export interface LoadCost {
  readonly target: Target;
  readonly run: LoadRun;
  readonly arms: readonly LoadArmCost[];
}

export interface LoadCosts {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly costs: readonly LoadCost[];
}

/** 'tcp, 1 stream, 256 MiB'. */
export function loadLabel({ protocol, streams, bytes }: LoadRun): string {
  return `${protocol}, ${streams} ${streams === 1 ? 'stream' : 'streams'}, ${Math.round((10 * bytes) / (1 << 20)) / 10} MiB`;
}
