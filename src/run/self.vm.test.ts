// A project checked against itself differs in nothing: in any order, with maps that collide, LRU maps and programs
// that draw random numbers, and where another program of the object got dearer. Each comparison is of two runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Config, parseConfig } from '../model/config.ts';
import type { Measurement } from '../model/report.ts';
import type { SideObject } from './objects.ts';
import {
  configOf,
  DIST,
  debianObjects,
  differences,
  KERNELS,
  LB,
  measureArms,
  objectsIn,
  TRICKY,
} from './testing/lab.ts';

/** What the sample project's heads make dearer without a change to lb.bpf.o's other programs. */
const DEARER = ['plus-10-insns', 'extra-lookup', 'tail-call-indirect'] as const;
const LB_OBJECT = 'build/lb.bpf.o';

/** All figures of one kernel. */
interface Run {
  readonly kernel: string;
  readonly objects: readonly SideObject[];
  /** All objects in their order; some of them again; all of them in the opposite order. */
  readonly first: readonly Measurement[];
  readonly again: readonly Measurement[];
  /** What draws random numbers, in a job that is longer. */
  readonly longer: readonly Measurement[];
  readonly reversed: readonly Measurement[];
  readonly dearer: ReadonlyMap<string, readonly Measurement[]>;
}

let runs: readonly Run[];

beforeAll(async () => {
  const objects = await allObjects();
  const all: Run[] = [];
  // One kernel after the other: not all of them run the same objects.
  for (const kernel of KERNELS) all.push(await runOn(kernel, objectsFor(kernel, objects)));
  runs = all;
}, 1_200_000);

describe('every program against itself', () => {
  test('is there in both orders, on each kernel, with all of its figures', () => {
    for (const { objects, first, reversed } of runs) {
      const wanted = objects.flatMap(({ name, spec }) =>
        spec.programs.map((program) => `${name} ${program.name}`),
      );
      expect(programsOf(first)).toEqual(wanted.sort());
      expect(reversed.length).toBe(first.length);
    }
  });

  test('differs in nothing, in a thousand comparisons', () => {
    const pairs = runs.flatMap(({ first, again, reversed }) => [
      [first, reversed] as const,
      [first.filter(({ object }) => isRunAgain(object, again)), again] as const,
    ]);
    const count = pairs.reduce((sum, [, other]) => sum + programsOf(other).length, 0);
    expect(pairs.flatMap(([one, other]) => differences(one, other))).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(1000);
    console.log(`${count} comparisons of a program with itself`);
  });

  test.each(DEARER)('%s: the programs it leaves alone differ in nothing', (head) => {
    const touched = touchedBy(head);
    const left = (figures: readonly Measurement[]) =>
      figures.filter(({ object, program }) => object === LB_OBJECT && !touched.has(program));
    for (const { first, dearer } of runs) {
      const other = dearer.get(head)!;
      expect(programsOf(left(other)).length).toBeGreaterThan(0);
      expect(differences(left(first), left(other))).toEqual([]);
      // Else this would prove nothing.
      expect(
        differences(
          first.filter(({ object }) => object === LB_OBJECT),
          other,
        ),
      ).not.toEqual([]);
    }
  });
});

test('the random numbers of a program are the same in a job that is longer', () => {
  const draws = (figures: readonly Measurement[]) =>
    figures.filter(({ program }) => program === 'draw_random');
  for (const { first, longer } of runs) {
    expect(draws(longer).length).toBeGreaterThan(10);
    expect(differences(draws(first), draws(longer))).toEqual([]);
  }
});

/** Everything there is, in one list. */
async function allObjects(): Promise<SideObject[]> {
  return [
    ...(await debianObjects()),
    ...objectsIn(join(LB, 'built/base/build'), 'build/'),
    ...objectsIn(TRICKY, 'tricky/'),
    ...objectsIn(join(DIST, 'bpf'), 'nop/'),
  ];
}

/**
 * On each kernel all but the ones that are much alike: of xdp-filter's ten builds, and of what the release before
 * ships too, each is on one kernel.
 */
function objectsFor(kernel: string, objects: readonly SideObject[]): SideObject[] {
  const isAlike = ({ name }: SideObject) => /^bookworm\/|\/xdpfilt_/.test(name);
  const alike = objects.filter(isAlike);
  const turn = KERNELS.indexOf(kernel);
  return objects.filter((object) => !isAlike(object) || alike.indexOf(object) % KERNELS.length === turn);
}

async function runOn(kernel: string, objects: readonly SideObject[]): Promise<Run> {
  const common = { config: settings(), directory: join(LB, 'base') };
  const dearer = DEARER.map((name) => ({
    name,
    objects: objectsIn(join(LB, 'built', name, 'build'), 'build/').filter(
      (object) => object.name === LB_OBJECT,
    ),
    ...common,
  }));
  // Names of one length, as base's and head's are the same: the job holds them, and how long the guest takes to read
  // it decides which nanosecond a program finds on 5.10's clock.
  const inOrder = [
    { name: 'first', objects, ...common },
    ...dearer,
    { name: 'again', objects: objects.filter(hasMany), ...common },
    { name: 'a-longer-job', objects: objects.filter(drawsRandom), ...common },
  ];
  const { figures } = await measureArms(inOrder, [kernel]);
  const opposite = await measureArms(
    [{ name: 'later', objects: [...objects].reverse(), ...common }],
    [kernel],
  );
  return {
    kernel,
    objects,
    first: figures.get('first')!,
    again: figures.get('again')!,
    longer: figures.get('a-longer-job')!,
    reversed: opposite.figures.get('later')!,
    dearer: new Map(DEARER.map((name) => [name, figures.get(name)!])),
  };
}

/** The sample project's own, with a pcap for what hangs on chance, and small maps where their size costs seconds. */
function settings(): Pick<Config, 'programs' | 'map_sizes'> {
  const path = join(LB, 'base/tollgate.yml');
  const inputs = { inputs: [{ udp: 64 }, 'pcaps/mixed.pcap'] };
  const chancy = ['collide', 'evict', 'draw_random', 'read_clock', 'read_cpu'];
  return {
    programs: {
      ...parseConfig(readFileSync(path, 'utf8'), path).programs,
      ...configOf(Object.fromEntries(chancy.map((name) => [name, inputs]))).programs,
    },
    // xdp-filter's maps, of 65,536 and 10,000 per-CPU entries.
    map_sizes: { filter_ports: 64, filter_ipv4: 64, filter_ipv6: 64, filter_ethernet: 64 },
  };
}

/** What gives many comparisons a second. */
const hasMany = (object: SideObject) => object.spec.programs.length > 3 || drawsRandom(object);

const drawsRandom = ({ spec }: SideObject) => spec.programs.some((program) => program.drawsRandom);

const isRunAgain = (object: string, again: readonly Measurement[]) =>
  again.some((figure) => figure.object === object);

/** The programs with figures, one row for each. */
function programsOf(figures: readonly Measurement[]): string[] {
  return figures
    .filter(({ metric }) => metric === 'load_ok')
    .map(({ object, program }) => `${object} ${program}`)
    .sort();
}

/** The programs that a head changes, or that call what it changes. */
function touchedBy(head: string): ReadonlySet<string> {
  const rows: readonly { head: string; program: string }[] = JSON.parse(
    readFileSync(join(LB, 'expected.json'), 'utf8'),
  );
  return new Set(rows.filter((row) => row.head === head).map(({ program }) => program));
}
