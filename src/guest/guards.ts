// What the kernel does against attacks that use compiled eBPF, where it changes the code: told, and for a load set.

import { readFileSync, writeFileSync } from 'node:fs';
import type { Job } from '../model/job.ts';

const HARDEN = '/proc/sys/net/core/bpf_jit_harden';

/** Has the JIT blind constants as the job says while `load` runs, and in nothing that is loaded later. */
export function hardened<T>({ jitHarden }: Pick<Job, 'jitHarden'>, load: () => T): T {
  if (!jitHarden) return load();
  writeFileSync(HARDEN, String(jitHarden));
  try {
    return load();
  } finally {
    writeFileSync(HARDEN, '0');
  }
}

/** As 'Mitigation: Retpolines, STIBP: disabled, RSB filling'. */
export function spectreV2(): string {
  return readFileSync('/sys/devices/system/cpu/vulnerabilities/spectre_v2', 'utf8').trim().slice(0, 1000);
}
