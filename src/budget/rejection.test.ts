import { expect, test } from 'vitest';
import { rejectionReason } from './rejection.ts';

test.each<[string, string | undefined]>([
  ['', undefined],
  ['processed 2 insns (limit 1000000) max_states_per_insn 0', undefined],
  [
    "0: R1=ctx() R10=fp0\n; int x = *p; @ lb.c:12\n0: (61) r0 = *(u32 *)(r1 +0)\nR1 invalid mem access 'scalar'\nprocessed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
    "R1 invalid mem access 'scalar'",
  ],
  ['unknown func bpf_loop#181\nprocessed 5 insns', 'unknown func bpf_loop#181'],
  [
    '-- BEGIN PROG LOAD LOG --\nBPF program is too large.\n-- END PROG LOAD LOG --',
    'BPF program is too large.',
  ],
])('of the log %j the reason is %j', (log, reason) => {
  expect(rejectionReason(log)).toBe(reason);
});
