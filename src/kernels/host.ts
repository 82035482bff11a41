// `host`: the kernel this machine runs. Listed so that nobody looks for it in vain, refused where it cannot serve.

import { TollgateError } from '../model/errors.ts';
import type { KernelSource } from './source.ts';

export const host: KernelSource = {
  name: 'host',
  pattern: 'host',
  describe: "this machine's own kernel; for timed mode only",
  parse: (argument) => (argument === undefined ? { ok: true } : { expected: "'host' with nothing after it" }),
  resolve: async () => {
    throw new TollgateError(
      'config',
      "Cannot use kernel 'host' in exact mode: it already runs, on a clock and with interrupts of its own, and " +
        'only a kernel booted in a virtual machine can be counted to the instruction',
      {
        reason: 'host-not-exact',
        hint: "Name a kernel to boot, as 'debian:6.1', or 'path:/boot/vmlinuz-RELEASE' for this machine's image.",
      },
    );
  },
};
