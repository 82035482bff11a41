// iter: programs that are called for each of the kernel's objects of a kind, or each entry of a map, while a file is read.

import * as z from 'zod';
import type { Hook } from './hook.ts';
import { kernelName } from './target.ts';

/** Over entries of one map: of hash tables and arrays, of socket storage (both since 5.9), of sockmaps (since 5.10). */
const OVER_A_MAP: readonly string[] = ['bpf_map_elem', 'bpf_sk_storage_map', 'sockmap'];

export const iter: Hook = {
  name: 'iter',
  description:
    "all of the kernel's objects of a kind, or all entries of a map, one by one, while a file is read",
  since: '5.9',
  programTypes: ['tracing'],
  options: { over: kernelName, map: z.string().min(1).max(256) },
  variants: [{ over: 'bpf_map' }, { over: 'task' }],
  sectionSays: 'over',
  loadsFor: 'over',
  takesMap: ({ over }) => OVER_A_MAP.includes(over!),
  empty: () => 'nop_iter',
  stimuli: ['iterate'],
  attachesToStimulus: true,
  attach: (port, fd, { map }) => port.giveIterator(fd, map),
};
