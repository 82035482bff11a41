// run_insns is a count, and this counts again by other means: binutils' disassembler on the machine code, and QEMU's
// plugin interface on what is executed. An instruction more in the program is one more in the figure.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROGRAM_TYPES } from '../model/program-types.ts';
import type { Measurement } from '../model/report.ts';
import {
  configOf,
  DIST,
  expectedAs,
  KERNELS,
  LB,
  measureArms,
  objectsIn,
  planArms,
  TRICKY,
} from './testing/lab.ts';
import {
  buildPlugin,
  CODE_RANGE,
  countWithObjdump,
  type Instruction,
  readBlocks,
  readCounts,
  runWith,
} from './testing/traced.ts';

const typeOf = (object: string) => object.slice('nop_'.length, -'.bpf.o'.length);
/** The others are for hooks alone. */
const nops = objectsIn(join(DIST, 'bpf')).filter(
  ({ name }) => PROGRAM_TYPES.find((type) => type.name === typeOf(name))?.testRun,
);
const count = objectsIn(TRICKY).filter(({ name }) => name === 'count.bpf.o');
const long = objectsIn(TRICKY).filter(({ name }) => name === 'long.bpf.o');
const collide = objectsIn(TRICKY).filter(({ name }) => name === 'hash_collide.bpf.o');

let figures: ReadonlyMap<string, readonly Measurement[]>;
let folder: string;
let plugin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-exact-'));
  plugin = await buildPlugin(folder);
  const inputs = { inputs: [{ udp: 64 }, 'pcaps/syn.pcap'] };
  ({ figures } = await measureArms([
    { name: 'nop', objects: nops },
    { name: 'count', objects: count, config: configOf({ '*': inputs }), directory: join(LB, 'base') },
    { name: 'collide', objects: collide },
    { name: 'long', objects: long },
  ]));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const tooNew = (type: string, since: string) =>
  `the kernel refuses it before its verifier looks at it (Invalid argument); ${type} programs exist since ${since}`;
const NO_TEST_RUN = { reason: 'this kernel has no test run for the type (ENOTSUPP)' };

/** The types that cannot be run, and the ones that cannot even be loaded, with what the user is told. */
const EXCEPTIONS: Readonly<Record<string, unknown>> = {
  'debian:5.10': {
    unlike: {},
    refused: { netfilter: tooNew('netfilter', '6.4'), syscall: tooNew('syscall', '5.14') },
  },
  'debian:6.1': {
    unlike: { lwt_seg6local: NO_TEST_RUN },
    refused: { netfilter: tooNew('netfilter', '6.4') },
  },
  'debian:6.12': { unlike: { lwt_seg6local: NO_TEST_RUN }, refused: {} },
  'debian:7.2': { unlike: { lwt_seg6local: NO_TEST_RUN }, refused: {} },
};

const runsOf = (arm: string, kernel: string, metric = 'run_insns') =>
  figures.get(arm)!.filter((figure) => figure.target === `${kernel}/exact` && figure.metric === metric);

