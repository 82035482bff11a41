// Golden files in fixtures/golden hold what each rendering of each report looks like. After a deliberate change,
// UPDATE_GOLDEN=1 npx vitest run --project unit src/report rewrites them; read the difference before it is committed.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compare } from '../budget/compare.ts';
import { parseConfig } from '../model/config.ts';
import { TollgateError, TollgateErrors } from '../model/errors.ts';
import { type Measurement, type Report, reportSchema, type Target } from '../model/report.ts';
import { buildReport } from './build.ts';
import { faultOf, renderFault } from './fault.ts';
import { RENDERERS } from './index.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/golden/', import.meta.url));
const UPDATE = process.env.UPDATE_GOLDEN === '1';
const EXTENSIONS = { terminal: 'txt', markdown: 'md', json: 'json' } as const;

function target(kernel: string, part: Partial<Target> = {}): Target {
  return {
    id: `${kernel}/exact`,
    kernel,
    release: `${kernel.slice('debian:'.length)}.0-1-cloud-amd64`,
    digest: '0'.repeat(64),
    arch: 'x86_64',
    mode: 'exact',
    accelerator: 'tcg',
    qemu: '7.2.13',
    cpu: 'qemu64-v1',
    libbpf: '1.1.2',
    status: 'ok',
    seconds: { boot: 2.1, load: 0.2, measure: 0.1 },
    ...part,
  };
}

type Values = Record<string, number | string>;

/** Figures of one program on one side; a text is the reason of an absent one. 'run_insns@udp:64' is of an input. */
function figures(
  side: 'base' | 'head',
  program: string,
  values: Values,
  part: Partial<Measurement> = {},
): Measurement[] {
  return Object.entries(values).map(([key, value]) => {
    const [metric, input] = key.split('@') as [string, string | undefined];
    return {
      target: 'debian:6.1/exact',
      side,
      object: 'build/lb.bpf.o',
      program,
      ...(input === undefined ? {} : { input }),
      metric,
      unit: metric === 'map_bytes' ? 'bytes' : metric === 'load_ok' ? 'bool' : 'insns',
      ...(typeof value === 'number' ? { value } : { absent: { reason: value } }),
      ...part,
    };
  });
}

const LB: Values = {
  load_ok: 1,
  total_insns: 1200,
  map_bytes: 4096,
  'run_insns@udp:64': 420,
  'run_insns@syn.pcap': 512.5,
};
const TC: Values = { load_ok: 1, total_insns: 90, map_bytes: 4096, 'run_insns@udp:64': 77 };

const rules = (budgets: string) =>
  parseConfig(
    `version: 1\nkernels: ["debian:5.10", "debian:6.1"]\nobjects: [a.o]\nbudgets:\n${budgets}`,
    'tollgate.yml',
  ).budgets;

const BUDGETS = rules(
  '  "*": { run_insns: { increase: 2% }, total_insns: 5000 }\n  xdp_lb: { run_insns: { max: 520 } }\n',
);

const LOG = `0: R1=ctx() R10=fp0
; if (data + sizeof(*eth) > data_end) @ lb.bpf.c:31
14: (71) r3 = *(u8 *)(r1 +23)
invalid access to packet, off=23 size=1, R1(id=0,off=23,r=14)
processed 15 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1`;

const EXISTS = { exists: true } as const;

function check(
  targets: Target[],
  measurements: Measurement[],
  base: Parameters<typeof compare>[0]['base'] = EXISTS,
  budgets = BUDGETS,
): Report {
  const outcome = compare({ targets, measurements, rules: budgets, base });
  return buildReport({ version: '0.1.0', targets, measurements, outcome });
}

const T = target('debian:6.1');
const HOSTILE = 'x|y`z</details><img src=x onerror=alert(1)>@team \u001b[31m\u202e\nnext';

