// iter: programs that are called for each of the kernel's objects of a kind while a file is read.

import type { Hook } from './hook.ts';
import { kernelName } from './target.ts';

export const iter: Hook = {
  name: 'iter',
  description: "all of the kernel's objects of a kind, one by one, while a file is read",
  since: '5.9',
  programTypes: ['tracing'],
  options: { over: kernelName },
  variants: [{ over: 'bpf_map' }, { over: 'task' }],
  sectionSays: 'over',
  loadsFor: 'over',
  empty: () => 'nop_iter',
  stimuli: ['iterate'],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveIterator(fd),
};
