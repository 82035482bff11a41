import { expect, test } from 'vitest';
import { put, sizesTable, tablesOf } from './load-tables.mjs';

const target = (kernel: string) => ({
  ...{ kernel, status: 'ok', release: '6.1.0-x', version: '6.1.9-1', qemu: '7.2.22', cpu: 'qemu64-v1' },
});
const figures = (insns_per_byte: number) => ({
  insns_per_byte,
  insns_per_packet: 1000 * insns_per_byte,
  net_cpu: { rx_softirq: 45, tx_softirq: 0, sock_send: 30, sock_recv: 15 },
  ...{ bytes: 8 << 20, packets: 8192, throughput_bps: 9.0484e9, lost: 0 },
  parts: [{ part: 'TCP', insnsPerByte: insns_per_byte / 2 }],
});
const cost = (mebibytes: number, nothing: number, xdp: number) => ({
  target: target('debian:6.1'),
  load: { run: { bytes: mebibytes << 20 } },
  arms: [
    { arm: 'nothing', figures: figures(nothing) },
    { arm: 'xdp native', figures: figures(xdp) },
    { arm: 'tcx ingress', figures: { reason: "no hook 'tcx'" } },
  ],
});
const cells = (table: string) =>
  table
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));

test('each arm that has figures has a row, a bar and a column of parts', () => {
  const tables = tablesOf({ costs: [cost(16, 1, 4)] });
  expect(cells(tables.figures)).toEqual([
    ['', 'debian:6.1', 'nothing', '45.0', '0.0', '30.0', '15.0', '1000', '1.000', '1024', '9048', '0', ''],
    ['', 'debian:6.1', 'xdp native', '45.0', '0.0', '30.0', '15.0', '4000', '4.000', '1024', '9048', '0', ''],
  ]);
  expect(tables.picture.split('\n').slice(3)).toEqual([
    'debian:6.1, instructions a byte',
    `  nothing    1.000 ${'█'.repeat(8)}${'▓'.repeat(5)}${'░'.repeat(2)}`,
    `  xdp native 4.000 ${'█'.repeat(30)}${'▓'.repeat(20)}${'░'.repeat(10)}`,
    '```',
  ]);
  expect(cells(tables.parts)).toEqual([['', 'TCP', '500.0', '2000.0', '']]);
  expect(tables['what was measured']).toBe('- `debian:6.1`: Linux 6.1.0-x, 6.1.9-1; QEMU 7.2.22, qemu64-v1');
});

test('a size says how far its figures are from those of the largest', () => {
  expect(cells(sizesTable({ costs: [cost(16, 1.004, 3.98), cost(160, 1, 4)] }))).toEqual([
    ['', 'debian:6.1', '16 MiB', '1.004 (+0.40%)', '1004 (+0.40%)', '3.980 (-0.50%)', '3980 (-0.50%)', ''],
    ['', 'debian:6.1', '160 MiB', '1.000', '1000', '4.000', '4000', ''],
  ]);
});

test('a kernel that failed makes no tables', () => {
  const failed = {
    ...cost(16, 1, 4),
    target: { ...target('debian:6.1'), status: 'failed', error: { message: 'no boot' } },
  };
  expect(() => tablesOf({ costs: [failed] })).toThrow('debian:6.1 failed: no boot');
});

test('what is between the marks is replaced, and nothing else', () => {
  const [begin, end] = ['<!-- a: made by scripts/load-tables.mjs -->', '<!-- end of a -->'];
  expect(put(`before\n${begin}\nold\n${end}\nbehind`, 'a', 'new')).toBe(
    `before\n${begin}\n\nnew\n\n${end}\nbehind`,
  );
  expect(() => put('', 'a', 'new')).toThrow("docs/networking-cpu.md has no place for 'a'");
});
