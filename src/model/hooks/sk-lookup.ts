// sk_lookup: which socket gets what arrives, of those that no connection claims.

import type { Hook } from './hook.ts';

const BPF_SK_LOOKUP = 36; // enum bpf_attach_type

export const skLookup: Hook = {
  name: 'sk_lookup',
  description: 'the choice of a socket for what arrives in a network namespace',
  since: '5.9',
  programTypes: ['sk_lookup'],
  options: {},
  variants: [{}],
  attachType: () => BPF_SK_LOOKUP,
  empty: () => 'nop_sk_lookup',
  stimuli: ['udp_any', 'tcp_connect'],
  attach: (port, fd) => port.linkToNamespace(fd, 'receiver', BPF_SK_LOOKUP),
};
