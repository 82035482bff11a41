import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { Measurement, Target } from '../model/report.ts';
import { type Comparison, compare } from './compare.ts';

const TARGET: Target = {
  id: 'debian:6.1/exact',
  kernel: 'debian:6.1',
  arch: 'x86_64',
  mode: 'exact',
  accelerator: 'tcg',
  qemu: '7.2.13',
  cpu: 'qemu64-v1',
  status: 'ok',
  seconds: { boot: 1, load: 1, measure: 1 },
};

const BASE = { exists: true } as const;
const NO_BASE = { exists: false, reason: 'the branch has no merge base' } as const;

function rules(budgets: string) {
  const head = 'version: 1\nkernels: ["debian:5.10", "debian:6.1"]\nobjects: [a.o]\n';
  const load = budgets.includes('load:') ? 'load: [{ iperf3: {} }]\n' : '';
  return parseConfig(`${head}${load}budgets: ${budgets || '{}'}\n`, 't.yml').budgets;
}

type Value = number | string | undefined;

/** A figure: a number, an absent one as the text of its reason, or nothing at all. */
function figure(
  side: 'head' | 'base',
  metric: string,
  value: Value,
  more: Partial<Measurement> = {},
): Measurement[] {
  if (value === undefined) return [];
  const common = {
    target: TARGET.id,
    side,
    object: 'lb.o',
    program: 'xdp_lb',
    metric,
    unit: 'insns',
    ...more,
  };
  return [typeof value === 'number' ? { ...common, value } : { ...common, absent: { reason: value } }];
}

/** xdp_lb, loaded on both sides, with one metric. */
function pair(
  base: Value,
  head: Value,
  metric = 'run_insns',
  input: string | undefined = 'udp:64',
): Measurement[] {
  const more = input === undefined ? {} : { input };
  return [
    ...figure('base', 'load_ok', 1),
    ...figure('head', 'load_ok', 1),
    ...figure('base', metric, base, more),
    ...figure('head', metric, head, more),
  ];
}

function run(part: Partial<Comparison> & { budgets?: string }) {
  const { budgets = '', ...rest } = part;
  return compare({ targets: [TARGET], measurements: [], rules: rules(budgets), base: BASE, ...rest });
}

const short = (outcome: ReturnType<typeof compare>) => ({
  verdict: outcome.verdict,
  rows: outcome.verdicts.map((row) => `${row.verdict} ${row.metric}: ${row.why}`),
});

const SUBJECT = 'run_insns of xdp_lb (udp:64) on debian:6.1';

