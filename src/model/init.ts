// The first budget file of a project, from what its programs cost now: a check right after it passes,
// and from then on nothing gets dearer unseen.

import { fileName } from './match.ts';
import type { Measurement } from './report.ts';

export interface InitialConfig {
  /** Paths or globs of the objects, relative to where the file will be. */
  readonly objects: readonly string[];
  readonly kernels: readonly string[];
  /** Of head, on those kernels. */
  readonly measurements: readonly Measurement[];
  /** Where an editor finds the file's schema. */
  readonly schemaUrl?: string;
}

/** The text of a tollgate.yml. Each program's maximum is its highest figure over all kernels and inputs. */
export function initialConfig({ objects, kernels, measurements, schemaUrl }: InitialConfig): string {
  const head = measurements.filter(({ side }) => side === 'head');
  const budgets = budgetKeys(head).flatMap(({ key, figures }) => programLines(key, figures));
  const lines = [
    ...(schemaUrl === undefined ? [] : [`# yaml-language-server: $schema=${schemaUrl.replace(/\s/g, '')}`]),
    '# Cost budgets of eBPF programs, checked by: tollgate check',
    'version: 1',
    '',
    '# The kernels to measure on.',
    'kernels:',
    ...kernels.map((kernel) => `  - ${quote(kernel)}`),
    '',
    '# The eBPF objects, relative to this file; globs are allowed.',
    'objects:',
    ...objects.map((object) => `  - ${quote(object)}`),
    '',
    '# The command that builds them, for head and for the merge base:',
    '# build: make bpf',
    '',
    '# What programs run on, where the built-in packet will not do:',
    '# programs:',
    '#   my_program:',
    '#     inputs: [fixtures/syn.pcap, { udp: 64 }]',
    '',
    ...(budgets.length === 0 ? ['# No program has figures yet.', '# budgets:'] : []),
    ...(budgets.length === 0
      ? []
      : [
          '# max is a hard limit; increase is one against the base, a count or a percentage.',
          "# The maxima are today's figures, the highest over all kernels and inputs.",
          'budgets:',
          '  # Holds for every program that its own entry does not say otherwise for.',
          '  "*":',
          '    run_insns: { increase: 0 }',
          '    total_insns: { increase: 2% }',
          ...budgets,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Metrics that get a maximum; what they may grow by is said once, under '*'. */
const METRICS_WITH_MAXIMUM = ['total_insns', 'run_insns'] as const;

function programLines(key: string, figures: readonly Measurement[]): string[] {
  const refusing = figures.filter(({ metric, value }) => metric === 'load_ok' && value === 0);
  const kernels = [...new Set(refusing.map(({ target }) => kernelOf(target)))];
  const load =
    kernels.length === 0
      ? []
      : [
          '    # It does not load there today. Without this line, that fails the check.',
          `    load_ok: { required: false, kernels: [${kernels.map(quote).join(', ')}] }`,
        ];
  const maxima = METRICS_WITH_MAXIMUM.flatMap((metric) => {
    const values = figures.filter((each) => each.metric === metric).flatMap(({ value }) => value ?? []);
    return values.length === 0 ? [] : [`    ${metric}: { max: ${Math.max(...values)} }`];
  });
  const lines = [...load, ...maxima];
  return lines.length === 0 ? [] : [`  ${key}:`, ...lines];
}

/** Figures by the key that names their program: with the object where two objects hold the name. */
function budgetKeys(measurements: readonly Measurement[]) {
  const objectsOf = new Map<string, Set<string>>();
  for (const { program, object } of measurements) {
    objectsOf.set(program, (objectsOf.get(program) ?? new Set()).add(fileName(object)));
  }
  const figuresOf = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const { program, object } = measurement;
    const name = fileName(object);
    const ambiguous = objectsOf.get(program)!.size > 1 || RESERVED.includes(program);
    const key = ambiguous ? `${name}/${program}` : program;
    figuresOf.set(key, [...(figuresOf.get(key) ?? []), measurement]);
  }
  return [...figuresOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, figures]) => ({ key: quoteKey(key), figures }));
}

/** Keys under `budgets:` that mean something else. */
const RESERVED: readonly string[] = ['load', '*'];

/** The kernel's reference in a target's id, 'debian:6.1/exact'. */
function kernelOf(target: string): string {
  return target.replace(/\/(?:exact|timed)$/, '');
}

function quoteKey(key: string): string {
  const plain = /^[A-Za-z_][\w./-]*$/.test(key) && !/^(?:null|true|false)$/i.test(key);
  return plain ? key : quote(key);
}

/** JSON is YAML; what JSON leaves as it is and YAML does not allow in a line is spelled out. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
