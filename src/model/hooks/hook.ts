// What a hook is: where a program can be attached, what makes it run there, and how it is attached, through a port.
// One file per hook beside this one, one line in index.ts; nothing else knows them by name.

import type * as z from 'zod';

/** The options of one attachment as the budget file has them: { mode: 'native' }. */
export type HookOptions = Readonly<Record<string, string>>;

export interface Hook {
  /** As `attach: { hook: ... }` names it. */
  readonly name: string;
  readonly description: string;
  /** The first kernel that has it. */
  readonly since: string;
  /** What a kernel that has it can be built without: 'CONFIG_FPROBE'. */
  readonly builtWith?: string;
  /** Program types that it takes, as PROGRAM_TYPES names them. */
  readonly programTypes: readonly string[];
  /** Options beside `hook`, each of them a word. */
  readonly options: Readonly<Record<string, z.ZodType<string>>>;
  /** The attachments that `measure --hooks` shows; what the first says holds where the user says nothing. */
  readonly variants: readonly HookOptions[];
  /** The option that a user's program has in its section, behind the first '/', where the budget file says nothing. */
  readonly sectionSays?: string;
  /** Whether an attachment with these options needs `map`, a map of the program's object. Left out: none does. */
  readonly takesMap?: (options: HookOptions) => boolean;
  /** The option whose value a program is loaded for: a name in the kernel's BTF. */
  readonly loadsFor?: string;
  /** The attach type that a program has to be loaded with (enum bpf_attach_type), where that varies. */
  readonly attachType?: (options: HookOptions) => number;
  /** Our programs for it in dist/bpf, without '.bpf.o': one that does nothing, and one that drops where it can. */
  readonly empty: (options: HookOptions) => string;
  readonly drop?: (options: HookOptions) => string;
  /** What makes it run, unless the user says otherwise; the first is the default, of the others each fits, too. */
  readonly stimuli: readonly [string, ...string[]];
  /** Of `stimuli` the default, where that depends on the options. */
  readonly stimulus?: (options: HookOptions) => string;
  /** It goes to a socket or function of the stimulus' own, so that no command can take that one's place. */
  readonly attachesToStimulus?: true;
  /** Attaches the program behind `fd`; what it returns detaches it. Throws HookRefused. */
  readonly attach: (port: HookPort, fd: number, options: HookOptions) => Detach;
}

export type Detach = () => void;

/** The kernel says no. That is data: a figure is absent with this reason. */
export class HookRefused extends Error {}

/** The two sides of the link, each with its network namespace and device. */
export type BedSide = 'sender' | 'receiver';

/** What a hook attaches by. Every function throws HookRefused with the kernel's reason. */
export interface HookPort {
  /** BPF_LINK_CREATE on the device of a side, in that side's namespace (XDP since 5.9, tcx since 6.6). */
  readonly linkToDevice: (fd: number, side: BedSide, attachType: number, flags?: number) => Detach;
  /** BPF_LINK_CREATE on the root of the cgroup hierarchy, which every socket is in (since 5.7). */
  readonly linkToCgroup: (fd: number, attachType: number) => Detach;
  /** A filter with direct action at the clsact queueing discipline of a side's device (since 4.5). */
  readonly filterOnDevice: (fd: number, side: BedSide, direction: 'ingress' | 'egress') => Detach;
  /** BPF_LINK_CREATE on a side's network namespace (since 5.8). */
  readonly linkToNamespace: (fd: number, side: BedSide, attachType: number) => Detach;
  /** BPF_LINK_CREATE on a hook of netfilter for IPv4 (enum nf_inet_hooks), in a side's namespace (since 6.4). */
  readonly linkToNetfilter: (fd: number, side: BedSide, hookNumber: number) => Detach;
  /** The route to the receiver's address, in a side's namespace, with a lightweight tunnel (since 4.10). */
  readonly routeThrough: (fd: number, side: BedSide, at: 'in' | 'out' | 'xmit') => Detach;
  /** Into the entry of the map by which the stimulus' packets are redirected (since 5.9). */
  readonly putIntoRedirect: (fd: number) => Detach;
  /** Leaves it to the stimulus, which has the sockets: SO_ATTACH_BPF on that side's. */
  readonly giveToSocket: (fd: number, side: BedSide) => Detach;
  /** The same for those that share that side's port: SO_ATTACH_REUSEPORT_EBPF. */
  readonly giveToGroup: (fd: number, side: BedSide) => Detach;
  /** Attaches programs to a sockmap, into which the stimulus puts that side's socket. */
  readonly giveSockmap: (
    programs: readonly { readonly fd: number; readonly attachType: number }[],
    side: BedSide,
  ) => Detach;
  /** Registers the object's struct_ops map, and leaves it to the stimulus to have that side's socket use it (since 5.6). */
  readonly giveCongestionControl: (side: BedSide) => Detach;
  /**
   * BPF_LINK_CREATE; what iterates is the stimulus, once for each event (since 5.8). `map` is that of the object, whose
   * entries it iterates over (since 5.9).
   */
  readonly giveIterator: (fd: number, map?: string) => Detach;
  /** Another program of the object, by its section. */
  readonly companion: (section: string) => number;
  /** BPF_RAW_TRACEPOINT_OPEN: at `name`, or at what the program was loaded for (fentry, fexit, fmod_ret, tp_btf, LSM). */
  readonly openTracepoint: (fd: number, name?: string) => Detach;
  /** An event of the tracing file system, 'category/name', by perf_event_open. */
  readonly traceEvent: (fd: number, event: string) => Detach;
  /** A function of the kernel, or of the stimulus' process, by perf_event_open (since 4.17). */
  readonly probe: (fd: number, kind: 'kprobe' | 'uprobe', name: string, at: 'entry' | 'return') => Detach;
  /** Every count of a software counter (enum perf_sw_ids), by perf_event_open. */
  readonly sample: (fd: number, counter: number) => Detach;
  /** BPF_LINK_CREATE on kernel functions (since 5.18). */
  readonly linkToFunctions: (fd: number, names: readonly string[]) => Detach;
  /** Throws HookRefused where the kernel has not set up that security module. */
  readonly expectSecurityModule: (name: string) => void;
}