test.each<[budgets: string, base: Value, head: Value, verdict: string, rows: string[]]>([
  // No budget: only what changed is said.
  ['', 420, 420, 'pass', []],
  ['', 420, 421, 'pass', [`pass run_insns: ${SUBJECT} is 421, 1 more than before: no budget holds it`]],
  ['', 420, 419, 'pass', [`improved run_insns: ${SUBJECT} is 419, 1 less than before: no budget holds it`]],
  ['', 'no', 'no', 'pass', []],
  [
    '',
    420,
    'no test run',
    'pass',
    [`unmeasured run_insns: ${SUBJECT} was not measured, where the base has 420: no test run`],
  ],
  ['', 'no test run', 420, 'pass', [`new run_insns: ${SUBJECT} is 420; the base has none: no test run`]],
  // max
  [
    '{ xdp_lb: { run_insns: 420 } }',
    420,
    420,
    'pass',
    [`pass run_insns: ${SUBJECT} is 420, as before: within the maximum of 420`],
  ],
  [
    '{ xdp_lb: { run_insns: 420 } }',
    421,
    420,
    'pass',
    [`improved run_insns: ${SUBJECT} is 420, 1 less than before: within the maximum of 420`],
  ],
  [
    '{ xdp_lb: { run_insns: 420 } }',
    421,
    421,
    'over',
    [`over run_insns: ${SUBJECT} is 421, as before: 1 above the maximum of 420`],
  ],
  [
    '{ xdp_lb: { run_insns: 0 } }',
    0,
    0,
    'pass',
    [`pass run_insns: ${SUBJECT} is 0, as before: within the maximum of 0`],
  ],
  [
    '{ xdp_lb: { run_insns: 420.25 } }',
    0,
    420.5,
    'over',
    [`over run_insns: ${SUBJECT} is 420.5, 420.5 more than before: 0.25 above the maximum of 420.25`],
  ],
  // increase
  [
    '{ xdp_lb: { run_insns: { increase: 0 } } }',
    420,
    420,
    'pass',
    [`pass run_insns: ${SUBJECT} is 420, as before: within the allowed increase of 0`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 0 } } }',
    420,
    421,
    'over',
    [`over run_insns: ${SUBJECT} is 421, 1 more than before: 1 above the allowed increase of 0`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 2% } } }',
    420,
    428,
    'pass',
    [`pass run_insns: ${SUBJECT} is 428, 8 more than before: within the allowed increase of 8 (2% of 420)`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 2% } } }',
    420,
    429,
    'over',
    [`over run_insns: ${SUBJECT} is 429, 9 more than before: 1 above the allowed increase of 8 (2% of 420)`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 10 } } }',
    420,
    430,
    'pass',
    [`pass run_insns: ${SUBJECT} is 430, 10 more than before: within the allowed increase of 10`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 50% } } }',
    0,
    1,
    'over',
    [`over run_insns: ${SUBJECT} is 1, 1 more than before: 1 above the allowed increase of 0 (50% of 0)`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 0.1 } } }',
    420.2,
    420.3,
    'pass',
    [`pass run_insns: ${SUBJECT} is 420.3, 0.1 more than before: within the allowed increase of 0.1`],
  ],
  // both
  [
    '{ xdp_lb: { run_insns: { max: 420, increase: 0 } } }',
    419,
    421,
    'over',
    [
      `over run_insns: ${SUBJECT} is 421, 2 more than before: 1 above the maximum of 420; 2 above the allowed increase of 0`,
    ],
  ],
  // figures that are missing
  [
    '{ xdp_lb: { run_insns: 420 } }',
    420,
    'crashed',
    'over',
    [`over run_insns: ${SUBJECT} was not measured, where the base has 420: crashed`],
  ],
  [
    '{ xdp_lb: { run_insns: 420 } }',
    'no',
    'no test run',
    'pass',
    [`unmeasured run_insns: ${SUBJECT} was not measured: no test run`],
  ],
  [
    '{ xdp_lb: { run_insns: { increase: 0 } } }',
    'no test run',
    420,
    'pass',
    [
      `no-baseline run_insns: ${SUBJECT} is 420: the increase cannot be checked: the base has no figure: no test run`,
    ],
  ],
  [
    '{ xdp_lb: { run_insns: { max: 1, increase: 0 } } }',
    'no test run',
    420,
    'over',
    [`over run_insns: ${SUBJECT} is 420: 419 above the maximum of 1`],
  ],
])('under %s, %s and then %s is %s', (budgets, base, head, verdict, rows) => {
  expect(short(run({ budgets, measurements: pair(base, head) }))).toEqual({ verdict, rows });
});

