// cgroup_skb: packets of every socket in a cgroup, as they arrive at one and as they leave it.

import * as z from 'zod';
import type { Hook } from './hook.ts';

const ATTACH_TYPES: Readonly<Record<string, number>> = { ingress: 0, egress: 1 }; // BPF_CGROUP_INET_INGRESS, _EGRESS

export const cgroupSkb: Hook = {
  name: 'cgroup_skb',
  description: 'packets that arrive at the sockets of a cgroup, or leave them',
  since: '5.7',
  programTypes: ['cgroup_skb'],
  options: { direction: z.enum(['ingress', 'egress']) },
  variants: [{ direction: 'ingress' }, { direction: 'egress' }],
  empty: () => 'nop_cgroup_skb',
  drop: () => 'drop_cgroup_skb',
  stimuli: ['udp'],
  attach: (port, fd, { direction }) => port.linkToCgroup(fd, ATTACH_TYPES[direction!]!),
};
