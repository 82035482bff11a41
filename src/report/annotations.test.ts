import { expect, test } from 'vitest';
import type { Report, Verdict } from '../model/report.ts';
import { type Annotation, annotationsOf } from './annotations.ts';

const OPTIONS = {
  workspace: '/w',
  directory: '/w/net',
  isFile: (path: string) =>
    ['/w/net/tollgate.yml', '/w/net/src/lb.bpf.c', '/w/common/map.h', '/etc/passwd'].includes(path),
};

function row(part: Partial<Verdict> = {}): Verdict {
  return {
    target: 'debian:6.1/exact',
    object: 'build/lb.bpf.o',
    program: 'xdp_lb',
    metric: 'run_insns',
    unit: 'insns',
    base: 400,
    head: 440,
    budget: { max: 420, text: 'max 420', file: 'tollgate.yml', line: 14 },
    verdict: 'over',
    why: 'run_insns of xdp_lb on debian:6.1 is 440: 20 above the maximum of 420',
    ...part,
  };
}

function reportOf(verdicts: readonly Verdict[], part: Partial<Report> = {}): Report {
  const target = (kernel: string): Report['targets'][number] => ({
    ...{ id: `${kernel}/exact`, kernel, arch: 'x86_64', mode: 'exact', accelerator: 'tcg', status: 'ok' },
    seconds: { boot: 0, load: 0, measure: 0 },
  });
  return {
    schema: 1,
    tool: { name: 'tollgate', version: '0.1.0' },
    verdict: 'over',
    notes: [],
    config: { file: 'tollgate.yml', kernels: [] },
    targets: ['debian:5.10', 'debian:6.1'].map(target),
    measurements: [],
    verdicts: [...verdicts],
    ...part,
  };
}

const annotate = (verdicts: readonly Verdict[], part: Partial<Report> = {}) =>
  annotationsOf(reportOf(verdicts, part), OPTIONS);

test('a program over budget on several kernels and inputs is marked once, at its budget, with the worst figure', () => {
  const rows = [
    row({ input: 'udp:64' }),
    row({ input: 'syn.pcap', target: 'debian:5.10/exact', head: 500, why: 'run_insns of xdp_lb is 500' }),
  ];
  expect(annotate(rows)).toEqual([
    {
      level: 'error',
      file: 'net/tollgate.yml',
      line: 14,
      title: 'xdp_lb: run_insns over budget on debian:5.10, debian:6.1',
      message: 'run_insns of xdp_lb is 500 (and 1 more like it)',
    },
  ] satisfies Annotation[]);
});

test.each([
  ['src/lb.bpf.c', 'net/src/lb.bpf.c', 31],
  ['/w/net/src/lb.bpf.c', 'net/src/lb.bpf.c', 31],
  ['../common/map.h', 'common/map.h', 31],
  ['common/map.h', 'common/map.h', 31],
  ['/build/src/lb.bpf.c', 'net/tollgate.yml', 14],
  ['/etc/passwd', 'net/tollgate.yml', 14],
  ['../../etc/passwd', 'net/tollgate.yml', 14],
  ['src/lb.bpf.c\n', 'net/tollgate.yml', 14],
  ['..', 'net/tollgate.yml', 14],
  ['', 'net/tollgate.yml', 14],
])('a program whose source is %j is marked in %s:%d', (source, file, line) => {
  const [annotation] = annotate([row({ metric: 'load_ok', where: { file: source, line: 31 } })]);
  expect(annotation).toMatchObject({ file, line });
});

test('a budget of a file outside the workspace marks no line', () => {
  const options = { ...OPTIONS, workspace: '/elsewhere' };
  const [annotation] = annotationsOf(reportOf([row()]), options);
  expect(annotation).toEqual({
    level: 'error',
    title: 'xdp_lb: run_insns over budget on debian:6.1',
    message: row().why,
  });
});

test('a kernel without figures is an error of no file, before any regression', () => {
  const failed = row({ verdict: 'failed', object: '*', program: '*', metric: '*', why: 'kernel panic' });
  expect(annotate([row(), failed])[0]).toEqual({
    level: 'error',
    title: 'No verdict',
    message: 'kernel panic',
  });
});

test('a loosened budget is a warning, an accepted cost a notice with its reason', () => {
  const accepted = { by: 'commit', reason: 'worth it', commit: '0123456789abcdef' } as const;
  const budgetChanges: Report['budgetChanges'] = [
    { change: 'loosened', subject: 'run_insns of xdp_lb', kernels: ['debian:6.1'], base: 'max 400' },
    { change: 'tightened', subject: 'map_bytes of *' },
  ];
  expect(annotate([row({ accepted })], { budgetChanges })).toEqual([
    {
      level: 'warning',
      file: 'net/tollgate.yml',
      title: 'Budget loosened',
      message: 'run_insns of xdp_lb on debian:6.1: max 400 -> none',
    },
    {
      level: 'notice',
      file: 'net/tollgate.yml',
      line: 14,
      title: 'xdp_lb: run_insns over budget on debian:6.1',
      message: `${row().why} (accepted by commit 0123456: worth it)`,
    },
  ] satisfies Annotation[]);
});

test('of many failures the ten worst are marked, the worst first', () => {
  const rows = Array.from({ length: 40 }, (_, i) => row({ program: `p${i}`, head: 500 + i }));
  const titles = annotate(rows).map(({ title }) => title.split(':')[0]);
  expect(titles).toEqual(Array.from({ length: 10 }, (_, i) => `p${39 - i}`));
});

test('no control character and no endless text is passed on', () => {
  const hostile = `::error::\r\n%0A\u001b[2J${'x'.repeat(5000)}`;
  const [annotation] = annotate([row({ program: hostile, why: hostile })]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const controls = /[\u0000-\u001f\u007f-\u009f]/;
  expect(annotation!.title).not.toMatch(controls);
  expect(annotation!.message).not.toMatch(controls);
  expect([annotation!.title.length, annotation!.message.length]).toEqual([200, 1500]);
});

test('a report within budget marks nothing', () => {
  expect(annotate([row({ verdict: 'pass' }), row({ verdict: 'improved' })])).toEqual([]);
});
