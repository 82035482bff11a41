// perf_event: the overflow of a counter; of page faults, counted one by one, which come when the stimulus wants them.

import type { Hook } from './hook.ts';

const PERF_COUNT_SW_PAGE_FAULTS = 2; // enum perf_sw_ids

export const perfEvent: Hook = {
  name: 'perf_event',
  description: 'the overflow of a software counter: each page fault',
  since: '4.9',
  programTypes: ['perf_event'],
  options: {},
  variants: [{}],
  empty: () => 'nop_perf_event',
  stimuli: ['page_fault'],
  attach: (port, fd) => port.sample(fd, PERF_COUNT_SW_PAGE_FAULTS),
};
