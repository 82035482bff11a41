import { expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { initialConfig } from '../model/init.ts';
import type { Measurement, Target } from '../model/report.ts';
import { compare } from './compare.ts';
import { unmatchedBudgets } from './unmatched.ts';

const KERNELS = ['debian:5.10', 'debian:6.1'];

const TARGETS = KERNELS.map(
  (kernel): Target => ({
    id: `${kernel}/exact`,
    kernel,
    arch: 'x86_64',
    mode: 'exact',
    accelerator: 'tcg',
    status: 'ok',
    seconds: { boot: 1, load: 1, measure: 1 },
  }),
);

function figure(
  kernel: string,
  object: string,
  program: string,
  metric: string,
  value: number,
  input?: string,
): Measurement {
  const common = {
    target: `${kernel}/exact`,
    side: 'head' as const,
    object,
    program,
    metric,
    unit: 'insns',
    value,
  };
  return input === undefined ? common : { ...common, input };
}

function program(object: string, name: string, run: number): Measurement[] {
  return KERNELS.flatMap((kernel, i) => [
    figure(kernel, object, name, 'load_ok', 1),
    figure(kernel, object, name, 'total_insns', 100 + i),
    figure(kernel, object, name, 'run_insns', run - i, 'udp:64'),
    figure(kernel, object, name, 'run_insns', run - i + 0.25, 'syn.pcap'),
  ]);
}

const MEASUREMENTS = [
  ...program('build/lb.bpf.o', 'xdp_lb', 420),
  ...program('build/lb.bpf.o', 'twice', 7),
  ...program('build/tc.bpf.o', 'twice', 9),
  ...program('build/tc.bpf.o', 'load', 3),
  figure('debian:5.10', 'build/tc.bpf.o', 'modern', 'load_ok', 0),
  figure('debian:6.1', 'build/tc.bpf.o', 'modern', 'load_ok', 1),
  figure('debian:6.1', 'build/tc.bpf.o', 'modern', 'total_insns', 5),
];

function check(text: string, measurements: readonly Measurement[]) {
  const { budgets } = parseConfig(text, 'tollgate.yml');
  const base = { exists: false, reason: 'first run' } as const;
  return { budgets, outcome: compare({ targets: TARGETS, measurements, rules: budgets, base }) };
}

test('the first file names each program with what it costs now', () => {
  expect(initialConfig({ objects: ['build/*.bpf.o'], kernels: KERNELS, measurements: MEASUREMENTS })).toBe(
    `# Cost budgets of eBPF programs, checked by: tollgate check
version: 1

# The kernels to measure on.
kernels:
  - "debian:5.10"
  - "debian:6.1"

# The eBPF objects, relative to this file; globs are allowed.
objects:
  - "build/*.bpf.o"

# The command that builds them, for head and for the merge base:
# build: make bpf

# What programs run on, where the built-in packet will not do:
# programs:
#   my_program:
#     inputs: [fixtures/syn.pcap, { udp: 64 }]

# max is a hard limit; increase is one against the base, a count or a percentage.
# The maxima are today's figures, the highest over all kernels and inputs.
budgets:
  # Holds for every program that its own entry does not say otherwise for.
  "*":
    run_insns: { increase: 0 }
    total_insns: { increase: 2% }
  lb.bpf.o/twice:
    total_insns: { max: 101 }
    run_insns: { max: 7.25 }
  modern:
    # It does not load there today. Without this line, that fails the check.
    load_ok: { required: false, kernels: ["debian:5.10"] }
    total_insns: { max: 5 }
  tc.bpf.o/load:
    total_insns: { max: 101 }
    run_insns: { max: 3.25 }
  tc.bpf.o/twice:
    total_insns: { max: 101 }
    run_insns: { max: 9.25 }
  xdp_lb:
    total_insns: { max: 101 }
    run_insns: { max: 420.25 }
`,
  );
});

test('what init writes passes at once, and matches every program', () => {
  const text = initialConfig({ objects: ['build/*.bpf.o'], kernels: KERNELS, measurements: MEASUREMENTS });
  const { budgets, outcome } = check(text, MEASUREMENTS);
  expect(outcome.verdict).toBe('pass');
  expect(unmatchedBudgets(budgets, MEASUREMENTS)).toBeUndefined();
});

test('one instruction more than at init is over on the dearest kernel, without any base', () => {
  const text = initialConfig({ objects: ['x.o'], kernels: KERNELS, measurements: MEASUREMENTS });
  const dearer = MEASUREMENTS.map((each) =>
    each.program === 'xdp_lb' && each.metric === 'run_insns' ? { ...each, value: each.value! + 1 } : each,
  );
  const over = check(text, dearer).outcome.verdicts.filter(({ verdict }) => verdict === 'over');
  expect(over.map(({ target, input }) => `${target} ${input}`)).toEqual([
    'debian:5.10/exact syn.pcap',
    'debian:5.10/exact udp:64',
  ]);
});

test.each([['true'], ['a: b'], ['*'], ['x"y'], ['a\nb'], ['a#b'], ['größe'], ['a\u0085b'], ['!x'], ['[a]']])(
  'a program or object called %j survives the round trip',
  (name) => {
    const measurements = [...program('a.o', name, 5), ...program(`${name}.o`, 'other', 5)];
    const text = initialConfig({ objects: [`${name}.o`], kernels: KERNELS, measurements });
    const { budgets, outcome } = check(text, measurements);
    expect(outcome.verdict).toBe('pass');
    expect(unmatchedBudgets(budgets, measurements)).toBeUndefined();
  },
);

test('without figures the file still parses', () => {
  const text = initialConfig({
    objects: ['a.o'],
    kernels: KERNELS,
    measurements: [],
    schemaUrl: './schema.json',
  });
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./schema.json');
  expect(parseConfig(text, 't.yml').budgets).toEqual([]);
});
