// fmod_ret: programs that may return in place of a kernel function: security checks, and what may be made to fail.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const fmodRet: Hook = {
  name: 'fmod_ret',
  description: 'what a kernel function returns, by a trampoline',
  since: '5.7',
  programTypes: ['tracing'],
  options: { function: kernelName },
  variants: [{ function: GETPGID.inner }],
  sectionSays: 'function',
  loadsFor: 'function',
  empty: () => 'nop_fmod_ret',
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd),
};
