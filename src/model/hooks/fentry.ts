// fentry: the entry of a kernel function, which calls a trampoline made for it.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const fentry: Hook = {
  name: 'fentry',
  description: 'the entry of a kernel function, by a trampoline',
  since: '5.5',
  programTypes: ['tracing'],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: 'function',
  loadsFor: 'function',
  empty: () => 'nop_fentry',
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd),
};