describe.each(KERNELS)('on %s', (kernel) => {
  test('an empty program of every type with a test run costs its own few instructions', () => {
    const own = runsOf('nop', kernel).find(({ object }) => object === 'nop_xdp.bpf.o')!.value;
    const unlike = runsOf('nop', kernel).filter(({ value }) => value !== own);
    const refused = figures
      .get('nop')!
      .filter(
        ({ target, metric, value }) => target === `${kernel}/exact` && metric === 'load_ok' && value === 0,
      );
    expect({
      unlike: Object.fromEntries(unlike.map(({ object, absent }) => [typeOf(object), absent])),
      refused: Object.fromEntries(refused.map(({ object, note }) => [typeOf(object), note])),
    }).toEqual(EXCEPTIONS[expectedAs(kernel)]);
    expect(runsOf('nop', kernel).length + refused.length).toBe(nops.length);
  });

  test.each([
    ['udp:64', ['run_insns', 'run_insns_cold']],
    ['syn.pcap', ['run_insns', 'run_insns_cold', 'run_insns_p50', 'run_insns_p99', 'run_insns_max']],
  ] as const)('N instructions more in a program are N more in each figure, on %s', (input, metrics) => {
    const own = figures
      .get('count')!
      .filter((figure) => figure.target === `${kernel}/exact` && figure.input === input);
    const value = (n: number, metric: string) =>
      own.find((figure) => figure.program === `count_${n}` && figure.metric === metric)!.value!;
    const more = [1, 2, 10, 100].flatMap((n) =>
      metrics.map((metric) => [n, metric, value(n, metric) - value(0, metric)]),
    );
    expect(more).toEqual([1, 2, 10, 100].flatMap((n) => metrics.map((metric) => [n, metric, n])));
  });

  test('one instruction more is one more in runs that take several timer ticks, too', () => {
    const [cold, warm] = ['run_insns_cold', 'run_insns'].map((metric) =>
      runsOf('long', kernel, metric).map(({ value }) => value!),
    );
    expect(warm![0]).toBeGreaterThan(4_000_000); // a tick comes every 4 million
    expect([warm![1]! - warm![0]!, cold![1]! - cold![0]!]).toEqual([1, 1]);
    expect(runsOf('long', kernel).map(({ note }) => note)).toEqual([undefined, undefined]);
  });

  test("the empty XDP program's run_insns is what its machine code holds, and what QEMU executes", async () => {
    const { image, runs, records } = await witness(
      kernel,
      'nop',
      nops.filter(({ name }) => name === 'nop_xdp.bpf.o'),
    );
    const disassembled = await countWithObjdump(Buffer.concat(image.map(({ bytes }) => bytes)), folder);
    const [own] = runsOf('nop', kernel).filter(({ object }) => object === 'nop_xdp.bpf.o');
    expect(own?.value).toBe(image.length);
    expect(disassembled).toBe(image.length);
    // A cold run and 16 warm ones, each of them the same.
    expect(runs).toEqual(Array.from({ length: 17 }, () => image.length));
    expect(records).toEqual({ run_insns: String(image.length), run_insns_cold: String(image.length) });
  });

  test('a program that looks up a hash map costs what QEMU executes from its first instruction to its return', async () => {
    const { runs, records } = await witness(kernel, 'collide', collide);
    const [own] = runsOf('collide', kernel);
    const [cold] = runsOf('collide', kernel, 'run_insns_cold');
    expect(runs.slice(1)).toEqual(Array.from({ length: 16 }, () => own!.value));
    expect(runs[0]).toBe(cold!.value);
    expect(records).toEqual({ run_insns: String(own!.value), run_insns_cold: String(cold!.value) });
  });
});

/**
 * Runs the one program of `objects` on its one input twice: once with QEMU's log of translated code, which tells
 * where the program's image lies and what is in it; once with the plugin, its tables cut where the image begins and
 * where it returns. `runs`: the instructions executed in each run, all of the kernel's in between included.
 */
async function witness(kernel: string, arm: string, objects: typeof nops) {
  const [job] = planArms([{ name: arm, objects }]);
  const only = objects[0]!.name;
  const sizeBytes = figures
    .get(arm)!
    .find(
      ({ target, object, metric }) =>
        target === `${kernel}/exact` && object === only && metric === 'prog_size_jited',
    )!.value!;
  const own = join(folder, `${kernel.replace(':', '-')}-${arm}`);
  const log = join(own, 'log');
  await runWith(kernel, job!.bytes, ['-d', 'in_asm', '-dfilter', CODE_RANGE, '-D', log], own);
  // The empty program of the type runs first; the last image that is begun is the program's.
  const blocks = readBlocks(await readFile(log, 'latin1'));
  const last = blocks.findLastIndex(beginsImage);
  const [entry] = blocks[last]!;
  const image = blocks
    .slice(last)
    .flat()
    .filter(({ address }) => address >= entry!.address && address < entry!.address + BigInt(sizeBytes));
  const marks = [image[0]!, ...image.filter(isReturn)].map(({ address }) => `mark=0x${address.toString(16)}`);
  const counts = join(own, 'counts');
  const records = await runWith(
    kernel,
    job!.bytes,
    ['-plugin', [`file=${plugin}`, `out=${counts}`, ...marks].join()],
    own,
  );
  const tables = await readCounts(counts);
  return {
    image,
    // Before each mark's table the instruction at the mark is not counted: the return is to be added.
    runs: tables.filter((_, i) => i % 2 === 1).map((table) => sum(table) + 1),
    records: Object.fromEntries(
      records.flatMap((record) =>
        record.type === 'measurement' && record.metric.startsWith('run_')
          ? [[record.metric, record.value]]
          : [],
      ),
    ),
  };
}

/** Five bytes of nop, where a trampoline can be put: the JIT's first instruction; on newer kernels behind endbr64. */
const beginsImage = (block: readonly Instruction[]) =>
  /^(f30f1efa)?(0f1f440000|6666666690)/.test(Buffer.concat(block.map(({ bytes }) => bytes)).toString('hex'));
const isReturn = ({ bytes }: Instruction) => bytes.length === 1 && bytes[0] === 0xc3;
const sum = (table: ReadonlyMap<bigint, number>) => [...table.values()].reduce((all, one) => all + one, 0);
