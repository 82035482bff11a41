// The kernel's BPF program types (enum bpf_prog_type, include/uapi/linux/bpf.h), and how each can be run
// by BPF_PROG_TEST_RUN (net/bpf/test_run.c and the `test_run` members of struct bpf_prog_ops).

export interface ProgramType {
  readonly id: number;
  /** The name bpftool and libbpf print. */
  readonly name: string;
  /** The first kernel that loads programs of the type; left out where 5.10 and all newer ones do. */
  readonly since?: string;
  /**
   * What a test run takes. Undefined: the kernel has none, the program is measured where it is attached.
   * 'kernel-clock': the kernel times the program alone; 'syscall-clock': it doesn't, the counter is read
   * around the system call and the same call with an empty program is subtracted.
   */
  readonly testRun?: {
    readonly takes: 'packet' | 'context';
    readonly clock: 'kernel-clock' | 'syscall-clock';
    /** The first kernel that has it. */
    readonly since: string;
    /** The context used where the user gives none: zeros but for these 32-bit words, by offset. */
    readonly defaultContext?: {
      readonly name: string;
      readonly sizeBytes: number;
      readonly words?: Readonly<Record<number, number>>;
    };
    /** What an empty program of this type returns. */
    readonly emptyReturns: number;
    /** Flags without which a program of this type does not load; libbpf sets them on its own way to the kernel. */
    readonly loadFlags?: number;
  };
}

const packet = (since: string, emptyReturns: number): NonNullable<ProgramType['testRun']> => ({
  takes: 'packet',
  clock: 'kernel-clock',
  since,
  emptyReturns,
});

export const PROGRAM_TYPES: readonly ProgramType[] = [
  { id: 0, name: 'unspec' },
  { id: 1, name: 'socket_filter', testRun: packet('4.12', 0) },
  { id: 2, name: 'kprobe' },
  { id: 3, name: 'sched_cls', testRun: packet('4.12', 0) },
  { id: 4, name: 'sched_act', testRun: packet('4.12', 0) },
  { id: 5, name: 'tracepoint' },
  { id: 6, name: 'xdp', testRun: packet('4.12', 2) },
  { id: 7, name: 'perf_event' },
  { id: 8, name: 'cgroup_skb', testRun: packet('4.12', 1) },
  { id: 9, name: 'cgroup_sock' },
  { id: 10, name: 'lwt_in', testRun: packet('4.12', 0) },
  { id: 11, name: 'lwt_out', testRun: packet('4.12', 0) },
  { id: 12, name: 'lwt_xmit', testRun: packet('4.12', 0) },
  { id: 13, name: 'sock_ops' },
  { id: 14, name: 'sk_skb' },
  { id: 15, name: 'cgroup_device' },
  { id: 16, name: 'sk_msg' },
  {
    id: 17,
    name: 'raw_tracepoint',
    testRun: {
      takes: 'context',
      clock: 'syscall-clock',
      since: '5.10',
      defaultContext: { name: 'zeros:96', sizeBytes: 96 },
      emptyReturns: 0,
    },
  },
  { id: 18, name: 'cgroup_sock_addr' },
  { id: 19, name: 'lwt_seg6local', testRun: packet('4.19', 0) },
  { id: 20, name: 'lirc_mode2' },
  { id: 21, name: 'sk_reuseport' },
  { id: 22, name: 'flow_dissector', testRun: packet('5.0', 0) },
  { id: 23, name: 'cgroup_sysctl' },
  { id: 24, name: 'raw_tracepoint_writable' },
  { id: 25, name: 'cgroup_sockopt' },
  { id: 26, name: 'tracing' },
  { id: 27, name: 'struct_ops' },
  { id: 28, name: 'ext' },
  { id: 29, name: 'lsm' },
  {
    id: 30,
    name: 'sk_lookup',
    testRun: {
      takes: 'context',
      clock: 'kernel-clock',
      since: '5.13',
      // struct bpf_sk_lookup: family, protocol, remote IPv4 and port, local IPv4 and port. Of all zeros the kernel
      // says EAFNOSUPPORT.
      defaultContext: {
        name: 'tcp:ipv4',
        sizeBytes: 64,
        words: { 8: 2, 12: 6, 16: 0x0a7100cb, 36: 0x5000, 40: 0x020200c0, 60: 80 },
      },
      emptyReturns: 1,
    },
  },
  {
    id: 31,
    name: 'syscall',
    since: '5.14',
    testRun: {
      takes: 'context',
      clock: 'syscall-clock',
      since: '5.14',
      defaultContext: { name: 'zeros:64', sizeBytes: 64 },
      emptyReturns: 0,
      loadFlags: 0x10, // BPF_F_SLEEPABLE
    },
  },
  { id: 32, name: 'netfilter', since: '6.4', testRun: packet('6.4', 1) },
];

/** The type of that number; a number newer than this table has a name made of it. */
export function programTypeById(id: number): ProgramType {
  return PROGRAM_TYPES.find((type) => type.id === id) ?? { id, name: `type_${id}` };
}

export function programTypeByName(name: string): ProgramType | undefined {
  return PROGRAM_TYPES.find((type) => type.name === name);
}

/**
 * Attach types without which a program does not load, for sections that an older libbpf does not know
 * (enum bpf_attach_type, include/uapi/linux/bpf.h), by the name libbpf prints.
 */
export const ATTACH_TYPES: Readonly<Record<string, number>> = {
  sk_lookup: 36,
  netfilter: 45,
};
