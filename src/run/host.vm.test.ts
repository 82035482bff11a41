// The machine's own kernel, in nanoseconds: a program against itself is never over, a dearer one is, and whenever the tool
// is killed nothing is left. It needs root and a kernel that takes programs from it.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { type Config, parseConfig } from '../model/config.ts';
import type { Report } from '../model/report.ts';
import { DEFAULT_BOUNDS } from '../model/timed.ts';
import { baseFromDirectory } from './base.ts';
import { check } from './check.ts';
import { measure } from './measure.ts';
import { configOf, DIST, labOptions, ROOT, TRICKY } from './testing/lab.ts';

/** Chains of tail calls, of which one of 8 and one of 16 are run. */
const CONFIG = `version: 1
kernels: [host]
objects: ["*.bpf.o"]
programs:
  step_8: { inputs: [{ udp: 64 }] }
  step_16: { inputs: [{ udp: 64 }] }
budgets:
  "*": { run_ns: { increase: 0 } }
`;
const NOWHERE = { file: '', line: 0, column: 0 };

/** The others are loaded, and not run. */
function config(): Config {
  const parsed = parseConfig(CONFIG, 'tollgate.yml');
  return { ...parsed, programs: { '*': { inputs: [], place: NOWHERE }, ...parsed.programs } };
}

const chain = (kind: 'direct' | 'indirect') => readFileSync(join(DIST, 'bpf', `tail_calls_tc_${kind}.bpf.o`));

/** A project whose one object is this at head and that at base. */
function project(head: Uint8Array, base: Uint8Array): { head: string; base: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-host-'));
  const side = (name: string, object: Uint8Array) => {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, 'chain.bpf.o'), object);
    writeFileSync(join(path, 'tollgate.yml'), CONFIG);
    return path;
  };
  return { head: side('head', head), base: side('base', base) };
}

async function checked(head: Uint8Array, base: Uint8Array): Promise<Report> {
  const folders = project(head, base);
  const configPath = join(folders.head, 'tollgate.yml');
  return await check(
    {
      version: '0',
      config: config(),
      configPath,
      configName: 'tollgate.yml',
      base: baseFromDirectory(folders.base),
      modes: ['timed'],
      bounds: { ...DEFAULT_BOUNDS, seconds: 3 },
    },
    labOptions(),
  );
}

const ofTime = (report: Report) =>
  report.verdicts.filter(({ metric, verdict }) => metric === 'run_ns' && verdict !== 'unmeasured');

/** Other machines on this one's processor are nobody's fault: what such a row says instead of a verdict. */
const TOO_NOISY = /too noisy|disturbed/;

/** Verdicts, but for rows that say that the machine is too noisy. */
const decided = (report: Report) =>
  ofTime(report)
    .filter(({ verdict, why }) => !(verdict === 'inconclusive' && TOO_NOISY.test(why)))
    .map(({ program, verdict }) => [program, verdict]);

