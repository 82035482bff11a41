// tcx: programs linked to a device without a queueing discipline; the kernel's own list, which tc's filters follow.

import * as z from 'zod';
import type { Hook } from './hook.ts';

const [BPF_TCX_INGRESS, BPF_TCX_EGRESS] = [46, 47]; // enum bpf_attach_type

export const tcx: Hook = {
  name: 'tcx',
  description: "a device's receive or send path, linked without a queueing discipline",
  since: '6.6',
  programTypes: ['sched_cls'],
  options: { direction: z.enum(['ingress', 'egress']) },
  variants: [{ direction: 'ingress' }, { direction: 'egress' }],
  empty: () => 'nop_sched_cls',
  drop: () => 'drop_sched_cls',
  stimuli: ['udp', 'tcp'],
  attach: (port, fd, { direction }) =>
    direction === 'egress'
      ? port.linkToDevice(fd, 'sender', BPF_TCX_EGRESS)
      : port.linkToDevice(fd, 'receiver', BPF_TCX_INGRESS),
};
