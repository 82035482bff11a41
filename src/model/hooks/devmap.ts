// devmap: an XDP program in the entry of a map by which another one has sent the packet out of a device.

import type { Hook } from './hook.ts';

const BPF_XDP_DEVMAP = 33; // enum bpf_attach_type

export const devmap: Hook = {
  name: 'devmap',
  description: 'packets that XDP has redirected to a device, by an entry of a devmap',
  since: '5.9',
  programTypes: ['xdp'],
  options: {},
  variants: [{}],
  attachType: () => BPF_XDP_DEVMAP,
  empty: () => 'nop_xdp',
  drop: () => 'drop_xdp',
  stimuli: ['udp_devmap'],
  attach: (port, fd) => port.putIntoRedirect(fd),
};