const RATE = 'pass_pps of xdp_lb (udp:64) on debian:6.1';
test.each<[budgets: string, base: Value, head: Value, verdict: string, rows: string[]]>([
  ['', 1000, 999, 'pass', [`pass pass_pps: ${RATE} is 999, 1 less than before: no budget holds it`]],
  ['', 1000, 1001, 'pass', [`improved pass_pps: ${RATE} is 1001, 1 more than before: no budget holds it`]],
  [
    '{ xdp_lb: { pass_pps: { min: 1000 } } }',
    1000,
    1000,
    'pass',
    [`pass pass_pps: ${RATE} is 1000, as before: not below the minimum of 1000`],
  ],
  [
    '{ xdp_lb: { pass_pps: { min: 1000 } } }',
    900,
    1001,
    'pass',
    [`improved pass_pps: ${RATE} is 1001, 101 more than before: not below the minimum of 1000`],
  ],
  [
    '{ xdp_lb: { pass_pps: { min: 1000 } } }',
    999,
    999,
    'over',
    [`over pass_pps: ${RATE} is 999, as before: 1 below the minimum of 1000`],
  ],
  [
    '{ xdp_lb: { pass_pps: { min: 0 } } }',
    0,
    0,
    'pass',
    [`pass pass_pps: ${RATE} is 0, as before: not below the minimum of 0`],
  ],
  [
    '{ xdp_lb: { pass_pps: { decrease: 0 } } }',
    1000,
    1000,
    'pass',
    [`pass pass_pps: ${RATE} is 1000, as before: within the allowed decrease of 0`],
  ],
  [
    '{ xdp_lb: { pass_pps: { decrease: 0 } } }',
    1000,
    999,
    'over',
    [`over pass_pps: ${RATE} is 999, 1 less than before: 1 beyond the allowed decrease of 0`],
  ],
  [
    '{ xdp_lb: { pass_pps: { decrease: 1% } } }',
    1050,
    1040,
    'pass',
    [`pass pass_pps: ${RATE} is 1040, 10 less than before: within the allowed decrease of 10 (1% of 1050)`],
  ],
  [
    '{ xdp_lb: { pass_pps: { decrease: 1% } } }',
    1050,
    1039,
    'over',
    [`over pass_pps: ${RATE} is 1039, 11 less than before: 1 beyond the allowed decrease of 10 (1% of 1050)`],
  ],
  [
    '{ xdp_lb: { pass_pps: { decrease: 5 } } }',
    1000,
    5000,
    'pass',
    [`improved pass_pps: ${RATE} is 5000, 4000 more than before: within the allowed decrease of 5`],
  ],
  [
    '{ xdp_lb: { pass_pps: { decrease: 50% } } }',
    0,
    0,
    'pass',
    [`pass pass_pps: ${RATE} is 0, as before: within the allowed decrease of 0 (50% of 0)`],
  ],
  [
    '{ xdp_lb: { pass_pps: { min: 990, decrease: 1% } } }',
    1000,
    980,
    'over',
    [
      `over pass_pps: ${RATE} is 980, 20 less than before: 10 below the minimum of 990; 10 beyond the allowed decrease of 10 (1% of 1000)`,
    ],
  ],
  // figures that are missing
  [
    '{ xdp_lb: { pass_pps: { decrease: 1% } } }',
    1000,
    '0 of 64 packets get through',
    'over',
    [`over pass_pps: ${RATE} was not measured, where the base has 1000: 0 of 64 packets get through`],
  ],
  [
    '{ xdp_lb: { pass_pps: { min: 5, decrease: 1% } } }',
    'no such hook',
    1000,
    'pass',
    [
      `no-baseline pass_pps: ${RATE} is 1000: not below the minimum of 5; the decrease cannot be checked: the base has no figure: no such hook`,
    ],
  ],
  [
    '{ xdp_lb: { pass_pps: { min: 5 } } }',
    'no such hook',
    'no such hook',
    'pass',
    [`unmeasured pass_pps: ${RATE} was not measured: no such hook`],
  ],
])('of what more is better, under %s, %s and then %s is %s', (budgets, base, head, verdict, rows) => {
  expect(short(run({ budgets, measurements: pair(base, head, 'pass_pps') }))).toEqual({ verdict, rows });
});

test('the row of a rate carries the least it may be and how far it may fall', () => {
  const { verdicts } = run({
    budgets: '{ "*": { pass_pps: { min: 990, decrease: 1.5% } } }',
    measurements: pair(1000, 980, 'pass_pps'),
  });
  expect(verdicts.map(({ change, budget }) => ({ change, budget }))).toEqual([
    {
      change: -20,
      budget: { min: 990, decrease: 15, text: 'min 990, decrease 1.5%', file: 't.yml', line: 4 },
    },
  ]);
});

test('without a base the least a rate may be holds, and its decrease is no-baseline', () => {
  const measurements = [
    ...figure('head', 'load_ok', 1),
    ...figure('head', 'pass_pps', 6, { input: 'udp:64' }),
  ];
  const rowsOf = (budgets: string) =>
    short(run({ base: NO_BASE, measurements, budgets: `{ "*": { pass_pps: ${budgets} } }` }));
  expect(rowsOf('{ min: 7, decrease: 1% }')).toEqual({
    verdict: 'over',
    rows: [`over pass_pps: ${RATE} is 6: 1 below the minimum of 7`],
  });
  expect(rowsOf('{ decrease: 1% }')).toEqual({
    verdict: 'pass',
    rows: [
      `no-baseline pass_pps: ${RATE} is 6: the decrease cannot be checked: the branch has no merge base`,
    ],
  });
});

test('a smaller share of what may have grown is no improvement', () => {
  const { verdicts } = run({ measurements: pair(2.839, 2.226, 'tail_call_share') });
  expect(verdicts.map(({ verdict, change }) => [verdict, change])).toEqual([['pass', -0.613]]);
});