const CHECKS: Record<string, () => Report> = {
  pass: () =>
    check(
      [T],
      [
        ...figures('base', 'xdp_lb', LB),
        ...figures('head', 'xdp_lb', LB),
        ...figures('base', 'tc', TC),
        ...figures('head', 'tc', TC),
      ],
    ),
  over: () =>
    check(
      [T, target('debian:5.10')],
      ['debian:6.1/exact', 'debian:5.10/exact'].flatMap((id) => [
        ...figures('base', 'xdp_lb', LB, { target: id }),
        ...figures('head', 'xdp_lb', { ...LB, 'run_insns@udp:64': 429, total_insns: 1000 }, { target: id }),
        ...figures('base', 'old', TC, { target: id }),
        ...figures('head', 'new', { ...TC, 'run_insns@udp:64': 'no test run for kprobe' }, { target: id }),
      ]),
    ),
  rates: () => {
    const load = { object: '(load)', program: 'load', unit: 'bps' };
    return check(
      [T],
      [
        ...figures('base', 'xdp_lb', { load_ok: 1, 'pass_pps@xdp native': 812_000 }),
        ...figures('head', 'xdp_lb', { load_ok: 1, 'pass_pps@xdp native': 790_000 }),
        ...figures('base', 'tc', { load_ok: 1, 'pass_pps@tc ingress': 812_000 }),
        ...figures('head', 'tc', { load_ok: 1, 'pass_pps@tc ingress': 820_000 }),
        ...figures('base', 'load', { 'throughput_bps@tcp': 9_048_000_000 }, load),
        ...figures('head', 'load', { 'throughput_bps@tcp': 4_524_000_000 }, load),
      ],
      EXISTS,
      parseConfig(
        `version: 1\nkernels: ["debian:6.1"]\nobjects: [a.o]\nload: [{ iperf3: {} }]\nbudgets:\n  "*": { pass_pps: { decrease: 2% } }\n  load: { throughput_bps: { min: 5e9, decrease: 1% } }\n`,
        'tollgate.yml',
      ).budgets,
    );
  },
  'failed-target': () =>
    check(
      [
        T,
        target('debian:5.10', {
          status: 'failed',
          error: {
            reason: 'kernel-panic',
            message: 'the kernel panicked while it booted',
            tail: '[    1.2] Kernel panic - not syncing: VFS\n[    1.3] ---[ end Kernel panic ]---',
          },
        }),
      ],
      [...figures('base', 'xdp_lb', LB), ...figures('head', 'xdp_lb', LB)],
    ),
  'load-failure': () =>
    check(
      [T],
      [
        ...figures('base', 'xdp_lb', LB),
        ...figures('head', 'xdp_lb', { load_ok: 0 }, { log: LOG, where: { file: 'lb.bpf.c', line: 31 } }),
        ...figures('base', 'tc', TC),
        ...figures('head', 'tc', TC),
      ],
    ),
  'no-baseline': () =>
    check([T], figures('head', 'xdp_lb', LB), { exists: false, reason: 'the branch has no merge base' }),
  hostile: () =>
    check(
      [
        target('debian:6.1', {
          error: { reason: 'x', message: HOSTILE, tail: `\`\`\`\n${HOSTILE}` },
          status: 'failed',
        }),
        target('debian:5.10'),
      ],
      [
        ...figures(
          'base',
          HOSTILE,
          { load_ok: 1, [`run_insns@${HOSTILE.replace('@', '')}`]: 1 },
          { target: 'debian:5.10/exact', object: HOSTILE },
        ),
        ...figures(
          'head',
          HOSTILE,
          { load_ok: 1, [`run_insns@${HOSTILE.replace('@', '')}`]: HOSTILE },
          { target: 'debian:5.10/exact', object: HOSTILE },
        ),
        ...figures(
          'head',
          `bad ${HOSTILE}`,
          { load_ok: 0 },
          { target: 'debian:5.10/exact', log: HOSTILE, where: { file: HOSTILE, line: 1 } },
        ),
      ],
    ),
  empty: () => check([], []),
  accepted: () =>
    withAcceptance(
      check(
        [T],
        [
          ...figures('base', 'xdp_lb', LB),
          ...figures('head', 'xdp_lb', { ...LB, 'run_insns@udp:64': 429, 'run_insns@syn.pcap': 515 }),
        ],
        EXISTS,
        rules('  xdp_lb: { run_insns: { increase: 0 }, total_insns: 5000 }\n'),
      ),
    ),
  'hostile-facts': () => ({
    ...check([T], [...figures('base', 'tc', TC), ...figures('head', 'tc', TC)]),
    notes: [HOSTILE],
    commits: { base: HOSTILE, head: HOSTILE },
    budgetChanges: [
      { change: 'loosened', subject: HOSTILE, kernels: [HOSTILE], base: HOSTILE, head: HOSTILE },
      { change: 'tightened', subject: HOSTILE },
    ],
    verdicts: [
      {
        ...{
          target: HOSTILE,
          object: HOSTILE,
          program: HOSTILE,
          metric: HOSTILE,
          unit: HOSTILE,
          why: HOSTILE,
        },
        verdict: 'over',
        accepted: { by: 'commit', reason: HOSTILE, commit: HOSTILE },
      },
    ],
  }),
};

