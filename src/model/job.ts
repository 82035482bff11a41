// What the host asks of the guest: one exact job is one object of one side, with the programs to run.
// Every job starts from the same saved state, so what two jobs measure differs only by what they hold.

import type { BedSide, HookOptions } from './hooks/hook.ts';
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
  /** The type's number and attach type: what the budget file says, or what libbpf should take where it does not know the section. */
  readonly type?: {
    readonly id: number;
    readonly expectedAttachType?: number;
    readonly onlyIfUnknown: boolean;
  };
  /** The function, tracepoint or LSM hook that it is loaded for, in place of the one that its section says. */
  readonly loadedFor?: string;
  /** Inputs to run it on; empty: its static figures only. */
  readonly inputs: readonly JobInput[];
  /** Why it isn't run although its type could be. */
  readonly notRun?: string;
  /** Map name -> keys and values as the budget file has them, encoded when the map's sizes are known. */
  readonly maps: Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>;
  /** Map name -> slot -> program name. */
  readonly tailCalls: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** An object, and how it is set up. */
export interface ObjectJob {
  /** The object's name in the report; also libbpf's name for it, which names its data maps. */
  readonly object: string;
  readonly elf: Blob;
  readonly programs: readonly JobProgram[];
  /** max_entries set before loading, by map name. */
  readonly mapSizes: Readonly<Record<string, number>>;
}

export interface Job extends ObjectJob {
  readonly format: 1;
  /** Whether to report what loads and the static figures, or only runs (a second job on the same object). */
  readonly reportStatics: boolean;
  /** A program whose instructions are counted as the verifier visits them. */
  readonly reportVisits?: string;
  /** net.core.bpf_jit_harden for the object's loads; what guards the kernel has is told then. */
  readonly jitHarden?: number;
}

/** An object that is set up for one of its programs. */
export interface SubjectJob extends ObjectJob {
  readonly program: string;
}

/**
 * Instead of a job, one arm of measuring in place: objects are loaded, a program of one of them is attached to a hook or
 * not, and the stimuli are sent. What the arms differ by is the host's business. Base's object and head's are both in
 * the arms of either, for what is loaded moves the memory that packets come to lie in.
 */
export interface HookJob {
  readonly format: 1;
  readonly task: 'hook';
  readonly objects: readonly SubjectJob[];
  /** Which of them has the program. */
  readonly chosen: number;
  /** Left out: nothing is attached. */
  readonly attach?: { readonly hook: string; readonly options: HookOptions };
  /** Which of `objects` has the map that `attach` names, where it names one: an empty program is given it, too. */
  readonly mapOf?: number;
  readonly stimuli: readonly StimulusTask[];
  /** Of the stimulus that runs one. */
  readonly command?: CommandJob;
  /** In every arm with that stimulus: a link of another kind, our program that redirects its packets. */
  readonly link?: 'netkit';
  readonly redirect?: { readonly by: 'devmap' | 'cpumap'; readonly elf: Blob };
}

/**
 * Instead of a job, one arm of measuring under network load: programs are loaded, those of the arm attached, and iperf3
 * runs from one end of a link to the other, once for each of `runs`. It comes with the job, so that no other job's guest
 * has another memory for it.
 */
export interface LoadJob {
  readonly format: 1;
  readonly task: 'load';
  /** Loaded in this order, whatever the arm: an object's memory moves what comes behind it. */
  readonly attached: readonly AttachedProgram[];
  /** Of those only the programs of this arm are attached; without it those of none, and without it there all are. */
  readonly arm?: number;
  /** What the ends are linked by, and how their devices are set. */
  readonly link?: LoadLink;
  /** By the name each has in the guest's folder for it: native/load.c as 'load', 'iperf3', its libraries. */
  readonly files: Readonly<Record<string, Blob>>;
  /** Attached, too, in this order, and what they count is told. */
  readonly monitors?: readonly LoadMonitor[];
  readonly runs: readonly LoadRun[];
  /** net.core.bpf_jit_harden for the objects' loads. */
  readonly jitHarden?: number;
  /** The kernel keeps account of the attached programs (bpf_stats), and what it says is told after each run. */
  readonly reportStats?: boolean;
}

