// The log is written by this test, as the kernel would: through the built library, streamed where the machine lets us.

import { join, resolve } from 'node:path';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { LOG_LIMIT_BYTES, openVisitsLog } from './visits-log.ts';

const LIBRARY = join(resolve(import.meta.dirname, '../../..'), 'dist/native/visits.so');

function count(write: (buffer: Buffer) => void, sizeBytes: number) {
  const log = openVisitsLog(LIBRARY);
  expect(log.sizeBytes).toBeLessThanOrEqual(LOG_LIMIT_BYTES);
  write(Buffer.from(koffi.view(log.address, sizeBytes)));
  return log.close();
}

const countText = (text: string) => {
  const bytes = Buffer.from(text);
  return count((buffer) => bytes.copy(buffer), bytes.length);
};

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
from 1 to 2 (speculative execution): safe
mark_precise: frame0: regs=r0 stack= before 2: (b7) r0 = 1
regs=1 stack=0 before 1: (55) if r1 != 0x0 goto pc+1
2: safe
2: safer
from 1 to 2: safe and sound
verification time 28 usec
stack depth 0
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

test('visits are counted by instruction, those that a known state cut short included', () => {
  expect(countText(`${LOG}\0rest of the buffer\n0: (b7) r0 = 0\n`)).toEqual({
    visits: [
      [0, 1],
      [1, 1],
      [2, 4],
      [3, 2],
    ],
    processed: 8,
    logBytes: expect.any(Number),
  });
});

test('what the kernel finds out before its first visit is none', () => {
  const before = `topo_order[0] = xdp
subprog#0: analyzing (depth 0)...
  8: (bf) r2 = r10\tr2: _ -> fp0+0
245: (bf) r2 = r10\tr2: _ -> fp0+0
subprog#0 xdp:
100: (18) r1 = 0xffff888005b95c00
stack use/def subprog#0 xdp (d0,cs0):
271: (15) if r0 == 0x0 goto pc-165
Live regs before insn:
      0: .1........ (b7) r0 = 0
    271: 0......... (15) if r0 == 0x0 goto pc-165
`;
  expect(countText(before + LOG).visits).toEqual(countText(LOG).visits);
});

test('a log longer than what is there at once loses no line, wherever the kernel goes back a character', () => {
  const LINES = 500_000;
  const lines = Array.from({ length: LINES }, (_, i) => `${i % 10}: (b7) r${i % 10} = ${i}\n`);
  const { visits, processed, logBytes } = count((buffer) => {
    let at = 0;
    for (const line of lines) {
      at += buffer.write(line, at, 'latin1');
      // It ends what it writes, and takes the end of the line away again to write more.
      buffer[at] = 0;
      at += buffer.write(' ; R0_w=scalar()\n', at - 1, 'latin1') - 1;
    }
    buffer.write(`processed ${LINES} insns (limit 1000000)\n\0`, at, 'latin1');
  }, 64 << 20);
  expect(visits).toEqual(Array.from({ length: 10 }, (_, insn) => [insn, LINES / 10]));
  expect(processed).toBe(LINES);
  expect(logBytes).toBeGreaterThan(LINES * 30);
});

test('a log without its end says that nothing was processed', () => {
  expect(countText('0: (b7) r0 = 0\n')).toMatchObject({ visits: [[0, 1]], processed: 0 });
});

test('numbers beyond every program are none of its instructions', () => {
  expect(countText('1000000: (b7) r0 = 0\n99999999999999999999999: (b7) r0 = 0\n')).toMatchObject({
    visits: [],
  });
});
