// sockops: what happens to the TCP connections of a cgroup. Called several times while one is made.

import type { Hook } from './hook.ts';

const BPF_CGROUP_SOCK_OPS = 3; // enum bpf_attach_type

export const sockops: Hook = {
  name: 'sockops',
  description: 'what happens to TCP connections of a cgroup',
  since: '5.7',
  programTypes: ['sock_ops'],
  options: {},
  variants: [{}],
  empty: () => 'nop_sock_ops',
  stimuli: ['tcp_connect'],
  attach: (port, fd) => port.linkToCgroup(fd, BPF_CGROUP_SOCK_OPS),
};