test('a row carries its figures, its budget and the place of the budget', () => {
  const { verdicts } = run({
    budgets: '{ xdp_lb: { run_insns: { max: 500, increase: 2% } } }',
    measurements: pair(420, 430),
  });
  expect(verdicts).toEqual([
    {
      target: 'debian:6.1/exact',
      object: 'lb.o',
      program: 'xdp_lb',
      input: 'udp:64',
      metric: 'run_insns',
      unit: 'insns',
      base: 420,
      head: 430,
      change: 10,
      budget: { max: 500, increase: 8, text: 'max 500, increase 2%', file: 't.yml', line: 4 },
      verdict: 'over',
      why: `${SUBJECT} is 430, 10 more than before: 2 above the allowed increase of 8 (2% of 420)`,
    },
  ]);
});

const LOG =
  "0: (b7) r0 = 0\n1: (95) exit\nR1 invalid mem access 'inv'\nprocessed 2 insns (limit 1000000) max_states_per_insn 0";
const FAIL = { log: LOG, where: { file: 'lb.c', line: 12 } };
const TAIL = ": R1 invalid mem access 'inv'";

test.each<[budgets: string, base: Value, head: Value, verdict: string, rows: string[]]>([
  ['', 1, 1, 'pass', []],
  ['', 1, 0, 'over', [`over load_ok: xdp_lb does not load on debian:6.1, where the base does${TAIL}`]],
  ['', 0, 0, 'pass', [`unmeasured load_ok: xdp_lb does not load on debian:6.1, nor does the base${TAIL}`]],
  ['', 0, 1, 'pass', ['improved load_ok: xdp_lb loads on debian:6.1, where the base does not']],
  ['', undefined, 0, 'over', [`over load_ok: xdp_lb does not load on debian:6.1 (a new program)${TAIL}`]],
  ['', undefined, 1, 'pass', ['new load_ok: xdp_lb on debian:6.1 is new: the base has no such program']],
  ['', 1, undefined, 'pass', ['gone load_ok: xdp_lb on debian:6.1 is gone: the base has it, head has not']],
  [
    '',
    1,
    'object does not open',
    'over',
    ['over load_ok: whether xdp_lb loads on debian:6.1 is not known: object does not open'],
  ],
  ['', 'object does not open', 0, 'over', [`over load_ok: xdp_lb does not load on debian:6.1${TAIL}`]],
  ['{ "*": { load_ok: true } }', 1, 1, 'pass', ['pass load_ok: xdp_lb loads on debian:6.1']],
  [
    '{ "*": { load_ok: true } }',
    0,
    0,
    'over',
    [`over load_ok: xdp_lb does not load on debian:6.1, and must${TAIL}`],
  ],
  [
    '{ "*": { load_ok: false } }',
    undefined,
    0,
    'pass',
    [`unmeasured load_ok: xdp_lb does not load on debian:6.1, as its budget allows${TAIL}`],
  ],
  [
    '{ "*": { load_ok: false } }',
    1,
    0,
    'pass',
    [
      `unmeasured load_ok: xdp_lb does not load on debian:6.1, where the base does; its budget allows that${TAIL}`,
    ],
  ],
  [
    '{ "*": { load_ok: { required: false, kernels: "debian:5.10" } } }',
    1,
    0,
    'over',
    [`over load_ok: xdp_lb does not load on debian:6.1, where the base does${TAIL}`],
  ],
  [
    '{ "*": { total_insns: 10 } }',
    1,
    0,
    'over',
    [
      `over load_ok: xdp_lb does not load on debian:6.1, where the base does${TAIL}`,
      'unmeasured total_insns: total_insns of xdp_lb on debian:6.1 was not measured: the program does not load',
    ],
  ],
])('under %s, load_ok %s and then %s is %s', (budgets, base, head, verdict, rows) => {
  // A second program keeps both sides alive, so that a missing figure is the program's and not the target's.
  const other = [
    ...figure('base', 'load_ok', 1, { program: 'z' }),
    ...figure('head', 'load_ok', 1, { program: 'z' }),
  ];
  const measurements = [
    ...figure('base', 'load_ok', base),
    ...figure('head', 'load_ok', head, head === 0 ? FAIL : {}),
    ...other,
  ];
  const { verdict: found, verdicts } = run({ budgets, measurements });
  const rowsOfLb = verdicts.filter(({ program }) => program === 'xdp_lb');
  expect({ verdict: found, rows: short({ verdict: found, verdicts: rowsOfLb, notes: [] }).rows }).toEqual({
    verdict,
    rows,
  });
});

