// tracepoint: an event that the kernel's tracing has a format for, as perf attaches to it.

import * as z from 'zod';
import type { Hook } from './hook.ts';
import { ANY_STIMULUS } from './target.ts';

export const tracepoint: Hook = {
  name: 'tracepoint',
  description: 'an event of the kernel, category/name',
  since: '4.7',
  programTypes: ['tracepoint'],
  options: {
    event: z
      .string()
      .regex(/^\w{1,64}\/\w{1,127}$/, "expected 'category/name', as below /sys/kernel/tracing/events"),
  },
  variants: [{ event: 'raw_syscalls/sys_enter' }],
  sectionSays: 'event',
  empty: () => 'nop_tracepoint',
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { event }) => port.traceEvent(fd, event!),
};
