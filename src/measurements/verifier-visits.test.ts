import { expect, test } from 'vitest';
import { parseVisits } from './verifier-visits.ts';

const LOG = `func#0 @0
0: R1=ctx(id=0,off=0,imm=0) R10=fp0
; int xdp(struct xdp_md *ctx)
0: (b7) r0 = 0                        ; R0_w=0
1: (55) if r1 != 0x0 goto pc+1
2: (b7) r0 = 1
3: (95) exit

from 1 to 3: R0=0
3: (95) exit
from 1 to 2: safe
mark_precise: frame0: regs=r0 stack= before 2: (b7) r0 = 1
regs=1 stack=0 before 1: (55) if r1 != 0x0 goto pc+1
2: safe
verification time 28 usec
stack depth 0
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

test('visits are counted by instruction, those that a known state cut short included', () => {
  expect(parseVisits(Buffer.from(`${LOG}\0rest of the buffer\n0: (b7) r0 = 0\n`))).toEqual({
    visits: new Map([
      [0, 1],
      [1, 1],
      [2, 3],
      [3, 2],
    ]),
    processed: 7,
  });
});

test('a log longer than what is read at once loses no line', () => {
  const lines = Array.from({ length: 200_000 }, (_, i) => `${i % 10}: (b7) r${i % 10} = ${i}`).join('\n');
  const { visits } = parseVisits(Buffer.from(`${lines}\nprocessed 200000 insns (limit 1000000)\n`));
  expect([...visits.values()]).toEqual(Array.from({ length: 10 }, () => 20_000));
});

test('a log without its end says that nothing was processed', () => {
  expect(parseVisits(Buffer.from('0: (b7) r0 = 0\n')).processed).toBe(0);
});