test('a rejection carries the source line it names', () => {
  const measurements = [...figure('base', 'load_ok', 1), ...figure('head', 'load_ok', 0, FAIL)];
  expect(run({ measurements }).verdicts[0]?.where).toEqual({ file: 'lb.c', line: 12 });
});

test('without a base, absolute budgets hold, increases are no-baseline, and a program that does not load is over', () => {
  const outcome = run({
    base: NO_BASE,
    budgets:
      '{ "*": { run_insns: { increase: 0 } }, a: { run_insns: { max: 5 } }, b: { run_insns: { max: 500 } } }',
    measurements: [
      ...['a', 'b', 'c'].flatMap((program) => [
        ...figure('head', 'load_ok', 1, { program }),
        ...figure('head', 'run_insns', 6, { program, input: 'udp:64' }),
      ]),
      ...figure('head', 'load_ok', 0, { program: 'd' }),
    ],
  });
  expect({ ...short(outcome), notes: outcome.notes }).toEqual({
    verdict: 'over',
    rows: [
      'over run_insns: run_insns of a (udp:64) on debian:6.1 is 6: 1 above the maximum of 5',
      'no-baseline run_insns: run_insns of b (udp:64) on debian:6.1 is 6: within the maximum of 500; the increase cannot be checked: the branch has no merge base',
      'no-baseline run_insns: run_insns of c (udp:64) on debian:6.1 is 6: the increase cannot be checked: the branch has no merge base',
      'over load_ok: d does not load on debian:6.1',
      'unmeasured run_insns: run_insns of d on debian:6.1 was not measured: the program does not load',
    ],
    notes: ['No base: the branch has no merge base. Only absolute budgets were checked.'],
  });
});

test('a base without figures on one kernel is no-baseline there, and not a kernel full of new programs', () => {
  const measurements = figure('head', 'load_ok', 1).concat(
    figure('head', 'run_insns', 6, { input: 'udp:64' }),
  );
  const outcome = run({ measurements, budgets: '{ "*": { run_insns: { increase: 0 } } }' });
  expect({ ...short(outcome), notes: outcome.notes }).toEqual({
    verdict: 'pass',
    rows: [
      `no-baseline run_insns: ${SUBJECT} is 6: the increase cannot be checked: the base has no figures on debian:6.1`,
    ],
    notes: ['debian:6.1: the base has no figures on debian:6.1. Only absolute budgets were checked.'],
  });
});

test('new and removed inputs are said, and a new one is held to its maximum', () => {
  const measurements = [
    ...pair(6, 6),
    ...figure('base', 'run_insns', 7, { input: 'old.pcap' }),
    ...figure('base', 'run_insns_p99', 7, { input: 'old.pcap' }),
    ...figure('head', 'run_insns', 9, { input: 'new.pcap' }),
    ...figure('head', 'run_insns_p99', 9, { input: 'new.pcap' }),
  ];
  expect(short(run({ measurements }))).toEqual({
    verdict: 'pass',
    rows: [
      'new run_insns: the input is new: xdp_lb (new.pcap) on debian:6.1',
      'gone run_insns: the input is gone: xdp_lb (old.pcap) on debian:6.1',
    ],
  });
  expect(
    short(
      run({
        measurements,
        budgets: '{ "*": { run_insns: { max: 8, increase: 0 }, run_insns_p99: { increase: 0 } } }',
      }),
    ).rows,
  ).toEqual([
    'over run_insns: run_insns of xdp_lb (new.pcap) on debian:6.1 is 9: 1 above the maximum of 8',
    'new run_insns_p99: run_insns_p99 of xdp_lb (new.pcap) on debian:6.1 is 9: the increase cannot be checked: the program or its input is new',
    'gone run_insns: the input is gone: xdp_lb (old.pcap) on debian:6.1',
    `pass run_insns: ${SUBJECT} is 6, as before: within the maximum of 8; within the allowed increase of 0`,
  ]);
});

test('a budget whose metric nobody reported is unmeasured', () => {
  const measurements = [...figure('head', 'load_ok', 1), ...figure('base', 'load_ok', 1)];
  expect(short(run({ measurements, budgets: '{ "*": { map_bytes: 1K } }' }))).toEqual({
    verdict: 'pass',
    rows: [
      'unmeasured map_bytes: map_bytes of xdp_lb on debian:6.1 was not measured: no figure was reported',
    ],
  });
});