/** As a check hands it on where everything over was accepted, and the budgets were changed, too. */
function withAcceptance(report: Report): Report {
  const accepted = {
    by: 'commit',
    reason: 'checksums are verified in full now',
    commit: '0123456789abcdef0123456789abcdef01234567',
  } as const;
  return {
    ...report,
    verdict: 'pass',
    config: { file: 'tollgate.yml', kernels: ['debian:6.1'] },
    commits: {
      base: 'fedcba9876543210fedcba9876543210fedcba98',
      head: '89abcdef0123456789abcdef0123456789abcdef',
    },
    shard: { index: 2, count: 4 },
    budgetChanges: [
      { change: 'loosened', subject: 'run_insns_max of xdp_lb', base: 'max 420', head: 'max 450' },
      { change: 'loosened', subject: 'total_insns of *', kernels: ['debian:5.10'], base: 'increase 2%' },
      { change: 'tightened', subject: 'map_bytes of *', head: 'increase 0' },
      { change: 'changed', subject: 'inputs of xdp_lb', base: 'udp:64', head: 'udp:64, syn.pcap' },
    ],
    verdicts: report.verdicts.map((row) => (row.verdict === 'over' ? { ...row, accepted } : row)),
  };
}

const FAULTS: Record<string, unknown> = {
  'fault-config': new TollgateErrors([
    new TollgateError('config', "Cannot parse budget 'xdp_lb.run_insn': unknown metric", {
      place: { file: 'tollgate.yml', line: 14, column: 12 },
      hint: "Did you mean 'run_insns'?",
    }),
    new TollgateError('config', "Cannot parse 'tollgate.yml': 'version' is missing"),
  ]),
  'fault-build': new TollgateError('config', "Cannot build head with 'make'", {
    reason: 'build-failed',
    tail: 'lb.bpf.c:3:1: error: expected `;`\nmake: *** [Makefile:4: lb.bpf.o] Error 1',
  }),
  'fault-infrastructure': new TollgateError('infrastructure', "Cannot download 'http://deb.debian.org/x'", {
    hint: 'try again, or another --mirror',
  }),
  'fault-crash': new TypeError(`x is undefined in ${HOSTILE}`),
};

const MEASURES: Record<string, () => Report> = {
  measure: () =>
    buildReport({
      version: '0.1.0',
      targets: [T],
      measurements: [
        ...figures('head', 'xdp_lb', { ...LB, 'run_insns_p99@syn.pcap': 800 }),
        ...figures('head', 'tc', TC),
        ...figures('head', 'on_exec', { load_ok: 1, total_insns: 12, run_insns: 'no test run for kprobe' }),
        ...figures(
          'head',
          'broken',
          { load_ok: 0 },
          { where: { file: 'lb.bpf.c', line: 31 }, object: 'build/b.bpf.o' },
        ),
      ],
    }),
  'measure-base': () =>
    buildReport({
      version: '0.1.0',
      targets: [T],
      measurements: [
        ...figures('base', 'xdp_lb', LB),
        ...figures('head', 'xdp_lb', { ...LB, 'run_insns@udp:64': 421 }),
        ...figures('base', 'tc', TC),
        ...figures('head', 'tc', { ...TC, map_bytes: 'no BTF' }),
      ],
    }),
  'measure-empty': () => buildReport({ version: '0.1.0', targets: [], measurements: [] }),
};

