// cpumap: an XDP program in the entry of a map by which another one has sent the packet to a processor's thread. What that
// drops it drops after the packet has been sent, so there is no rate of drops.

import type { Hook } from './hook.ts';

const BPF_XDP_CPUMAP = 35; // enum bpf_attach_type

export const cpumap: Hook = {
  name: 'cpumap',
  description: 'packets that XDP has redirected to a processor, by an entry of a cpumap',
  since: '5.9',
  programTypes: ['xdp'],
  options: {},
  variants: [{}],
  attachType: () => BPF_XDP_CPUMAP,
  empty: () => 'nop_xdp',
  stimuli: ['udp_cpumap'],
  attach: (port, fd) => port.putIntoRedirect(fd),
};
