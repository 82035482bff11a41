// lsm: programs as a security module, called where the others are.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const lsm: Hook = {
  name: 'lsm',
  description: 'a hook of the security modules',
  since: '5.7',
  programTypes: ['lsm'],
  options: { check: kernelName },
  variants: [{ check: GETPGID.lsm }],
  sectionSays: 'check',
  loadsFor: 'check',
  empty: () => 'nop_lsm',
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => {
    port.expectSecurityModule('bpf'); // without it a program is attached and never called
    return port.openTracepoint(fd);
  },
};
