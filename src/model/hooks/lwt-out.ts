// lwt_out: a program in a route, as its lightweight tunnel (encap bpf out).

import type { Hook } from './hook.ts';

export const lwtOut: Hook = {
  name: 'lwt_out',
  description: "packets that go out by a route: of the sender's",
  since: '4.10',
  builtWith: 'CONFIG_LWTUNNEL_BPF',
  programTypes: ['lwt_out'],
  options: {},
  variants: [{}],
  empty: () => 'nop_lwt_out',
  drop: () => 'drop_lwt_out',
  stimuli: ['udp'],
  attach: (port, fd) => port.routeThrough(fd, 'sender', 'out'),
};
