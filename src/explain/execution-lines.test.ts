import { expect, test } from 'vitest';
import { addressOf, type Insn, isInKernel, numberOf, readExecution } from './execution-lines.ts';

const KERNEL = '0xffffffff81000000';
const trace = (address: string) =>
  `Trace 0: 0x7eff40fc8a40 [0000000000000000/${address.slice(2).padStart(16, '0')}/0040c2b3/ff020201] function\n`;
const told = (address: string, code: string) =>
  `----------------\nIN: function\n${address}:  ${code.padEnd(24)} nop      \n\n${trace(address)}`;

function read(text: string, pieceBytes = text.length) {
  const seen: (Insn | 'taken back')[] = [];
  const reader = readExecution(
    { execute: (insn) => seen.push(insn), takeBack: () => seen.push('taken back') },
    new Map(),
  );
  for (let i = 0; i < text.length; i += pieceBytes) reader(Buffer.from(text.slice(i, i + pieceBytes)));
  return seen;
}

test.each([
  ['e8 01 02 03 04', 'call'],
  ['ff d0', 'call'],
  ['41 ff d3', 'call'],
  ['2e e8 01 02 03 04', 'call'],
  ['ff e0', 'other'],
  ['e9 01 02 03 04', 'jump'],
  ['eb 02', 'other'],
  ['c3', 'return'],
  ['f3 c3', 'return'],
  ['c2 08 00', 'return'],
  ['0f 1f 80 74 67 72 6e', 'run-mark'],
  ['0f 1f 80 74 67 73 6a', 'other'],
  ['48 89 e5', 'other'],
])('machine code %s is of kind %s', (code, kind) => {
  const sizeBytes = code.split(' ').length;
  expect(read(told(KERNEL, code))).toEqual([{ address: numberOf(0xffffffff81000000n), sizeBytes, kind }]);
});

test('an instruction is told once and the same object each time, until other code lies at its address', () => {
  const [first, second, third] = read(
    told(KERNEL, 'c3') + trace(KERNEL) + told(KERNEL, '90') + told(KERNEL, '90'),
  );
  expect(second).toBe(first);
  expect(third).toEqual({ ...(first as Insn), kind: 'other' });
  expect(read(told(KERNEL, '90') + told(KERNEL, '90')).map((insn, _, all) => insn === all[0])).toEqual([
    true,
    true,
  ]);
});

test('code of more than eight bytes is on two lines', () => {
  const text = `IN: \n${KERNEL}:  48 b8 01 02 03 04 05 06  movabsq  $1, %rax\n0xffffffff81000008:  07 08\n\n${trace(KERNEL)}`;
  expect(read(text)).toEqual([{ address: numberOf(0xffffffff81000000n), sizeBytes: 10, kind: 'other' }]);
});

test('a QEMU without a disassembler tells the code alone', () => {
  const text = `IN: \nOBJD-T: e801020304\n\n${trace(KERNEL)}`;
  expect(read(text)).toEqual([{ address: numberOf(0xffffffff81000000n), sizeBytes: 5, kind: 'call' }]);
});

test('what QEMU has not told the code of is of no known kind', () => {
  expect(read(trace(KERNEL))).toEqual([
    { address: numberOf(0xffffffff81000000n), sizeBytes: 0, kind: 'unknown' },
  ]);
});

test('what was said and not executed is taken back', () => {
  const text = `${told('0x1000', '90')}Stopped execution of TB chain before 0x7eff40fc8a40 [1000] \ncpu_io_recompile: rewound execution of TB to 1000\n`;
  expect(read(text).slice(1)).toEqual(['taken back', 'taken back']);
});

test('the log may come in pieces of any size', () => {
  const text = told(KERNEL, 'c3') + told('0x7ffff4d4e3a0', '0f 1f 80 74 67 72 6e') + trace(KERNEL);
  for (const pieceBytes of [1, 7, 100]) expect(read(text, pieceBytes)).toEqual(read(text));
  expect(read(text)).toHaveLength(3);
});

test('a line that does not end is an error', () => {
  expect(() => read('x'.repeat(70_000))).toThrow('a line of more than 65536 bytes');
});

test.each([0xffffffffc0001234n, 0xffff888000000000n, 0x7ffff4d4e3a0n])(
  'address %s is a number, and itself again',
  (address) => {
    expect(addressOf(numberOf(address))).toBe(address);
    expect(isInKernel({ address: numberOf(address), sizeBytes: 1, kind: 'other' })).toBe(address > 1n << 63n);
  },
);
