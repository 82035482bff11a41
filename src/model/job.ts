// What the host asks of the guest: one exact job is one object of one side, with the programs to run.
// Every job starts from the same saved state, so what two jobs measure differs only by what they hold.

import type { Blob } from './window.ts';

export interface JobInput {
  readonly name: string;
  /** Packets, in order; a generator gives one or a few, a pcap many. */
  readonly packets: readonly Blob[];
  /** Raw context bytes for program types that take a context (sk_lookup, raw_tracepoint, syscall). */
  readonly context?: Blob;
}

export interface JobProgram {
  readonly name: string;
  /** libbpf's section-style name of the type, where the config says so: 'xdp', 'tc', 'cgroup_skb'. */
  readonly type?: string;
  /** Inputs to run it on; empty: load it and take its static figures only. */
  readonly inputs: readonly JobInput[];
  /** Why it isn't run although its type could be. */
  readonly notRun?: string;
}

export interface JobMap {
  readonly maxEntries?: number;
  /** Keys and values as the budget file has them; encoded when the map's sizes are known. */
  readonly entries: readonly (readonly [key: string, value: string])[];
}

export interface Job {
  readonly format: 1;
  /** The object's name in the report; also libbpf's name for it, which names its data maps. */
  readonly object: string;
  readonly elf: Blob;
  readonly programs: readonly JobProgram[];
  readonly maps: Readonly<Record<string, JobMap>>;
  /** Map name -> slot -> program name. */
  readonly tailCalls: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