test.each<[string, Partial<Target>, string]>([
  ['CPU model', { cpu: 'max' }, 'CPU model max, head with qemu64-v1'],
  ['QEMU', { qemu: '10.0.0' }, 'QEMU 10.0.0, head with 7.2.13'],
  ['accelerator', { accelerator: 'kvm' }, 'accelerator kvm, head with tcg'],
  ['kernel', { release: '6.1.0-1' }, 'kernel 6.1.0-1, head with unknown'],
  ['mode', { mode: 'timed' }, 'mode timed, head with exact'],
  ['kernel image', { digest: 'aa' }, 'kernel image aa, head with unknown'],
])('figures of another %s are never compared', (_name, part, words) => {
  const outcome = run({
    measurements: pair(420, 421),
    baseTargets: [{ ...TARGET, ...part }],
    budgets: '{ xdp_lb: { run_insns: { max: 421, increase: 0 } } }',
  });
  const reason = `the base was measured with ${words}: not comparable`;
  expect({ ...short(outcome), notes: outcome.notes, base: outcome.verdicts[0]?.base }).toEqual({
    verdict: 'pass',
    rows: [
      `unmeasured run_insns: ${SUBJECT} is 421: within the maximum of 421; the increase cannot be checked: ${reason}`,
    ],
    notes: [`debian:6.1: ${reason}. Only absolute budgets were checked.`],
    base: undefined,
  });
});

const CRASHED: Target = {
  ...TARGET,
  id: 'debian:5.10/exact',
  kernel: 'debian:5.10',
  status: 'failed',
  error: { reason: 'kernel-panic', message: 'the kernel panicked' },
};
const CRASH_ROW = 'failed *: debian:5.10 gave no figures: kernel-panic: the kernel panicked';

test.each<[string, Partial<Comparison>, string, string[]]>([
  ['a failed target', { targets: [CRASHED] }, 'failed', [CRASH_ROW]],
  [
    'a failed target beside a good one',
    { targets: [CRASHED, TARGET], measurements: pair(1, 1) },
    'failed',
    [CRASH_ROW],
  ],
  [
    'a failed target beside one that is over',
    { targets: [CRASHED, TARGET], measurements: pair(1, 2), rules: rules('{ "*": { run_insns: 1 } }') },
    'over',
    [CRASH_ROW, `over run_insns: ${SUBJECT} is 2, 1 more than before: 1 above the maximum of 1`],
  ],
  [
    'a target that measured nothing',
    {},
    'failed',
    ['failed *: debian:6.1 gave no figures: no program was measured'],
  ],
  [
    'a target with figures of base alone',
    { measurements: figure('base', 'load_ok', 1) },
    'failed',
    ['failed *: debian:6.1 gave no figures: no program was measured'],
  ],
  [
    'a base whose run failed',
    {
      measurements: pair(undefined, 2).filter(({ side }) => side === 'head'),
      baseTargets: [{ ...CRASHED, id: TARGET.id }],
    },
    'failed',
    ['failed *: the base gave no figures on debian:6.1: the kernel panicked'],
  ],
  ['no target at all', { targets: [] }, 'failed', []],
])('%s is no pass', (_name, part, verdict, rows) => {
  expect(short(run(part))).toEqual({ verdict, rows });
});

test('an interval is over only as a whole, and inconclusive where it holds the limit', () => {
  const timed = (base: [number, number], head: [number, number]) => [
    ...figure('base', 'load_ok', 1),
    ...figure('head', 'load_ok', 1),
    ...figure('base', 'run_insns', (base[0] + base[1]) / 2, { interval: base }),
    ...figure('head', 'run_insns', (head[0] + head[1]) / 2, { interval: head }),
  ];
  const verdictOf = (base: [number, number], head: [number, number], budgets: string) =>
    run({ measurements: timed(base, head), budgets }).verdicts.map(({ verdict }) => verdict);
  expect(verdictOf([9, 11], [13, 15], '{ "*": { run_insns: 12 } }')).toEqual(['over']);
  expect(verdictOf([9, 11], [11, 13], '{ "*": { run_insns: 12 } }')).toEqual(['inconclusive']);
  expect(verdictOf([9, 11], [10, 12], '{ "*": { run_insns: 12 } }')).toEqual(['pass']);
  expect(verdictOf([9, 11], [13, 15], '{ "*": { run_insns: { increase: 1 } } }')).toEqual(['over']);
  expect(verdictOf([9, 11], [11, 13], '{ "*": { run_insns: { increase: 1 } } }')).toEqual(['inconclusive']);
  expect(verdictOf([9, 11], [10, 12], '')).toEqual([]);
});

