// sk_msg: what is sent by a socket of a sockmap.

import type { Hook } from './hook.ts';

const BPF_SK_MSG_VERDICT = 7; // enum bpf_attach_type

export const skMsg: Hook = {
  name: 'sk_msg',
  description: 'messages that a socket of a sockmap sends',
  since: '4.17',
  programTypes: ['sk_msg'],
  options: {},
  variants: [{}],
  empty: () => 'nop_sk_msg',
  drop: () => 'drop_sk_msg',
  stimuli: ['tcp'],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveSockmap([{ fd, attachType: BPF_SK_MSG_VERDICT }], 'sender'),
};
