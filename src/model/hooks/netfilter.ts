// netfilter: programs among the rules of the firewall, where the stack calls those for IPv4.

import * as z from 'zod';
import type { Hook } from './hook.ts';

/** enum nf_inet_hooks; packets between two hosts are forwarded by neither. */
const HOOK_NUMBERS = { pre_routing: 0, local_in: 1, local_out: 3, post_routing: 4 } as const;
type At = keyof typeof HOOK_NUMBERS;

const BPF_NETFILTER = 45; // enum bpf_attach_type

export const netfilter: Hook = {
  name: 'netfilter',
  description: "a hook of the firewall for IPv4: the receiver's (pre_routing, local_in) or the sender's",
  since: '6.4',
  builtWith: 'CONFIG_NETFILTER_BPF_LINK',
  programTypes: ['netfilter'],
  options: { at: z.enum(Object.keys(HOOK_NUMBERS) as [At, ...At[]]) },
  variants: Object.keys(HOOK_NUMBERS).map((at) => ({ at })),
  attachType: () => BPF_NETFILTER,
  empty: () => 'nop_netfilter',
  drop: () => 'drop_netfilter',
  stimuli: ['udp'],
  attach: (port, fd, { at }) =>
    port.linkToNetfilter(
      fd,
      at === 'pre_routing' || at === 'local_in' ? 'receiver' : 'sender',
      HOOK_NUMBERS[at as At],
    ),
};
