// cgroup_sock: a socket as it is made, bound and closed, in a cgroup.

import * as z from 'zod';
import type { Hook } from './hook.ts';

/** enum bpf_attach_type */
const ATTACH_TYPES = { sock_create: 2, sock_release: 34, post_bind4: 12, post_bind6: 13 } as const;
type At = keyof typeof ATTACH_TYPES;

export const cgroupSock: Hook = {
  name: 'cgroup_sock',
  description: 'sockets of a cgroup, as they are made, bound and closed',
  since: '5.9',
  programTypes: ['cgroup_sock'],
  options: { at: z.enum(Object.keys(ATTACH_TYPES) as [At, ...At[]]) },
  variants: [{ at: 'sock_create' }, { at: 'sock_release' }, { at: 'post_bind4' }, { at: 'post_bind6' }],
  sectionSays: 'at',
  attachType: ({ at }) => ATTACH_TYPES[at as At],
  empty: () => 'nop_cgroup_sock',
  stimuli: ['socket', 'socket6'],
  stimulus: ({ at }) => (at === 'post_bind6' ? 'socket6' : 'socket'),
  attach: (port, fd, { at }) => port.linkToCgroup(fd, ATTACH_TYPES[at as At]),
};
