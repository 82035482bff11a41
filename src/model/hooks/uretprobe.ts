// uretprobe: the return of a function of a process, which a breakpoint takes into the kernel. Measured on the stimulus' own.

import type { Hook } from './hook.ts';

export const uretprobe: Hook = {
  name: 'uretprobe',
  description: 'the return of a function of a process: of one that does nothing',
  since: '4.17',
  programTypes: ['kprobe'],
  options: {},
  variants: [{}],
  empty: () => 'nop_kprobe',
  stimuli: ['call'],
  attachesToStimulus: true,
  attach: (port, fd) => port.probe(fd, 'uprobe', 'tollgate_called', 'return'),
};