describe('on the kernel of this machine', () => {
  test('a program against itself is not over, and its figures have intervals, rounds and a floor', async () => {
    const report = await checked(chain('indirect'), chain('indirect'));
    expect(
      report.targets.map(({ id, status, mode, accelerator }) => [id, status, mode, accelerator]),
    ).toEqual([['host/timed', 'ok', 'timed', 'none']]);
    expect(ofTime(report).filter(({ verdict }) => verdict === 'over')).toEqual([]);
    const figures = report.measurements.filter(({ metric }) => metric === 'run_ns');
    expect(figures.map(({ side, program }) => [side, program])).toEqual([
      ['base', 'step_16'],
      ['head', 'step_16'],
      ['base', 'step_8'],
      ['head', 'step_8'],
    ]);
    for (const { value, interval, rounds, absent } of figures) {
      if (absent && TOO_NOISY.test(absent.reason)) continue;
      expect(value).toBeGreaterThan(1);
      expect(interval![0]).toBeLessThanOrEqual(value!);
      expect(interval![1]).toBeGreaterThanOrEqual(value!);
      expect(rounds!.count).toBeGreaterThanOrEqual(DEFAULT_BOUNDS.leastRounds);
      expect(rounds!.floor).toBeGreaterThan(0);
    }
  });

  test('a program that got dearer is over, and one that got cheaper is not', async () => {
    const dearer = await checked(chain('indirect'), chain('direct'));
    expect(decided(dearer).filter(([, verdict]) => verdict !== 'over')).toEqual([]);
    expect(dearer.verdict).toBe(decided(dearer).length > 0 ? 'over' : 'pass');
    const cheaper = await checked(chain('direct'), chain('indirect'));
    expect(decided(cheaper).filter(([, verdict]) => verdict !== 'improved')).toEqual([]);
    expect(ofTime(cheaper)).toHaveLength(2);
  });

  test('the kernel’s own tail calls are held to their budgets, direct and indirect', async () => {
    const text = CONFIG.slice(0, CONFIG.indexOf('budgets:')).concat(
      'budgets:\n  tail_calls/direct: { tail_call_ns: 10000 }\n  tail_calls/indirect: { tail_call_ns: 0.1 }\n',
    );
    const folders = project(chain('direct'), chain('direct'));
    const report = await check(
      {
        version: '0',
        config: { ...parseConfig(text, 'tollgate.yml'), programs: { '*': { inputs: [], place: NOWHERE } } },
        configPath: join(folders.head, 'tollgate.yml'),
        configName: 'tollgate.yml',
        base: baseFromDirectory(folders.base),
        modes: ['timed'],
      },
      labOptions(),
    );
    const figures = report.measurements.filter(({ metric }) => metric === 'tail_call_ns');
    expect(figures.map(({ program, input }) => [program, input])).toEqual([
      ['direct', 'xdp'],
      ['indirect', 'xdp'],
    ]);
    for (const { value, interval, absent } of figures)
      if (!absent) expect([value! > 0, interval![0] <= value!, value! <= interval![1]]).not.toContain(false);
    const rows = report.verdicts
      .filter(({ object, why }) => object === '(tail calls)' && !TOO_NOISY.test(why))
      .map(({ program, verdict }) => `${program} ${verdict}`);
    expect(['direct pass', 'indirect over']).toEqual(expect.arrayContaining(rows));
  });

  test('a program that does not load says so, and one that cannot be run has no figure', async () => {
    const { measurements } = await measure(
      {
        version: '0',
        objects: [join(TRICKY, 'rejected.bpf.o'), join(TRICKY, 'no_test_run.bpf.o')],
        kernels: ['host'],
        modes: ['timed'],
      },
      labOptions(),
    );
    const loads = measurements.filter(({ metric, value }) => metric === 'load_ok' && value === 0);
    expect(loads.map(({ log }) => (log ?? '') !== '')).toContain(true);
    expect(measurements.filter(({ metric, value }) => metric === 'run_ns' && value !== undefined)).toEqual(
      measurements.filter(({ metric, rounds }) => metric === 'run_ns' && rounds !== undefined),
    );
  });

  test('a program in place has its times there, on one CPU and with softirqs on another, with intervals, rounds and floor', async () => {
    const programs = {
      count_tc_0: { attach: { hook: 'tc', direction: 'ingress' } },
    };
    const { measurements } = await measure(
      {
        version: '0',
        objects: [join(TRICKY, 'count_tc.bpf.o')],
        kernels: ['host'],
        modes: ['timed'],
        bounds: { ...DEFAULT_BOUNDS, seconds: 10 },
        placements: ['same', 'split'],
        config: configOf(programs),
      },
      labOptions(),
    );
    const at = (place: string) => measurements.filter(({ input }) => input === place);
    const elsewhere = at('tc ingress, udp:64, softirq on another CPU');
    expect(elsewhere.map(({ metric }) => metric)).toContain('hook_ns');
    const unsaid = elsewhere.filter(
      ({ value, interval, absent }) => (value === undefined || !interval) && !absent,
    );
    expect(unsaid).toEqual([]);
    const inPlace = at('tc ingress, udp:64');
    const isDisturbed = inPlace.some(({ absent }) => absent && TOO_NOISY.test(absent.reason));
    for (const program of isDisturbed ? [] : Object.keys(programs))
      expect(inPlace.filter((each) => each.program === program).map(({ metric }) => metric)).toEqual(
        expect.arrayContaining([
          'hook_ns',
          'hook_total_ns',
          'hook_program_ns',
          'pass_pps',
          'rtt_p50_ns',
          'rtt_p99_ns',
        ]),
      );
    const figures = inPlace.filter(({ metric }) => metric.startsWith('hook_'));
    const isWhole = ({ value, interval, rounds, absent }: (typeof figures)[number]) =>
      absent ? TOO_NOISY.test(absent.reason) : value !== undefined && interval && rounds;
    expect(figures.filter((figure) => !isWhole(figure))).toEqual([]);
  });

  test('killed at any moment, it leaves no program, no process, no pin and no file', async () => {
    const { head } = project(chain('indirect'), chain('direct'));
    const before = await leftovers();
    for (const ms of [150, 400, 700, 1100, 1600]) {
      const run = execa(
        process.execPath,
        [join(DIST, 'cli.js'), 'measure', '--kernel', 'host', '--mode', 'timed', join(head, 'chain.bpf.o')],
        { cwd: ROOT, reject: false, stdio: 'ignore' },
      );
      await new Promise((resolve) => setTimeout(resolve, ms));
      run.kill('SIGKILL');
      await run;
    }
    await expect.poll(leftovers, { timeout: 10_000 }).toEqual(before);
  });
});

/** What a measurement could leave on a machine. */
async function leftovers(): Promise<unknown> {
  const { stdout } = await execa('bpftool', ['-j', 'prog', 'show']);
  const names = (JSON.parse(stdout) as { name?: string }[]).map(({ name }) => name ?? '').sort();
  const processes = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guest.js\0on-host') ? [pid] : [];
      } catch {
        return []; // it has just ended
      }
    });
  return {
    programs: names.filter((name) => /^(step_|tollgate)/.test(name)),
    processes,
    pinned: readdirSync('/sys/fs/bpf'),
    windows: readdirSync(tmpdir()).filter((name) => name.startsWith('tollgate-window')),
  };
}
