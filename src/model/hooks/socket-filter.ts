// socket_filter: what a socket lets in, attached by the process that has it.

import type { Hook } from './hook.ts';

export const socketFilter: Hook = {
  name: 'socket_filter',
  description: 'packets that arrive at one socket (SO_ATTACH_BPF)',
  since: '3.19',
  programTypes: ['socket_filter'],
  options: {},
  variants: [{}],
  empty: () => 'nop_socket_filter',
  drop: () => 'drop_socket_filter',
  stimuli: ['udp'],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveToSocket(fd, 'receiver'),
};
