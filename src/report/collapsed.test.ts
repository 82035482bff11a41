import { expect, test } from 'vitest';
import type { LoadDetails } from '../model/report.ts';
import { buildReport } from './build.ts';
import { RENDERERS } from './index.ts';

const LOAD: LoadDetails = {
  target: 'debian:6.12/exact',
  side: 'head',
  program: 'load',
  input: 'tcp, 1 stream, 80 MiB, with a;b',
  bytes: 1000,
  packets: 20,
  devices: [],
  parts: [],
  stacks: [
    { event: 'sock_send', part: 'TCP', insns: 400 },
    { event: 'rx_softirq', part: 'bpf \x1b[31mlb', insns: 100 },
  ],
  unaccounted: 0,
  iperf3: '{}',
};

const { render, renderMeasure } = RENDERERS.find(({ name }) => name === 'flamegraph')!;

test('network loads of a report are collapsed stacks, a line each, and no frame ends early or moves a cursor', () => {
  const report = buildReport({
    ...{ version: '0.1.0', targets: [], measurements: [] },
    loads: [LOAD, { ...LOAD, program: 'load (empty)', stacks: [LOAD.stacks![0]!] }],
  });
  const text = render(report);
  expect(text).toBe(
    [
      'debian:6.12/exact;head;load;tcp, 1 stream, 80 MiB, with a,b;sock_send;TCP 400',
      'debian:6.12/exact;head;load;tcp, 1 stream, 80 MiB, with a,b;rx_softirq;bpf \\x1b[31mlb 100',
      'debian:6.12/exact;head;load (empty);tcp, 1 stream, 80 MiB, with a,b;sock_send;TCP 400\n',
    ].join('\n'),
  );
  expect(renderMeasure(report)).toBe(text);
});

test('a report without network load, and one of before there were stacks, has none', () => {
  const { stacks: _, ...old } = LOAD;
  const parts = { version: '0.1.0', targets: [], measurements: [] };
  expect(render(buildReport(parts))).toBe('');
  expect(render(buildReport({ ...parts, loads: [old] }))).toBe('');
});
