import { expect, test } from 'vitest';
import { EVENTS, netTable, PARTS } from '../model/net-parts.ts';
import { readNetCpu } from './netcpu.ts';

const numberOf = (all: readonly { readonly name: string }[], name: string) =>
  1 + all.findIndex((each) => each.name === name);

test('the table has the functions that say something, whatever the compiler has appended to their names', () => {
  const symbols = [
    'ffffffff81000000 net_rx_action',
    'ffffffff81000100 tcp_v4_rcv.isra.0',
    'ffffffff81000200 tcp_v4_rcv.cold',
    'ffffffff81000300 __switch_to',
    'ffffffff81000400 vfs_read',
  ].join('\n');
  expect(netTable(symbols)).toBe(
    [
      `ffffffff81000000 ${numberOf(EVENTS, 'rx_softirq')} 0`,
      `ffffffff81000100 0 ${numberOf(PARTS, 'TCP')}`,
      's ffffffff81000300',
      '',
    ].join('\n'),
  );
});

test('no function is of two events or parts', () => {
  const names = [...EVENTS, ...PARTS].flatMap(({ functions }) => [...functions]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('counts are read by name, images of one program together, a table for each run', () => {
  const image = (program: string, part: number) =>
    ({ type: 'image', program, part, address: 'ff', sizeBytes: 1 }) as const;
  const [rx, ip] = [numberOf(EVENTS, 'rx_softirq'), numberOf(PARTS, 'IP')];
  const text = `c 0 0 5\nc ${rx} ${ip} 7\nc ${rx} 256 1\nc ${rx} 257 2\nu 11\nend\nu 0\nend\n`;
  expect(readNetCpu(text, [image('lb', 0), image('lb', 1)])).toEqual([
    {
      user: 11,
      counts: [
        { event: 'other', part: 'other', insns: 5 },
        { event: 'rx_softirq', part: 'IP', insns: 7 },
        { event: 'rx_softirq', part: 'bpf lb', insns: 3 },
      ],
    },
    { user: 0, counts: [] },
  ]);
});

test.each([
  ['is cut off', 'u 1\n', 'it is cut off'],
  ['has another line', 'z 1\nend\n', "it has the line 'z 1'"],
])('a file that %s is refused', (_, text, what) => {
  expect(() => readNetCpu(text, [])).toThrow(`Cannot read the counts of network load: ${what}`);
});