test('an interval of a rate is below its limit only as a whole', () => {
  const timed = (side: 'base' | 'head', interval: [number, number]) =>
    figure(side, 'pass_pps', (interval[0] + interval[1]) / 2, { interval, input: 'udp:64' });
  const verdictOf = (head: [number, number], budget: string) =>
    run({
      measurements: [
        ...pair(1, 1, 'map_count', undefined),
        ...timed('base', [99, 101]),
        ...timed('head', head),
      ],
      budgets: `{ "*": { pass_pps: ${budget} } }`,
    }).verdicts.map(({ verdict }) => verdict);
  expect(verdictOf([96, 97], '{ min: 98 }')).toEqual(['over']);
  expect(verdictOf([97, 99], '{ min: 98 }')).toEqual(['inconclusive']);
  expect(verdictOf([98, 99], '{ min: 98 }')).toEqual(['pass']);
  expect(verdictOf([95, 96], '{ decrease: 2 }')).toEqual(['over']);
  expect(verdictOf([97, 98], '{ decrease: 2 }')).toEqual(['inconclusive']);
  expect(verdictOf([99, 100], '{ decrease: 2 }')).toEqual(['pass']);
});

test('the order of measurements does not matter, and rows come by object, program, input and metric', () => {
  const measurements = ['b', 'a'].flatMap((program) =>
    ['udp:64', 'arp'].flatMap((input) =>
      ['run_insns_cold', 'run_insns'].flatMap((metric) => [
        ...figure('head', 'load_ok', 1, { program }),
        ...figure('base', 'load_ok', 1, { program }),
        ...figure('head', metric, 2, { program, input }),
        ...figure('base', metric, 1, { program, input }),
      ]),
    ),
  );
  const { verdicts } = run({ measurements });
  expect(verdicts.map(({ program, input, metric }) => `${program} ${input} ${metric}`)).toEqual([
    'a arp run_insns',
    'a arp run_insns_cold',
    'a udp:64 run_insns',
    'a udp:64 run_insns_cold',
    'b arp run_insns',
    'b arp run_insns_cold',
    'b udp:64 run_insns',
    'b udp:64 run_insns_cold',
  ]);
  expect(run({ measurements: measurements.toReversed() }).verdicts).toEqual(verdicts);
});

test('two different figures for one thing are an error, the same one twice is not', () => {
  const twice = [...pair(1, 1), ...figure('head', 'run_insns', 1, { input: 'udp:64' })];
  expect(run({ measurements: twice }).verdict).toBe('pass');
  expect(() =>
    run({ measurements: [...pair(1, 1), ...figure('head', 'run_insns', 2, { input: 'udp:64' })] }),
  ).toThrow(
    "Cannot compare run_insns of 'lb.o/xdp_lb' (udp:64) on debian:6.1/exact, head: it has two figures, 1 and 2",
  );
});

test('a program compared with itself differs in nothing', () => {
  const figures = ['total_insns', 'run_insns', 'map_bytes'].flatMap((metric, i) =>
    pair(i * 1000.5, i * 1000.5, metric),
  );
  expect(short(run({ measurements: figures }))).toEqual({ verdict: 'pass', rows: [] });
});

const LOAD = { object: '(load)', program: 'load', input: 'tcp' } as const;
/** A program that loads on both sides, and network load with one figure. */
function underLoad(metric: string, base: Value, head: Value): Measurement[] {
  return [
    ...figure('base', 'load_ok', 1),
    ...figure('head', 'load_ok', 1),
    ...figure('base', metric, base, LOAD),
    ...figure('head', metric, head, LOAD),
  ];
}

