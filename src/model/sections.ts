// What a section's name says of the program in it: libbpf's section_defs (1.5), which users write
// their SEC("...") for. Kept as a table, so that a new hook is one line.

export interface SectionMeaning {
  /** The kernel's name in lower case, as bpftool prints it: 'xdp', 'sched_cls', 'tracing'. */
  readonly type: string;
  /** The kernel's attach type where the section decides it, as libbpf prints it: 'cgroup_inet_ingress'. */
  readonly attachType?: string;
  readonly sleepable?: boolean;
  /** True where only libbpf before 1.0 takes the name ("xdp_prog", "classifier/x"): the loader must set the type. */
  readonly legacy?: boolean;
}

/** The meaning of a section's name, '?' (not loaded by default) taken off. Undefined for names that say nothing. */
export function meaningOf(sectionName: string): SectionMeaning | undefined {
  const name = sectionName.replace(/^\?/, '');
  for (const [pattern, meaning] of SECTIONS) if (matches(pattern, name)) return meaning;
  return legacyMeaning(name);
}

/** libbpf's rule: 'x+' is x or x/..., 'x/' needs something behind it, anything else is meant exactly. */
function matches(pattern: string, name: string): boolean {
  if (pattern.endsWith('/')) return name.startsWith(pattern);
  if (!pattern.endsWith('+')) return name === pattern;
  const stem = pattern.slice(0, -1);
  return name === stem || name.startsWith(`${stem}/`);
}

/** libbpf before 1.0 took any name that starts with one of these. */
function legacyMeaning(name: string): SectionMeaning | undefined {
  const stem = LEGACY_STEMS.find((candidate) => name.startsWith(candidate));
  const meaning = SECTIONS.find(([pattern]) => pattern === stem)?.[1];
  return meaning && { ...meaning, legacy: true };
}

const def = (
  pattern: string,
  type: string,
  attachType?: string,
  sleepable = false,
): readonly [string, SectionMeaning] => [
  pattern,
  { type, ...(attachType ? { attachType } : {}), ...(sleepable ? { sleepable } : {}) },
];