function matchesGolden(file: string, text: string) {
  const path = `${FOLDER}${file}`;
  if (UPDATE) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const cases = (reports: Record<string, () => Report>) =>
  Object.entries(reports).flatMap(([name, report]) =>
    RENDERERS.flatMap(({ name: form, ...renderer }) =>
      form === 'flamegraph' ? [] : [{ name, report, renderer: { name: form, ...renderer } }],
    ),
  );

test.each(cases(CHECKS))(
  'a check that is "$name" reads in $renderer.name as before',
  ({ name, report, renderer }) => {
    matchesGolden(`${name}.${EXTENSIONS[renderer.name]}`, renderer.render(report(), { width: 120 }));
  },
);

test.each(cases(MEASURES))('"$name" reads in $renderer.name as before', ({ name, report, renderer }) => {
  matchesGolden(`${name}.${EXTENSIONS[renderer.name]}`, renderer.renderMeasure(report(), { width: 100 }));
});

test('every report is one of schema 1', () => {
  for (const report of [...Object.values(CHECKS), ...Object.values(MEASURES)]) {
    expect(reportSchema.safeParse(report()).error).toBeUndefined();
  }
});

test.each(Object.entries(FAULTS))('"%s" reads in markdown as before', (name, error) => {
  matchesGolden(`${name}.md`, renderFault(faultOf(error)));
});

test('no golden file is left over', () => {
  const expected = [...cases(CHECKS), ...cases(MEASURES)].map(
    ({ name, renderer }) => `${name}.${EXTENSIONS[renderer.name]}`,
  );
  const faults = Object.keys(FAULTS).map((name) => `${name}.md`);
  expect(readdirSync(FOLDER).sort()).toEqual([...expected, ...faults].sort());
});

const HOSTILE_CHECKS = ['hostile', 'hostile-facts'] as const;

test.each(HOSTILE_CHECKS)(
  'nothing of "%s" reaches a terminal as a control character, nor moves a direction',
  (name) => {
    for (const renderer of RENDERERS) {
      const text = renderer.name === 'json' ? '' : renderer.render(CHECKS[name]!(), { width: 120 });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  },
);

test.each(HOSTILE_CHECKS)(
  'in markdown, "%s" keeps every table row whole and opens no tag or mention',
  (name) => {
    const text = RENDERERS[1].render(CHECKS[name]!());
    const outside = text.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '').replace(/`[^`\n]*`/g, '');
    expect(outside.replace(/<\/?(?:details|summary|code|sub)>/g, '')).not.toMatch(/<|@[a-z]/);
    for (const table of outside.split('\n\n').filter((block) => block.startsWith('|')))
      expect(new Set(table.split('\n').map((line) => line.split('|').length)).size).toBe(1);
  },
);

test('colour is used where it is asked for, and only there', () => {
  const [terminal] = RENDERERS;
  expect(terminal.render(CHECKS.over!(), {})).not.toContain('\u001b');
  expect(terminal.render(CHECKS.over!(), { colour: true })).toContain('\u001b[31mover\u001b[0m');
});

test('a terminal narrower than the names cuts names, never figures', () => {
  const name = 'a_very_long_program_name_that_does_not_fit';
  const report = check(
    [T],
    [...figures('base', name, LB), ...figures('head', name, { ...LB, 'run_insns@udp:64': 429 })],
  );
  const table = RENDERERS[0]
    .render(report, { width: 90 })
    .split('\n')
    .filter((line) => line.startsWith('over'));
  expect(table).toEqual([
    'over     debian:6.1  a_very_long…  udp:64  run_insns   420   429  +9 (+2.14%)  increase 2%',
  ]);
});

test('long sections are cut and counted', () => {
  const many = Array.from({ length: 60 }, (_, i) => [
    ...figures('base', `p${i}`, LB),
    ...figures('head', `p${i}`, { ...LB, 'run_insns@udp:64': 429 }),
  ]);
  const report = check([T], many.flat());
  expect(RENDERERS[0].render(report)).toContain('and 10 more rows (--verbose shows all)');
  expect(RENDERERS[1].render(report, { maxRows: 10 })).toContain('\n\nand 50 more rows');
});
