// Objects that nobody here wrote: whatever Debian's packages ship has figures on every kernel, or a true reason.

import { beforeAll, describe, expect, test } from 'vitest';
import { METRICS } from '../model/metrics.ts';
import type { Measurement } from '../model/report.ts';
import type { SideObject } from './objects.ts';
import { debianObjects, KERNELS, measureArms } from './testing/lab.ts';

/**
 * All of the newest release; of the one before what is not the same program built again: its xdp-filters cost
 * seconds each, for maps of 65,536 per-CPU entries.
 */
function chosen(objects: readonly SideObject[]): SideObject[] {
  return objects.filter(({ name }) => name.startsWith('trixie/') || !name.includes('/xdpfilt_'));
}

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

let objects: readonly SideObject[];
let figures: readonly Measurement[];

beforeAll(async () => {
  objects = chosen(await debianObjects());
  figures = (await measureArms([{ name: 'debian', objects }])).figures.get('debian')!;
});

describe('every object that Debian ships', () => {
  test('is there with each of its programs, on each kernel, loaded or with a reason', () => {
    expect(objects.length).toBeGreaterThan(40);
    const wanted = KERNELS.flatMap((kernel) =>
      objects.flatMap(({ name, spec }) =>
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
    expect(loaded.length).toBeGreaterThan(100);
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

function idOf({ target, object, program }: Measurement): string {
  return `${target} ${object} ${program}`;
}
