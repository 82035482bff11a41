// Tail calls counted on real kernels: every kind there is, those that go nowhere, and a pcap whose packets differ.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../model/config.ts';
import type { Measurement, TailCall } from '../model/report.ts';
import { execute } from './execute.ts';
import { LB, labOptions, OUTER_KERNELS, objectsIn, planArms, TRICKY } from './testing/lab.ts';

let measurements: readonly Measurement[];
let tailCalls: readonly TailCall[];

beforeAll(async () => {
  const directory = join(LB, 'built/base');
  const config = parseConfig(readFileSync(join(directory, 'tollgate.yml'), 'utf8'), 'tollgate.yml');
  const tricky = objectsIn(TRICKY).filter(({ name }) => name === 'tail_calls.bpf.o');
  const lb = objectsIn(join(directory, 'build'), 'build/').filter(({ name }) => name === 'build/lb.bpf.o');
  const jobs = planArms([
    { name: 'tricky', objects: tricky },
    { name: 'lb', objects: lb, config, directory },
  ]);
  const results = await execute(OUTER_KERNELS, jobs, labOptions());
  ({ measurements, tailCalls } = results);
  expect(results.targets.map(({ error }) => error)).toEqual(OUTER_KERNELS.map(() => undefined));
});

const LOST = 'and went on behind the call';

describe.each(OUTER_KERNELS)('on %s', (kernel) => {
  const of = (metric: string, arm: string) =>
    measurements.filter(
      (each) =>
        each.target === `${kernel}/exact` && each.metric === metric && each.object.startsWith(`${arm}/`),
    );

  test('each program has the tail calls that it makes, one jump or looked up, and those that go nowhere', () => {
    const found = of('tail_calls', 'tricky').map(({ program, value, note }) => [program, value, note]);
    expect(Object.fromEntries(found.map(([program, ...rest]) => [program, rest]))).toEqual({
      leaf: [0, undefined],
      other_leaf: [0, undefined],
      direct: [1, '1 direct, 0 indirect'],
      computed: [1, '0 direct, 1 indirect'],
      slot_by_path: [1, '0 direct, 1 indirect'],
      map_by_path: [1, '0 direct, 1 indirect'],
      empty_slots: [1, `1 direct, 0 indirect; 2 found an empty slot ${LOST}`],
      beyond: [0, `1 named a slot beyond the end of the map ${LOST}`],
      forever: [33, `33 direct, 0 indirect; 1 exceeded the limit of 33 ${LOST}`],
      after_call: [1, '1 direct, 0 indirect'],
      in_subprogram: [1, '1 direct, 0 indirect'],
    });
  });

  test("the share of a run is that of the calls' own instructions, and dearer where they are looked up", () => {
    const insns = (program: string) => {
      const value = (metric: string) => of(metric, 'tricky').find((each) => each.program === program)!.value!;
      return Math.round((value('tail_call_share') * value('run_insns')) / 100);
    };
    expect(insns('leaf')).toBe(0);
    expect(insns('forever')).toBe(33 * insns('direct') + 3); // the 34th is over after its check
    expect(insns('computed')).toBeGreaterThan(insns('direct'));
    expect(insns('beyond')).toBe(3);
  });

  test('a site is told with its line, what the JIT made of it, and what came of it', () => {
    const sites = tailCalls.filter(
      ({ target, object }) => target === `${kernel}/exact` && object.startsWith('tricky/'),
    );
    const rows = sites.map(({ program, near, line, jit, isFilled }) =>
      [program, near?.line ?? line, jit, isFilled].join(' '),
    );
    expect(rows.sort()).toEqual([
      'after_call 105 direct all',
      'beyond 85 indirect some',
      'computed 52 indirect some',
      'direct 43 direct all',
      'empty_slots 74 direct none',
      'empty_slots 77 direct all',
      'empty_slots 77 indirect some',
      'forever 90 direct all',
      'in_subprogram 110 direct all',
      'map_by_path 66 indirect all',
      'slot_by_path 59 indirect all',
    ]);
    const runs = sites.find(({ program }) => program === 'forever')!.runs;
    expect(runs).toEqual([
      { program: 'forever', input: 'udp:64', packets: 1, taken: 33, empty: 0, limit: 1, beyond: 0 },
    ]);
  });

  test('packets of a pcap that take other paths have their mean', () => {
    const found = of('tail_calls', 'lb').map(({ program, input, value }) => [program, input, value]);
    expect(found.filter(([program]) => program === 'xdp_lb').sort()).toEqual([
      ['xdp_lb', 'mixed.pcap', 1.75],
      ['xdp_lb', 'syn.pcap', 2],
      ['xdp_lb', 'tcp_syn', 2],
      ['xdp_lb', 'udp:64', 2],
    ]);
  });
});