const PER_BYTE = 'insns_per_byte of load (tcp) on debian:6.1';
test.each([
  [
    '{ load: { insns_per_byte: { increase: 1% } } }',
    [0.8, 0.808],
    [
      `pass insns_per_byte: ${PER_BYTE} is 0.808, 0.008 more than before: within the allowed increase of 0.008 (1% of 0.8)`,
    ],
  ],
  [
    '{ load: { insns_per_byte: { increase: 1% } } }',
    [0.7, 0.707001],
    [
      `over insns_per_byte: ${PER_BYTE} is 0.707001, 0.007001 more than before: 0.000001 above the allowed increase of 0.007 (1% of 0.7)`,
    ],
  ],
  [
    '{ load: { insns_per_byte: 1 } }',
    ['no iperf3', 'no iperf3'],
    [`unmeasured insns_per_byte: ${PER_BYTE} was not measured: no iperf3`],
  ],
  [
    '{ load: { insns_per_byte: 1 } }',
    [0.7, 'the kernel does not load it'],
    [
      `over insns_per_byte: ${PER_BYTE} was not measured, where the base has 0.7: the kernel does not load it`,
    ],
  ],
  [
    '{ load: { insns_per_byte: 1, throughput_bps: { min: 1 } } }',
    [0.7, 0.7],
    [
      `pass insns_per_byte: ${PER_BYTE} is 0.7, as before: within the maximum of 1`,
      'unmeasured throughput_bps: throughput_bps of load on debian:6.1 was not measured: no figure was reported',
    ],
  ],
  [
    '{ "*": { run_insns: 1 } }',
    [0.7, 0.7],
    ['unmeasured run_insns: run_insns of xdp_lb on debian:6.1 was not measured: no figure was reported'],
  ],
] as const)('under %s network load from and to %s says %s', (budgets, [base, head], rows) => {
  const measurements = underLoad('insns_per_byte', base, head);
  expect(short(run({ budgets, measurements })).rows).toEqual(rows);
});

test.each([
  [8_999_000_000, 'pass', '1000000 less than before: not below the minimum of 5000000000; within'],
  [8_819_999_999, 'over', '180000001 less than before: 1 beyond'],
])('throughput that falls from 9 Gbit/s to %s, of which 2% may go, is %s', (head, verdict, words) => {
  const budgets = '{ load: { throughput_bps: { min: 5e9, decrease: 2% } } }';
  const measurements = underLoad('throughput_bps', 9_000_000_000, head);
  const [row, ...rest] = run({ budgets, measurements }).verdicts;
  expect(rest).toEqual([]);
  expect([row!.verdict, row!.why]).toEqual([
    verdict,
    `throughput_bps of load (tcp) on debian:6.1 is ${head}, ${words} the allowed decrease of 180000000 (2% of 9000000000)`,
  ]);
});

test('losses and retransmitted segments are held where the file says so, and by nothing else', () => {
  const measurements = [...underLoad('lost_packets', 0, 3), ...figure('head', 'retransmits', 4, LOAD)];
  const verdictsOf = (budgets: string) =>
    run({ measurements, budgets }).verdicts.map(({ metric, verdict }) => `${metric} ${verdict}`);
  expect(verdictsOf('')).toEqual(['lost_packets pass']);
  expect(verdictsOf('{ load: { lost_packets: { increase: 2 }, retransmits: { max: 3 } } }')).toEqual([
    'lost_packets over',
    'retransmits over',
  ]);
});

test.each<[base: number, head: number, budget: string, verdict: string]>([
  [100, 100, '{ increase: 0 }', 'pass'],
  [100, 100.5, '{ increase: 0 }', 'inconclusive'],
  [100, 99.5, '{ increase: 0 }', 'inconclusive'],
  [100, 98, '{ increase: 0 }', 'improved'],
  [100, 100.5, '{ increase: 2% }', 'pass'],
  [100, 99.5, '{ increase: 2% }', 'pass'],
  [100, 102, '{ increase: 0.5% }', 'over'],
])('of a figure that is told apart by 1, %d becoming %d under %s is %s', (base, head, budget, verdict) => {
  const load = (side: 'base' | 'head', value: number) =>
    figure(side, 'insns_per_byte', value, {
      ...{ object: '(load)', program: 'load', input: 'tcp', interval: [value - 0.5, value + 0.5] },
    });
  const { verdicts } = run({
    budgets: `{ load: { insns_per_byte: ${budget} } }`,
    measurements: [...load('base', base), ...load('head', head)],
  });
  expect(verdicts.map((row) => `${row.metric} ${row.verdict}`)).toEqual([`insns_per_byte ${verdict}`]);
});
