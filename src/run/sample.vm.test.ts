// The sample project: each head moves the figures that expected.json says, by as much, and nothing else.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import { subtract } from '../model/decimal.ts';
import { type Measurement, type Report, reportSchema } from '../model/report.ts';
import {
  type Arm,
  DIST,
  expectedAs,
  KERNELS,
  keyOf,
  LB,
  labOptions,
  measureArms,
  objectsIn,
} from './testing/lab.ts';

interface Expected {
  readonly head: string;
  readonly program: string;
  readonly metric: string;
  readonly input?: string;
  readonly kernels?: readonly string[];
  readonly change: number | 'up' | 'down' | 'any';
}

const expected: readonly Expected[] = JSON.parse(readFileSync(join(LB, 'expected.json'), 'utf8'));
const heads = readdirSync(join(LB, 'heads')).map((name) => name.replace(/\.patch$/, ''));

/** These go through the whole built program, the others through the same code without its report. */
const THROUGH_THE_CLI = ['no-load-5.10', 'unchanged'] as const;

interface Checked {
  readonly exitCode: number | undefined;
  readonly report: Report;
  readonly markdown: string;
}
const checked = new Map<string, Checked>();
const pairs = new Map<string, { base: readonly Measurement[]; head: readonly Measurement[] }>();

beforeAll(async () => {
  for (const head of THROUGH_THE_CLI) {
    const result = await checkOnCli(head);
    checked.set(head, result);
    const side = (name: string) => result.report.measurements.filter((figure) => figure.side === name);
    pairs.set(head, { base: side('base'), head: side('head') });
  }
  const configPath = join(LB, 'base/tollgate.yml');
  const config = parseConfig(readFileSync(configPath, 'utf8'), configPath);
  const others = heads.filter((name) => !(THROUGH_THE_CLI as readonly string[]).includes(name));
  const base = objectsOf('base');
  const arms = ['base', ...others].map(
    (name): Arm => ({
      name,
      // The same bytes are the same job, whichever side they are of: objects.vm.test.ts shows it.
      objects: objectsOf(name).filter(
        ({ bytes }, i) => name === 'base' || Buffer.compare(bytes, base[i]!.bytes) !== 0,
      ),
      config,
      directory: join(LB, 'base'),
    }),
  );
  const { figures } = await measureArms(arms);
  for (const { name, objects } of arms.slice(1)) {
    const names = new Set(objects.map((object) => object.name));
    pairs.set(name, {
      base: figures.get('base')!.filter(({ object }) => names.has(object)),
      head: figures.get(name)!,
    });
  }
});

describe('each head against base, on every kernel', () => {
  test.each(heads)('%s moves what it should, and nothing else', (head) => {
    const pair = pairs.get(head)!;
    const rows = changes(pair.base, pair.head);
    const wrong = rows
      .filter((row) => row.change !== 0 && !isAllowed(head, row))
      .map(({ key, change }) => `${key}: ${change}`);
    const missing = rows.filter((row) => row.change === 0 && isRequired(head, row)).map(({ key }) => key);
    expect({ wrong, missing }).toEqual({ wrong: [], missing: [] });
    for (const kernel of KERNELS)
      expect(rows.filter(({ target }) => target === `${kernel}/exact`).length).toBeGreaterThan(20);
  });

  test('an expected change that is about no figure is a mistake', () => {
    const rows = [...pairs].flatMap(([head, pair]) =>
      changes(pair.base, pair.head).flatMap((row) => rulesFor(head, row)),
    );
    expect(expected.filter((row) => !rows.includes(row))).toEqual([]);
  });
});

