// tc: a classifier with direct action at clsact, which every packet of the device passes.

import * as z from 'zod';
import type { Hook } from './hook.ts';

export const tc: Hook = {
  name: 'tc',
  description: "a filter at a device's clsact queueing discipline, with direct action",
  since: '4.5',
  programTypes: ['sched_cls'],
  options: { direction: z.enum(['ingress', 'egress']) },
  variants: [{ direction: 'ingress' }, { direction: 'egress' }],
  empty: () => 'nop_sched_cls',
  drop: () => 'drop_sched_cls',
  stimuli: ['udp', 'tcp'],
  attach: (port, fd, { direction }) =>
    direction === 'egress'
      ? port.filterOnDevice(fd, 'sender', 'egress')
      : port.filterOnDevice(fd, 'receiver', 'ingress'),
};