/** An object that counts as bpf/netcpu.bpf.c does, or that itself; the one that samples has its maps for it. */
export interface LoadMonitor {
  readonly name: string;
  readonly elf: Blob;
  /** Times a second that kernel stacks are sampled; left out: none are. */
  readonly sampleHz?: number;
}

/** An object of which one program is attached. */
export interface AttachedProgram extends SubjectJob {
  readonly arm?: number;
  readonly attach: { readonly hook: string; readonly options: HookOptions };
}

/**
 * Instead of a job, one arm of measuring what the user's own loader attaches: it is started, or is not, and the stimuli are
 * sent. Then the programs that it has loaded are measured as any are.
 */
export interface LoaderJob extends CommandJob {
  readonly format: 1;
  readonly task: 'loader';
  /** The loader's own, by which it is told whether it is ready. */
  readonly name: string;
  /** What a line of its output has when all is attached; left out: it has ended. */
  readonly ready?: string;
  readonly isStarted: boolean;
  readonly programs: readonly SoughtProgram[];
  readonly stimuli: readonly StimulusTask[];
}

/** A program of the project's, with its files. */
export interface CommandJob {
  readonly files: readonly CommandFile[];
  readonly command: readonly string[];
  /** Beside PATH, HOME and LD_LIBRARY_PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** The network namespace that it runs in. */
  readonly side: BedSide;
}

export interface CommandFile {
  /** Below the folder that the program runs in: no '..'. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly bytes: Blob;
}

/** A program that somebody else loads: the only one of its name, or the one that is pinned there, or has that number. */
export interface SoughtProgram {
  readonly name: string;
  readonly pin?: string;
  readonly id?: number;
  readonly inputs: readonly JobInput[];
}

/** One run of iperf3. */
export interface LoadRun {
  readonly protocol: 'tcp' | 'udp';
  readonly streams: number;
  readonly bytes: number;
  /** The server sends. */
  readonly isReverse?: boolean;
  /** Of what is handed to the socket at a time; of UDP, what a packet carries. iperf3's own: 128 KiB, a packet of the link. */
  readonly lengthBytes?: number;
  /** Of each stream; as much as it can where it is left out. */
  readonly bitsPerSecond?: number;
  /** How often iperf3 looks whether a packet is due: with one packet for each look they come one by one. */
  readonly pacingUs?: number;
  /** Of both sockets' buffers; without it TCP's own grow with the load. */
  readonly windowBytes?: number;
}

/** A way from the client to the server. */
export interface LoadLink {
  /** Devices of two namespaces, or a third namespace between them, where the programs are attached. */
  readonly over: LoadPath;
  /** Of every device; left out, as the kernel has them. */
  readonly mtuBytes?: number;
  readonly gro?: boolean;
  readonly gso?: boolean;
  readonly tso?: boolean;
}

export const LOAD_PATHS = ['veth', 'bridge', 'routed'] as const;
export type LoadPath = (typeof LOAD_PATHS)[number];

/** What native/stimulus.c is told. */
export interface StimulusTask {
  readonly name: string;
  readonly sizeBytes: number;
  readonly warmUp: number;
  readonly count: number;
  readonly patienceMs: number;
}

/** What is asked for behind the job, and not looked at before: whether it is there changes nothing in the runs. */
export interface Sequel {
  /** Programs of which it is reported, besides, what each single run took, and what code there was to run. */
  readonly reportCode: readonly string[];
  /** The object with other line information: it is loaded, and its lines are reported. */
  readonly probed?: Blob;
  /** Of that object the machine code of these lines' (`line_col`) tail calls is reported, and no lines. */
  readonly tailCalls?: readonly number[];
}

/** Instead of a job: the functions of the running kernel and its modules are asked for. */
export interface SymbolsJob {
  readonly format: 1;
  readonly task: 'symbols';
}

/** Line records of one program; of more none are reported. */
export const LINES_LIMIT = 500_000;
/** Of iperf3's own report. */
export const IPERF3_REPORT_LIMIT = 256 << 10;
/** Events of one stimulus. */
export const EVENTS_LIMIT = 65_536;