describe('the gate as it ships', () => {
  test('passes a head that changes nothing, and no row of the report differs', () => {
    const { exitCode, report } = checked.get('unchanged')!;
    expect({ exitCode, verdict: report.verdict, notes: report.notes }).toEqual({
      exitCode: 0,
      verdict: 'pass',
      notes: [],
    });
    expect(report.verdicts.filter(({ change }) => change !== 0)).toEqual([]);
    expect(new Set(report.verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['pass']));
  });

  test('fails a head that no longer loads on 5.10, there alone, with the verifier and the source line', () => {
    const { exitCode, report, markdown } = checked.get('no-load-5.10')!;
    expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 1, verdict: 'over' });
    const load = report.verdicts.filter(({ metric, verdict }) => metric === 'load_ok' && verdict === 'over');
    expect(load.map(({ target, object, program, where }) => ({ target, object, program, where }))).toEqual([
      {
        target: 'debian:5.10/exact',
        object: 'build/account.bpf.o',
        program: 'account_egress',
        where: {
          file: 'src/account.bpf.c',
          line: sourceLine('bpf_ktime_get_ns()'),
          text: 'add(&destinations, &address, skb->len, bpf_ktime_get_tai_ns());',
        },
      },
    ]);
    const figure = report.measurements.find(
      ({ side, target, program, metric }) =>
        side === 'head' &&
        target === 'debian:5.10/exact' &&
        program === 'account_egress' &&
        metric === 'load_ok',
    )!;
    expect(figure.note).toMatch(/^invalid func unknown#208/);
    expect(figure.log).toContain('call unknown#208');
    expect(markdown).toContain('invalid func unknown#208');
    expect(markdown).toContain('account.bpf.c');
  });

  test('measures the other program of the object that does not load as before', () => {
    const { base, head } = pairs.get('no-load-5.10')!;
    const of = (figures: readonly Measurement[]) =>
      figures
        .filter(({ program }) => program === 'account_ingress')
        .map(({ side, ...figure }) => figure)
        .sort((a, b) => (keyOf(a as Measurement) < keyOf(b as Measurement) ? -1 : 1));
    expect(of(head)).toEqual(of(base));
    expect(
      of(head).filter(({ target, metric }) => target === 'debian:5.10/exact' && metric === 'run_insns'),
    ).toHaveLength(2);
  });
});

const objectsOf = (name: string) => objectsIn(join(LB, 'built', name, 'build'), 'build/');

async function checkOnCli(head: string): Promise<Checked> {
  const { cacheDir } = labOptions();
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sample-'));
  const [json, markdown] = [join(folder, 'report.json'), join(folder, 'report.md')];
  try {
    const { exitCode } = await execa(
      process.execPath,
      [
        ...[join(DIST, 'cli.js'), 'check', '--cache-dir', cacheDir, '--quiet'],
        ...['--config', join(LB, 'built', head, 'tollgate.yml'), '--base', join(LB, 'built/base')],
        ...KERNELS.flatMap((kernel) => ['--kernel', kernel]),
        ...['--json', json, '--markdown', markdown],
      ],
      { reject: false },
    );
    return {
      exitCode,
      report: reportSchema.parse(JSON.parse(readFileSync(json, 'utf8'))),
      markdown: readFileSync(markdown, 'utf8'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sourceLine(text: string): number {
  const lines = readFileSync(join(LB, 'base/src/account.bpf.c'), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

interface Change {
  readonly key: string;
  readonly target: string;
  readonly base: Measurement | undefined;
  readonly head: Measurement | undefined;
  /** head - base; undefined where one of them alone has a value. */
  readonly change: number | undefined;
}

function changes(base: readonly Measurement[], head: readonly Measurement[]): Change[] {
  const [left, right] = [base, head].map((all) => new Map(all.map((one) => [keyOf(one), one])));
  return [...new Set([...left!.keys(), ...right!.keys()])].map((key) => {
    const [one, other] = [left!.get(key), right!.get(key)];
    const { target } = (one ?? other)!;
    const both = one?.value !== undefined && other?.value !== undefined;
    const isSame = one?.absent?.reason === other?.absent?.reason && one?.value === other?.value;
    const change = both ? subtract(other!.value!, one!.value!) : isSame && one && other ? 0 : undefined;
    return { key, target, base: one, head: other, change };
  });
}

function rulesFor(head: string, { base, head: other }: Change): Expected[] {
  const { target, program, metric, input } = (other ?? base)!;
  return expected.filter(
    (row) =>
      row.head === head &&
      row.program === program &&
      row.metric === metric &&
      (row.input === undefined || row.input === input) &&
      (row.kernels === undefined ||
        row.kernels.some((kernel) => expectedAs(target.replace('/exact', '')) === kernel)),
  );
}

function isAllowed(head: string, row: Change): boolean {
  if (row.head === undefined && hasStoppedLoading(head, row)) return true;
  return rulesFor(head, row).some(({ change }) => {
    if (change === 'any') return true;
    if (typeof change === 'number') return row.change === change;
    return row.change !== undefined && (change === 'up' ? row.change > 0 : row.change < 0);
  });
}

/** With load_ok every other figure of the program goes. */
function hasStoppedLoading(head: string, { base }: Change): boolean {
  return expected.some(
    (row) =>
      row.head === head &&
      row.metric === 'load_ok' &&
      row.change === -1 &&
      row.program === base?.program &&
      (row.kernels === undefined || row.kernels.includes(expectedAs(base.target.replace('/exact', '')))),
  );
}

function isRequired(head: string, row: Change): boolean {
  return rulesFor(head, row).some(({ change }) => change !== 'any');
}
