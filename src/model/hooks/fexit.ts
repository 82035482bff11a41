// fexit: the return of a kernel function, which a trampoline calls in its place.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const fexit: Hook = {
  name: 'fexit',
  description: 'the return of a kernel function, by a trampoline',
  since: '5.5',
  programTypes: ['tracing'],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: 'function',
  loadsFor: 'function',
  empty: () => 'nop_fexit',
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd),
};
