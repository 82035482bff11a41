// kprobe.multi: the entries of many kernel functions by one link, through fprobe.

import type { Hook } from './hook.ts';
import { ANY_STIMULUS, GETPGID, kernelName } from './target.ts';

export const kprobeMulti: Hook = {
  name: 'kprobe.multi',
  description: 'the entry of kernel functions, many by one link',
  since: '5.18',
  builtWith: 'CONFIG_FPROBE',
  programTypes: ['kprobe'],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: 'function',
  empty: () => 'nop_kprobe_multi',
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { function: name }) => port.linkToFunctions(fd, [name!]),
};
