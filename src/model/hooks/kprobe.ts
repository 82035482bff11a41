// kprobe: the entry of any kernel function. At one that ftrace knows, as most are, it needs no breakpoint.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const kprobe: Hook = {
  name: 'kprobe',
  description: 'the entry of a kernel function, by a probe',
  since: '4.17',
  programTypes: ['kprobe'],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: 'function',
  empty: () => 'nop_kprobe',
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { function: name }) => port.probe(fd, 'kprobe', name!, 'entry'),
};
