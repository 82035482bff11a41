// struct_ops: functions of the kernel that programs are, all those of one set together; of TCP, its congestion control.

import type { Hook } from './hook.ts';

export const structOps: Hook = {
  name: 'struct_ops',
  description:
    "a set of functions that are programs: TCP's congestion control, in place of the kernel's reno",
  since: '5.6',
  programTypes: ['struct_ops'],
  options: {},
  variants: [{}],
  empty: () => 'nop_struct_ops',
  stimuli: ['tcp_congestion'],
  attachesToStimulus: true,
  attach: (port) => port.giveCongestionControl('sender'),
};
