import { expect, test } from 'vitest';
import type { Measurement, Report, Target } from '../model/report.ts';
import { earlyExitRows } from './early-exit.ts';
import { renderMeasure, renderMeasureMarkdown } from './measure.ts';

const target = { id: 't', kernel: 'debian:6.1', mode: 'exact', status: 'ok' } as unknown as Target;

const figure = (program: string, input: string, metric: string, value: number): Measurement => ({
  ...{ target: 't', side: 'head', object: 'hooks', program, input, metric, unit: 'insns', value },
});

const reportOf = (measurements: Measurement[]): Report => ({
  schema: 1,
  tool: { name: 'tollgate', version: 'test' },
  verdict: 'pass',
  targets: [target],
  measurements,
  verdicts: [],
  notes: [],
});

const report = reportOf([
  figure('(nothing)', 'udp:64', 'pass_pps', 120_000),
  figure('(nothing)', 'tcp', 'pass_pps', 50_000),
  figure('sk_skb stream_verdict', 'tcp', 'drop_pps', 60_000),
  figure('sk_skb stream_verdict', 'tcp', 'hook_insns', 1000),
  figure('sk_skb stream_verdict', 'tcp', 'pass_pps', 40_000),
  figure('tc ingress', 'udp:64', 'drop_pps', 160_000),
  figure('tc ingress', 'tcp', 'hook_insns', 300),
  figure('tc ingress', 'tcp', 'pass_pps', 49_990),
]);

test('what leaving early is worth at each place, and what passing costs there', () => {
  expect(earlyExitRows(report, target)).toEqual([
    ['socket', '120000', '-', '50000', '0.0%'],
    ['sk_skb stream_verdict', '60000', '1000', '40000', '-20.0%'],
    ['tc ingress', '160000', '300', '49990', '0.0%'],
    ['tcx ingress', '-', '-', '-', '-'],
    ['xdp generic', '-', '-', '-', '-'],
    ['xdp native', '-', '-', '-', '-'],
  ]);
});

test('it is shown where hooks were measured, and nowhere else', () => {
  const none = reportOf([figure('xdp_lb', 'xdp native, udp:64', 'pass_pps', 1)]);
  expect(earlyExitRows(none, target)).toEqual([]);
  for (const render of [renderMeasure, renderMeasureMarkdown])
    expect([report, none].map((each) => render(each).includes('Leaving early'))).toEqual([true, false]);
});
