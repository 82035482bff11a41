// netkit: programs of a pair of devices, on what each of the two sends; the primary's side attaches both.

import * as z from 'zod';
import type { Hook } from './hook.ts';

const [BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER] = [54, 55]; // enum bpf_attach_type

export const netkit: Hook = {
  name: 'netkit',
  description: 'what is sent by one of a pair of netkit devices: by its primary or by the peer',
  since: '6.7',
  builtWith: 'CONFIG_NETKIT',
  programTypes: ['sched_cls'],
  options: { device: z.enum(['primary', 'peer']) },
  variants: [{ device: 'primary' }, { device: 'peer' }],
  empty: () => 'nop_sched_cls',
  drop: () => 'drop_sched_cls',
  stimuli: ['udp_netkit', 'udp_netkit_peer'],
  stimulus: ({ device }) => (device === 'peer' ? 'udp_netkit_peer' : 'udp_netkit'),
  attach: (port, fd, { device }) =>
    port.linkToDevice(fd, 'sender', device === 'peer' ? BPF_NETKIT_PEER : BPF_NETKIT_PRIMARY),
};
