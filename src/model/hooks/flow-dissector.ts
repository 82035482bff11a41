// flow_dissector: which flow a packet is of, in place of the kernel's own function that finds out.

import type { Hook } from './hook.ts';

const BPF_FLOW_DISSECTOR = 17; // enum bpf_attach_type

export const flowDissector: Hook = {
  name: 'flow_dissector',
  description: "which flow a packet is of, in place of the kernel's own dissector, of a network namespace",
  since: '5.8',
  programTypes: ['flow_dissector'],
  options: {},
  variants: [{}],
  empty: () => 'nop_flow_dissector',
  stimuli: ['udp_raw'],
  attach: (port, fd) => port.linkToNamespace(fd, 'sender', BPF_FLOW_DISSECTOR),
};
