// sk_reuseport: which socket of a group that shares a port gets what arrives.

import type { Hook } from './hook.ts';

export const skReuseport: Hook = {
  name: 'sk_reuseport',
  description: 'the choice among sockets that share a port',
  since: '4.19',
  programTypes: ['sk_reuseport'],
  options: {},
  variants: [{}],
  empty: () => 'nop_sk_reuseport',
  stimuli: ['udp_any'],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveToGroup(fd, 'receiver'),
};
