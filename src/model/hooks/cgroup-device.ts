// cgroup_device: devices that processes of a cgroup open.

import type { Hook } from './hook.ts';

const BPF_CGROUP_DEVICE = 6; // enum bpf_attach_type

export const cgroupDevice: Hook = {
  name: 'cgroup_device',
  description: 'devices that a cgroup opens',
  since: '5.7',
  programTypes: ['cgroup_device'],
  options: {},
  variants: [{}],
  empty: () => 'nop_cgroup_device',
  stimuli: ['device'],
  attach: (port, fd) => port.linkToCgroup(fd, BPF_CGROUP_DEVICE),
};
