// XDP on veth: native in the driver, which turns on NAPI there and copies packets; generic behind it, on the skb.

import * as z from 'zod';
import type { Hook } from './hook.ts';

const BPF_XDP = 37; // enum bpf_attach_type
const FLAGS: Readonly<Record<string, number>> = { native: 1 << 2, generic: 1 << 1 }; // XDP_FLAGS_DRV_MODE, _SKB_MODE

export const xdp: Hook = {
  name: 'xdp',
  description: "a device's receive path: in its driver (native) or behind it (generic), on veth",
  since: '5.9',
  programTypes: ['xdp'],
  options: { mode: z.enum(['native', 'generic']) },
  variants: [{ mode: 'native' }, { mode: 'generic' }],
  empty: () => 'nop_xdp',
  drop: () => 'drop_xdp',
  stimuli: ['udp', 'tcp'],
  attach: (port, fd, { mode }) => port.linkToDevice(fd, 'receiver', BPF_XDP, FLAGS[mode!]),
};
