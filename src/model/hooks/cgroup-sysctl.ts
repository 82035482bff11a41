// cgroup_sysctl: settings of the kernel that processes of a cgroup read or write.

import type { Hook } from './hook.ts';

const BPF_CGROUP_SYSCTL = 18; // enum bpf_attach_type

export const cgroupSysctl: Hook = {
  name: 'cgroup_sysctl',
  description: 'settings of the kernel, as a cgroup reads or writes them',
  since: '5.7',
  programTypes: ['cgroup_sysctl'],
  options: {},
  variants: [{}],
  empty: () => 'nop_cgroup_sysctl',
  stimuli: ['sysctl'],
  attach: (port, fd) => port.linkToCgroup(fd, BPF_CGROUP_SYSCTL),
};
