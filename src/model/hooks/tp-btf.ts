// tp_btf: a tracepoint whose arguments have the types of BTF.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, kernelName } from './target.ts';

export const tpBtf: Hook = {
  name: 'tp_btf',
  description: 'a tracepoint, with typed arguments',
  since: '5.5',
  programTypes: ['tracing'],
  options: { event: kernelName },
  variants: [{ event: 'sys_enter' }],
  sectionSays: 'event',
  loadsFor: 'event',
  empty: () => 'nop_tp_btf',
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd),
};
