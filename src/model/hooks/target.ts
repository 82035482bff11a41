// What hooks in the kernel's own code have in common: they are attached to something that has a name there. Of a user's
// program its section says that name; of an empty program the stimulus does.

import * as z from 'zod';
import { STIMULI } from '../stimuli.ts';

/** A function, a tracepoint or an LSM hook of the kernel. */
export const kernelName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.]{0,127}$/, 'expected a name as the kernel has it');

/** What runs once for each system call of the stimulus 'getpgid'. */
export const GETPGID = {
  function: '__x64_sys_getpgid',
  /** Called by it; its result may be changed. */
  inner: 'security_task_getpgid',
  lsm: 'task_getpgid',
} as const;

/** A name of the kernel's may be reached by any stimulus: the user knows by which. */
export const ANY_STIMULUS: readonly [string, ...string[]] = [
  'getpgid',
  ...STIMULI.map(({ name }) => name).filter((name) => name !== 'getpgid'),
];
