// lwt_in: a program in a route, as its lightweight tunnel (encap bpf in).

import type { Hook } from './hook.ts';

export const lwtIn: Hook = {
  name: 'lwt_in',
  description: "packets that come in by a route: of the receiver's to its own address",
  since: '4.10',
  builtWith: 'CONFIG_LWTUNNEL_BPF',
  programTypes: ['lwt_in'],
  options: {},
  variants: [{}],
  empty: () => 'nop_lwt_in',
  drop: () => 'drop_lwt_in',
  stimuli: ['udp'],
  attach: (port, fd) => port.routeThrough(fd, 'receiver', 'in'),
};
