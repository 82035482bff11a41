// cgroup_sock_addr: the addresses that the sockets of a cgroup are bound or connected to.

import * as z from 'zod';
import type { Hook } from './hook.ts';

/** enum bpf_attach_type */
const ATTACH_TYPES = { connect4: 10, connect6: 11, bind4: 8, bind6: 9 } as const;
type At = keyof typeof ATTACH_TYPES;

export const cgroupSockAddr: Hook = {
  name: 'cgroup_sock_addr',
  description: 'addresses that sockets of a cgroup are bound or connected to',
  since: '5.7',
  programTypes: ['cgroup_sock_addr'],
  options: { at: z.enum(Object.keys(ATTACH_TYPES) as [At, ...At[]]) },
  variants: [{ at: 'connect4' }, { at: 'connect6' }, { at: 'bind4' }, { at: 'bind6' }],
  sectionSays: 'at',
  attachType: ({ at }) => ATTACH_TYPES[at as At],
  empty: () => 'nop_cgroup_sock_addr',
  stimuli: ['socket', 'socket6'],
  stimulus: ({ at }) => (at?.endsWith('6') ? 'socket6' : 'socket'),
  attach: (port, fd, { at }) => port.linkToCgroup(fd, ATTACH_TYPES[at as At]),
};
