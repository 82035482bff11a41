// Every object that Debian ships and every one of ours: measured for figures or true reasons, and again in other orders
// and other jobs, where a program differs from itself in nothing: with maps that collide,
// LRU maps, random numbers, and another program of the object that got dearer. Each comparison is of two runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Config, parseConfig } from '../model/config.ts';
import { METRICS } from '../model/metrics.ts';
import type { Measurement } from '../model/report.ts';
import type { SideObject } from './objects.ts';
import {
  configOf,
  DIST,
  debianObjects,
  differences,
  LB,
  measureArms,
  OUTER_KERNELS,
  objectsIn,
  TRICKY,
} from './testing/lab.ts';

/** What the sample project's heads make dearer without a change to lb.bpf.o's other programs. */
const DEARER = ['plus-10-insns', 'extra-lookup', 'tail-call-indirect'] as const;
const LB_OBJECT = 'build/lb.bpf.o';

/** Every reason why a program does not load, word for word, and which objects it is true of. */
const REASONS: readonly (readonly [objects: RegExp, reason: RegExp])[] = [
  [
    /\/ir-keytable\//,
    /^defines map '\w+' in section 'lirc_mode2\/maps', a format of another loader than libbpf: /,
  ],
  [
    /\/opensnitch-ebpf-modules\//,
    /^defines map '\w+' in section 'maps\/\w+', a format of another loader than libbpf: /,
  ],
  [
    /\/suricata\/(bypass_filter|filter|xdp_filter|xdp_lb)\.bpf$/,
    /^defines its maps in section 'maps', a format that libbpf 1\.0 gave up: /,
  ],
  [
    /\/suricata\/(lb|vlan_filter)\.bpf$/,
    /^section '(loadbalancer|filter)' does not tell the program's type: name it in the budget file, as 'type: xdp'$/,
  ],
  // xdpdump fills in the name of the function when it runs.
  [/\/libxdp1\/xdpdump_bpf\.o$/, /^attaches to 'func', which this kernel does not have: /],
];

/** All figures of one kernel. */
interface Run {
  readonly kernel: string;
  readonly objects: readonly SideObject[];
  /** Debian's among them. */
  readonly debian: readonly SideObject[];
  /** All objects in their order, some of them again, and all of them in the opposite order. */
  readonly first: readonly Measurement[];
  readonly again: readonly Measurement[];
  /** What draws random numbers, in a job that is longer. */
  readonly longer: readonly Measurement[];
  readonly reversed: readonly Measurement[];
  readonly dearer: ReadonlyMap<string, readonly Measurement[]>;
}

let runs: readonly Run[];

beforeAll(async () => {
  const debian = (await debianObjects()).filter(isOnce);
  const all: Run[] = [];
  // One kernel after the other: each turns round other objects.
  for (const kernel of OUTER_KERNELS) all.push(await runOn(kernel, debian));
  runs = all;
});

describe('every object that Debian ships', () => {
  const figuresOf = ({ debian, first }: Run) => {
    const names = new Set(debian.map(({ name }) => name));
    return first.filter(({ object }) => names.has(object));
  };
  let figures: readonly Measurement[];

  beforeAll(() => {
    figures = runs.flatMap(figuresOf);
  });

  test('is there with each of its programs, on each kernel, loaded or with a reason', () => {
    expect(runs.map(({ debian }) => debian.length)).toEqual(OUTER_KERNELS.map(() => runs[0]!.debian.length));
    expect(runs[0]!.debian.length).toBeGreaterThan(40);
    const wanted = runs.flatMap(({ kernel, debian }) =>
      debian.flatMap(({ name, spec }) =>
        spec.programs.map((program) => `${kernel}/exact ${name} ${program.name}`),
      ),
    );
    const found = figures.filter(({ metric }) => metric === 'load_ok').map(idOf);
    expect(found.sort()).toEqual(wanted.sort());
  });

  test('has a true reason where it does not load, and the reason is one that a user can act on', () => {
    const refused = figures.filter(({ metric, value }) => metric === 'load_ok' && value === 0);
    const unexpected = refused.filter(
      ({ object, note }) => !REASONS.some(([of, reason]) => of.test(object) && reason.test(note ?? '')),
    );
    expect(unexpected.map((figure) => `${idOf(figure)}: ${figure.note}`)).toEqual([]);
    // A list that has grown too long for what is refused would hide the next surprise.
    for (const [of, reason] of REASONS)
      expect(refused.some(({ object, note }) => of.test(object) && reason.test(note ?? ''))).toBe(true);
  });

  test('has a value or a reason for every metric where it loads', () => {
    const static_ = METRICS.filter(({ perInput, name }) => !perInput && name !== 'load_ok').map(
      ({ name }) => name,
    );
    const loaded = figures.filter(({ metric, value }) => metric === 'load_ok' && value === 1);
    expect(loaded.length).toBeGreaterThan(25 * OUTER_KERNELS.length);
    const incomplete = loaded.flatMap((program) => {
      const own = figures.filter((figure) => idOf(figure) === idOf(program));
      const missing = [...static_, 'run_insns', 'run_insns_cold'].filter(
        (name) => !own.some(({ metric, value }) => metric === name && value !== undefined),
      );
      return missing.length === 0 ? [] : [`${idOf(program)}: ${missing.join(', ')}`];
    });
    expect(incomplete).toEqual([]);
  });

  test('costs something to run: no figure of a run is zero or less', () => {
    expect(
      figures.filter(
        ({ metric, value }) => metric.startsWith('run_insns') && value !== undefined && value <= 0,
      ),
    ).toEqual([]);
  });
});

