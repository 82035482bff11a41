// raw_tp: a tracepoint with its arguments as the kernel passes them.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, kernelName } from './target.ts';

export const rawTp: Hook = {
  name: 'raw_tp',
  description: 'a tracepoint, with its arguments as they are',
  since: '4.17',
  programTypes: ['raw_tracepoint'],
  options: { event: kernelName },
  variants: [{ event: 'sys_enter' }],
  sectionSays: 'event',
  empty: () => 'nop_raw_tracepoint',
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { event }) => port.openTracepoint(fd, event!),
};
