// Which of the kernel's functions say what runs under network load: an event of the network stack, or a part of it. A
// function that says nothing is of what its caller is of; one that a kernel has not, or has inlined, is of its caller.

/** Names without the compiler's endings ('.isra.0'). */
interface Named {
  readonly name: string;
  readonly functions: readonly string[];
}

/**
 * What the processor does for, in the innermost sense: a softirq that interrupts a socket's send is the softirq's. Their
 * numbers for native/netcpu.c are their places, from 1.
 */
export const EVENTS = [
  // __napi_poll: NAPI in a thread of its own (since 5.12)
  { name: 'rx_softirq', functions: ['net_rx_action', '__napi_poll'] },
  { name: 'tx_softirq', functions: ['net_tx_action'] },
  {
    name: 'sock_send',
    // sock_sendmsg is a wrapper of __sock_sendmsg since 6.6, and was made one in older series, too
    functions: ['sock_write_iter', 'sock_sendmsg', '__sock_sendmsg', '__sys_sendto', '____sys_sendmsg'],
  },
  {
    name: 'sock_recv',
    functions: ['sock_read_iter', 'sock_recvmsg', '__sys_recvfrom', '____sys_recvmsg'],
  },
  // timers, RCU; network softirqs within are their own. handle_softirqs since 6.10
  { name: 'other_softirq', functions: ['__do_softirq', 'handle_softirqs'] },
  { name: 'hard_irq', functions: ['common_interrupt', 'sysvec_apic_timer_interrupt'] },
  { name: 'idle', functions: ['do_idle'] },
] as const satisfies readonly Named[];

export type LoadEvent = (typeof EVENTS)[number]['name'];

/** Parts of the network stack, where a part calls another the other's instructions are its own. Numbers from 1. */
export const PARTS = [
  { name: 'driver poll', functions: ['veth_poll', 'process_backlog', 'veth_xdp_rcv'] },
  { name: 'driver transmit', functions: ['veth_xmit'] },
  {
    name: 'GRO',
    functions: [
      'napi_gro_receive',
      'gro_receive_skb',
      'napi_gro_flush',
      'gro_flush_normal',
      'napi_gro_frags',
    ],
  },
  { name: 'XDP native', functions: ['veth_xdp_rcv_skb', 'veth_xdp_rcv_one'] },
  { name: 'XDP generic', functions: ['do_xdp_generic', 'netif_receive_generic_xdp'] },
  {
    name: 'receive',
    functions: [
      'netif_receive_skb_list_internal',
      'netif_receive_skb_internal',
      '__netif_receive_skb',
      '__netif_receive_skb_one_core',
      '__netif_receive_skb_list_core',
      '__netif_receive_skb_core',
    ],
  },
  {
    name: 'transmit',
    functions: ['__dev_queue_xmit', 'dev_hard_start_xmit', 'sch_direct_xmit', '__qdisc_run'],
  },
  {
    name: 'tc',
    functions: [
      'tcf_classify',
      'tcf_classify_ingress',
      'cls_bpf_classify',
      'tc_run',
      'sch_handle_ingress',
      'sch_handle_egress',
    ],
  },
  { name: 'netfilter', functions: ['nf_hook_slow', 'nf_hook_slow_list', 'nf_conntrack_in'] },
  { name: 'bridge', functions: ['br_handle_frame', 'br_dev_xmit', 'br_forward'] },
  { name: 'forwarding', functions: ['ip_forward', 'ip6_forward'] },
  {
    name: 'IP',
    functions: [
      'ip_rcv',
      'ip_list_rcv',
      'ip_local_deliver',
      '__ip_queue_xmit',
      'ip_queue_xmit',
      'ip_output',
      'ip_send_skb',
      'ip_make_skb',
      'ip_append_data',
      'ip_route_output_flow',
    ],
  },
  {
    name: 'TCP',
    functions: [
      'tcp_v4_rcv',
      'tcp_sendmsg',
      'tcp_recvmsg',
      '__tcp_transmit_skb',
      'tcp_write_xmit',
      'tcp_release_cb',
      'tcp_v4_do_rcv',
      'tcp_tasklet_func',
      'tcp_tsq_workfn',
    ],
  },
  { name: 'UDP', functions: ['udp_rcv', '__udp4_lib_rcv', 'udp_sendmsg', 'udp_recvmsg', 'udp_send_skb'] },
  {
    name: 'wake-up',
    functions: ['sock_def_readable', 'sock_def_write_space', 'sk_stream_write_space', 'tcp_data_ready'],
  },
  { name: 'copy to user', functions: ['skb_copy_datagram_iter', '_copy_to_iter', 'copy_page_to_iter'] },
  {
    name: 'copy from user',
    functions: [
      '_copy_from_iter',
      '_copy_from_iter_full',
      'copy_page_from_iter',
      'copyin',
      '_copy_from_iter_nocache',
    ],
  },
  { name: 'BPF in cgroups', functions: ['__cgroup_bpf_run_filter_skb'] },
] as const satisfies readonly Named[];

/** Of what no function names a part. */
export const OTHER = 'other';

/**
 * The part that a stack of the kernel's functions is of, the innermost first: as native/netcpu.c has it, that of the innermost
 * function which names one. `program` says which program's code an address is, if it is any's; `namesAt` the functions that
 * an address lies in.
 */
export function partOfStack(
  stack: readonly bigint[],
  {
    program,
    namesAt,
  }: {
    readonly program: (address: bigint) => string | undefined;
    readonly namesAt: (address: bigint) => readonly string[];
  },
): string {
  for (const [i, address] of stack.entries()) {
    const at = i === 0 ? address : address - 1n; // a call may be its function's last instruction
    const name = program(at);
    if (name !== undefined) return `bpf ${name}`;
    for (const symbol of namesAt(at)) {
      const says = SAYS.get(symbol.replace(/\..*$/, ''));
      if (says !== undefined) return says;
    }
  }
  return OTHER;
}

/** The number of the part that a function names, as native/netcpu.c has it; undefined where it names none. */
export function partNumberOf(symbol: string): number | undefined {
  const name = symbol.replace(/\..*$/, '');
  const at = PARTS.findIndex(({ functions }) => (functions as readonly string[]).includes(name));
  return at < 0 ? undefined : at + 1;
}

/** By function: its part; an event begins with none. */
const SAYS: ReadonlyMap<string, string> = new Map([
  ...EVENTS.flatMap(({ functions }) => functions.map((name) => [name, OTHER] as const)),
  ...PARTS.flatMap((part) => part.functions.map((name) => [name, part.name] as const)),
]);

/** Another task's turn: what it had called holds from there on. */
export const SWITCH = '__switch_to';

/** What native/netcpu.c is told, from lines 'address name'. */
export function netTable(symbols: string): string {
  const numbers = new Map<string, readonly [event: number, part: number]>([
    ...EVENTS.flatMap(({ functions }, i) => functions.map((name) => [name, [i + 1, 0]] as const)),
    ...PARTS.flatMap(({ functions }, i) => functions.map((name) => [name, [0, i + 1]] as const)),
  ]);
  return symbols
    .split('\n')
    .flatMap((line) => {
      const [address, name] = line.split(' ');
      if (!address || !name || /\.cold/.test(name)) return [];
      if (name === SWITCH) return [`s ${address}`];
      const found = numbers.get(name.replace(/\..*$/, ''));
      return found ? [`${address} ${found.join(' ')}`] : [];
    })
    .join('\n')
    .concat('\n');
}