describe('every program against itself', () => {
  test('is there in both orders, on each kernel, with all of its figures', () => {
    const wanted = (objects: readonly SideObject[]) =>
      objects.flatMap(({ name, spec }) => spec.programs.map((program) => `${name} ${program.name}`)).sort();
    for (const { kernel, objects, first, reversed } of runs) {
      expect(programsOf(first)).toEqual(wanted(objects));
      expect(programsOf(reversed)).toEqual(wanted(objects.filter(isReversedOn(kernel, objects))));
    }
  });

  test('differs in nothing, in hundreds of comparisons on each kernel', () => {
    const pairs = runs.flatMap(({ first, again, reversed }) => [
      [first.filter(({ object }) => isRunAgain(object, reversed)), reversed] as const,
      [first.filter(({ object }) => isRunAgain(object, again)), again] as const,
    ]);
    const count = pairs.reduce((sum, [, other]) => sum + programsOf(other).length, 0);
    expect(pairs.flatMap(([one, other]) => differences(one, other))).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(250 * OUTER_KERNELS.length);
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

function ownObjects(): SideObject[] {
  return [
    ...objectsIn(join(LB, 'built/base/build'), 'build/'),
    ...objectsIn(TRICKY, 'tricky/'),
    // Not the chains of 33 tail calls, of which each has as many programs.
    ...objectsIn(join(DIST, 'bpf'), 'nop/').filter(({ name }) => name.startsWith('nop/nop_')),
  ];
}

/** All of the newest release; of the one before what is not the same program built again. */
const isOnce = ({ name }: SideObject) => name.startsWith('trixie/') || !name.includes('/xdpfilt_');

/** All but the ones that are much alike: of xdp-filter's builds, and of the older release's, each is on one kernel. */
function isReversedOn(kernel: string, objects: readonly SideObject[]): (object: SideObject) => boolean {
  const isAlike = ({ name }: SideObject) => /^bookworm\/|\/xdpfilt_/.test(name);
  const alike = objects.filter(isAlike);
  const turn = OUTER_KERNELS.indexOf(kernel);
  return (object) => !isAlike(object) || alike.indexOf(object) % OUTER_KERNELS.length === turn;
}

async function runOn(kernel: string, debian: readonly SideObject[]): Promise<Run> {
  const objects = [...debian, ...ownObjects()];
  const sample = { config: settings(), directory: join(LB, 'base') };
  // Debian's are measured as they are shipped: no setting of ours makes them smaller or tells what they are.
  const arms = (name: string, chosen: readonly SideObject[]) => [
    { name, objects: chosen.filter((object) => debian.includes(object)) },
    { name, objects: chosen.filter((object) => !debian.includes(object)), ...sample },
  ];
  const dearer = DEARER.map((name) => ({
    name,
    objects: objectsIn(join(LB, 'built', name, 'build'), 'build/').filter(
      (object) => object.name === LB_OBJECT,
    ),
    ...sample,
  }));
  // Names of one length, as base's and head's are the same: the job holds them, and how long the guest takes to read
  // it decides which nanosecond a program finds on 5.10's clock.
  const inOrder = [
    ...arms('first', objects),
    ...dearer,
    ...arms('again', objects.filter(hasMany)),
    ...arms('a-longer-job', objects.filter(drawsRandom)),
  ];
  const { figures } = await measureArms(inOrder, [kernel]);
  const later = arms('later', objects.filter(isReversedOn(kernel, objects))).map((arm) => ({
    ...arm,
    objects: arm.objects.toReversed(),
  }));
  const opposite = (await measureArms(later, [kernel])).figures;
  return {
    kernel,
    objects,
    debian,
    first: figures.get('first')!,
    again: figures.get('again')!,
    longer: figures.get('a-longer-job')!,
    reversed: opposite.get('later')!,
    dearer: new Map(DEARER.map((name) => [name, figures.get(name)!])),
  };
}

/** The sample project's own, with a pcap for what hangs on chance. */
function settings(): Pick<Config, 'programs'> {
  const path = join(LB, 'base/tollgate.yml');
  const inputs = { inputs: [{ udp: 64 }, 'pcaps/mixed.pcap'] };
  const chancy = ['collide', 'evict', 'draw_random', 'read_clock', 'read_cpu'];
  return {
    programs: {
      ...parseConfig(readFileSync(path, 'utf8'), path).programs,
      ...configOf(Object.fromEntries(chancy.map((name) => [name, inputs]))).programs,
    },
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

function idOf({ target, object, program }: Measurement): string {
  return `${target} ${object} ${program}`;
}
