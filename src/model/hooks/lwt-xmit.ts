// lwt_xmit: a program in a route, as its lightweight tunnel (encap bpf xmit).

import type { Hook } from './hook.ts';

export const lwtXmit: Hook = {
  name: 'lwt_xmit',
  description: "packets that a route gives to its device: of the sender's",
  since: '4.10',
  builtWith: 'CONFIG_LWTUNNEL_BPF',
  programTypes: ['lwt_xmit'],
  options: {},
  variants: [{}],
  empty: () => 'nop_lwt_xmit',
  drop: () => 'drop_lwt_xmit',
  stimuli: ['udp'],
  attach: (port, fd) => port.routeThrough(fd, 'sender', 'xmit'),
};
