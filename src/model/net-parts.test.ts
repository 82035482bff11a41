import { expect, test } from 'vitest';
import { PARTS, partNumberOf, partOfStack } from './net-parts.ts';

const NAMES = new Map<bigint, readonly string[]>([
  [0x100n, ['memcpy']],
  [0x200n, ['tcp_v4_rcv.isra.0']],
  [0x300n, ['veth_poll']],
  [0x400n, ['net_rx_action']],
  [0x500n, ['sock_write_iter']],
  [0x600n, ['alias', 'ip_rcv']],
]);

/** The function that begins at the hundred below. */
const namesAt = (address: bigint) => NAMES.get(address - (address % 0x100n)) ?? [];
const program = (address: bigint) => (address >= 0x900n && address < 0xa00n ? 'xdp_lb' : undefined);

test.each([
  ["a helper is its caller's", [0x110n, 0x210n, 0x310n], 'TCP'],
  ['a program is itself, whatever called it', [0x910n, 0x310n, 0x410n], 'bpf xdp_lb'],
  ["what a program calls is the program's", [0x110n, 0x920n, 0x310n], 'bpf xdp_lb'],
  ['an event begins with no part, whatever it interrupts', [0x110n, 0x410n, 0x210n, 0x510n], 'other'],
  ['any of the names of a function says it', [0x610n], 'IP'],
  ["a call that is a function's last instruction is that function's", [0x110n, 0x300n], 'TCP'],
  ['nothing says nothing', [], 'other'],
])('%s', (_, stack, part) => {
  expect(partOfStack(stack, { program, namesAt })).toBe(part);
});

test('a function names its part by number, whatever the compiler has appended', () => {
  const bridge = 1 + PARTS.findIndex(({ name }) => name === 'bridge');
  expect(['br_handle_frame', 'br_forward.isra.0', 'memcpy'].map(partNumberOf)).toEqual([
    bridge,
    bridge,
    undefined,
  ]);
});
