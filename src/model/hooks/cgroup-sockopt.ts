// cgroup_sockopt: options of the sockets of a cgroup, as they are set or asked for.

import * as z from 'zod';
import type { Hook } from './hook.ts';

/** enum bpf_attach_type */
const ATTACH_TYPES = { getsockopt: 21, setsockopt: 22 } as const;
type At = keyof typeof ATTACH_TYPES;

export const cgroupSockopt: Hook = {
  name: 'cgroup_sockopt',
  description: 'options of sockets of a cgroup, as they are set or asked for',
  since: '5.7',
  programTypes: ['cgroup_sockopt'],
  options: { at: z.enum(Object.keys(ATTACH_TYPES) as [At, ...At[]]) },
  variants: [{ at: 'getsockopt' }, { at: 'setsockopt' }],
  sectionSays: 'at',
  attachType: ({ at }) => ATTACH_TYPES[at as At],
  empty: () => 'nop_cgroup_sockopt',
  stimuli: ['sockopt'],
  attach: (port, fd, { at }) => port.linkToCgroup(fd, ATTACH_TYPES[at as At]),
};