const SECTIONS: readonly (readonly [string, SectionMeaning])[] = [
  def('socket', 'socket_filter'),
  def('sk_reuseport/migrate', 'sk_reuseport', 'sk_reuseport_select_or_migrate'),
  def('sk_reuseport', 'sk_reuseport', 'sk_reuseport_select'),
  def('kprobe+', 'kprobe'),
  def('uprobe+', 'kprobe'),
  def('uprobe.s+', 'kprobe', undefined, true),
  def('kretprobe+', 'kprobe'),
  def('uretprobe+', 'kprobe'),
  def('uretprobe.s+', 'kprobe', undefined, true),
  def('kprobe.multi+', 'kprobe', 'trace_kprobe_multi'),
  def('kretprobe.multi+', 'kprobe', 'trace_kprobe_multi'),
  def('kprobe.session+', 'kprobe', 'trace_kprobe_session'),
  def('uprobe.multi+', 'kprobe', 'trace_uprobe_multi'),
  def('uretprobe.multi+', 'kprobe', 'trace_uprobe_multi'),
  def('uprobe.session+', 'kprobe', 'trace_uprobe_session'),
  def('uprobe.multi.s+', 'kprobe', 'trace_uprobe_multi', true),
  def('uretprobe.multi.s+', 'kprobe', 'trace_uprobe_multi', true),
  def('uprobe.session.s+', 'kprobe', 'trace_uprobe_session', true),
  def('ksyscall+', 'kprobe'),
  def('kretsyscall+', 'kprobe'),
  def('usdt+', 'kprobe'),
  def('usdt.s+', 'kprobe', undefined, true),
  def('tc/ingress', 'sched_cls', 'tcx_ingress'),
  def('tc/egress', 'sched_cls', 'tcx_egress'),
  def('tcx/ingress', 'sched_cls', 'tcx_ingress'),
  def('tcx/egress', 'sched_cls', 'tcx_egress'),
  def('tc', 'sched_cls'),
  def('classifier', 'sched_cls'),
  def('action', 'sched_act'),
  def('netkit/primary', 'sched_cls', 'netkit_primary'),
  def('netkit/peer', 'sched_cls', 'netkit_peer'),
  def('tracepoint+', 'tracepoint'),
  def('tp+', 'tracepoint'),
  def('raw_tracepoint+', 'raw_tracepoint'),
  def('raw_tp+', 'raw_tracepoint'),
  def('raw_tracepoint.w+', 'raw_tracepoint_writable'),
  def('raw_tp.w+', 'raw_tracepoint_writable'),
  def('tp_btf+', 'tracing', 'trace_raw_tp'),
  def('fentry+', 'tracing', 'trace_fentry'),
  def('fmod_ret+', 'tracing', 'modify_return'),
  def('fexit+', 'tracing', 'trace_fexit'),
  def('fsession+', 'tracing', 'trace_fsession'),
  def('fentry.s+', 'tracing', 'trace_fentry', true),
  def('fmod_ret.s+', 'tracing', 'modify_return', true),
  def('fexit.s+', 'tracing', 'trace_fexit', true),
  def('fsession.s+', 'tracing', 'trace_fsession', true),
  def('freplace+', 'ext'),
  def('lsm+', 'lsm', 'lsm_mac'),
  def('lsm.s+', 'lsm', 'lsm_mac', true),
  def('lsm_cgroup+', 'lsm', 'lsm_cgroup'),
  def('iter+', 'tracing', 'trace_iter'),
  def('iter.s+', 'tracing', 'trace_iter', true),
  def('syscall', 'syscall', undefined, true),
  def('xdp.frags/devmap', 'xdp', 'xdp_devmap'),
  def('xdp/devmap', 'xdp', 'xdp_devmap'),
  def('xdp.frags/cpumap', 'xdp', 'xdp_cpumap'),
  def('xdp/cpumap', 'xdp', 'xdp_cpumap'),
  def('xdp.frags', 'xdp', 'xdp'),
  def('xdp', 'xdp', 'xdp'),
  def('perf_event', 'perf_event'),
  def('lwt_in', 'lwt_in'),
  def('lwt_out', 'lwt_out'),
  def('lwt_xmit', 'lwt_xmit'),
  def('lwt_seg6local', 'lwt_seg6local'),
  def('sockops', 'sock_ops', 'cgroup_sock_ops'),
  def('sk_skb/stream_parser', 'sk_skb', 'sk_skb_stream_parser'),
  def('sk_skb/stream_verdict', 'sk_skb', 'sk_skb_stream_verdict'),
  def('sk_skb/verdict', 'sk_skb', 'sk_skb_verdict'),
  def('sk_skb', 'sk_skb'),
  def('sk_msg', 'sk_msg', 'sk_msg_verdict'),
  def('lirc_mode2', 'lirc_mode2', 'lirc_mode2'),
  def('flow_dissector', 'flow_dissector', 'flow_dissector'),
  def('cgroup_skb/ingress', 'cgroup_skb', 'cgroup_inet_ingress'),
  def('cgroup_skb/egress', 'cgroup_skb', 'cgroup_inet_egress'),
  def('cgroup/skb', 'cgroup_skb'),
  def('cgroup/sock_create', 'cgroup_sock', 'cgroup_inet_sock_create'),
  def('cgroup/sock_release', 'cgroup_sock', 'cgroup_inet_sock_release'),
  def('cgroup/sock', 'cgroup_sock', 'cgroup_inet_sock_create'),
  def('cgroup/post_bind4', 'cgroup_sock', 'cgroup_inet4_post_bind'),
  def('cgroup/post_bind6', 'cgroup_sock', 'cgroup_inet6_post_bind'),
  ...['bind', 'connect', 'sendmsg', 'recvmsg', 'getpeername', 'getsockname'].flatMap((call) => [
    ...['4', '6'].map((family) => def(`cgroup/${call}${family}`, 'cgroup_sock_addr', sockAddr(call, family))),
    ...(call === 'bind' ? [] : [def(`cgroup/${call}_unix`, 'cgroup_sock_addr', `cgroup_unix_${call}`)]),
  ]),
  def('cgroup/sysctl', 'cgroup_sysctl', 'cgroup_sysctl'),
  def('cgroup/getsockopt', 'cgroup_sockopt', 'cgroup_getsockopt'),
  def('cgroup/setsockopt', 'cgroup_sockopt', 'cgroup_setsockopt'),
  def('cgroup/dev', 'cgroup_device', 'cgroup_device'),
  def('struct_ops+', 'struct_ops'),
  def('struct_ops.s+', 'struct_ops', undefined, true),
  def('sk_lookup', 'sk_lookup', 'sk_lookup'),
  def('netfilter', 'netfilter', 'netfilter'),
];

/** Longer stems first: 'xdp_devmap' was a hook of its own. */
const LEGACY_STEMS = [
  'flow_dissector',
  'lwt_seg6local',
  'classifier',
  'sk_reuseport',
  'perf_event',
  'lirc_mode2',
  'sk_lookup',
  'lwt_xmit',
  'lwt_out',
  'sockops',
  'lwt_in',
  'socket',
  'action',
  'sk_skb',
  'sk_msg',
  'xdp',
];

/** Function declaration: hoisted, because the table above is built while the module loads. */
function sockAddr(call: string, family: string): string {
  const hasUdp = call === 'sendmsg' || call === 'recvmsg';
  return `cgroup_${hasUdp ? 'udp' : 'inet'}${family}_${call}`;
}
