// kretprobe: the return of any kernel function; the return address is exchanged at its entry.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const kretprobe: Hook = {
  name: 'kretprobe',
  description: 'the return of a kernel function, by a probe',
  since: '4.17',
  programTypes: ['kprobe'],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: 'function',
  empty: () => 'nop_kprobe',
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { function: name }) => port.probe(fd, 'kprobe', name!, 'return'),
};
