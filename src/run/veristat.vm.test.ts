// veristat is the yardstick for what the verifier does: the same object on the same kernel has the same figures, to
// the digit. Debian's own veristat runs in the guest.

import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import type { Measurement } from '../model/report.ts';
import { type Blob, encodeJob } from '../model/window.ts';
import { openSession } from '../vm/session.ts';
import { sessionOptions } from '../vm/testing/real.ts';
import type { SideObject } from './objects.ts';
import { debianObjects, LB, labOptions, measureArms, objectsIn, ROOT, TRICKY } from './testing/lab.ts';

const KERNEL = 'debian:6.12';

/** Ours, and veristat's name for the same. stack_depth is another figure there: the sum over all subprograms. */
const SAME = {
  total_insns: 'total_insns',
  total_states: 'total_states',
  peak_states: 'peak_states',
  max_states_per_insn: 'max_states_per_insn',
  prog_size: 'prog_size',
  prog_size_jited: 'prog_size_jited',
} as const;

test('every program of xdp-tools and libxdp1, and our own, has the figures that veristat prints', async () => {
  const objects = [
    ...(await debianObjects()).filter(({ name }) => /^trixie\/(xdp-tools|libxdp1|xdp-tests)\//.test(name)),
    ...objectsIn(join(LB, 'built/base/build'), 'lb/'),
    ...objectsIn(TRICKY, 'tricky/').filter(({ name }) => /(stack|branchy|rewrite)/.test(name)),
  ];
  const [theirs, { figures }] = await Promise.all([
    runVeristat(objects),
    // Loaded only: no program has inputs.
    measureArms(
      [
        {
          name: 'ours',
          objects,
          config: { programs: { '*': { inputs: [], place: { file: 'test', line: 1, column: 1 } } } },
        },
      ],
      [KERNEL],
    ),
  ]);
  const ours = rowsOf(figures.get('ours')!);
  expect(theirs.size).toBeGreaterThan(25);
  // A figure that both lack is no agreement.
  expect([...theirs.values()].flatMap(Object.values).filter((value) => !Number.isFinite(value))).toEqual([]);
  console.log(`${theirs.size} programs have veristat's figures`);
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
});

type Rows = Map<string, Record<string, number>>;

/** Figures of programs that load, by object and program. */
function rowsOf(figures: readonly Measurement[]): Rows {
  const rows: Rows = new Map();
  for (const { object, program, metric, value } of figures) {
    if (!(metric in SAME)) continue;
    const key = `${object} ${program}`;
    rows.set(key, { ...rows.get(key), [metric]: value ?? Number.NaN });
  }
  return sorted(rows);
}

const sorted = (rows: Rows): Rows => new Map([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));

async function runVeristat(objects: readonly SideObject[]): Promise<Rows> {
  const options = await sessionOptions(KERNEL, labOptions().cacheDir, {
    guestPath: join(ROOT, 'fixtures/guests/tool.js'),
  });
  const session = await openSession({ ...options, useSavedState: false });
  const program = await fetchVeristat(join(options.cacheDir, 'veristat'));
  // veristat names an object by the last part of its path.
  const files = [...program, ...objects.map(({ bytes }, i) => ({ name: `objects/${i}.o`, bytes }))];
  const job = encodeJob<unknown>((place: (bytes: Uint8Array) => Blob) => ({
    files: files.map(({ name, bytes }) => ({ name, bytes: place(bytes) })),
    commands: [
      [
        ...['/tmp/lib/ld-linux-x86-64.so.2', '--library-path', '/tmp/lib', '/tmp/veristat'],
        ...['--output-format', 'csv', '--emit', ['file', 'prog', 'verdict', ...Object.values(SAME)].join()],
        ...objects.map((_, i) => `objects/${i}.o`),
      ],
    ],
  }));
  const { records } = await session.run(job);
  const output = records.find((record) => record.type === 'measurement');
  if (output?.value !== '0') throw new Error(`veristat failed (${output?.value}): ${output?.note}`);
  const [header, ...lines] = (output.log ?? '').trim().split('\n');
  const names = header!.split(',');
  const rows: Rows = new Map();
  for (const line of lines) {
    const cell = Object.fromEntries(line.split(',').map((text, i) => [names[i], text]));
    if (cell.verdict !== 'success') continue;
    const object = objects[Number.parseInt(cell.file_name!, 10)]!;
    const values = Object.entries(SAME).map(([name, theirs]) => [name, Number(cell[theirs])]);
    rows.set(`${object.name} ${cell.prog_name}`, Object.fromEntries(values));
  }
  return sorted(rows);
}

/** Debian trixie's veristat with the libraries it needs, through apt with a state of its own. */
async function fetchVeristat(folder: string): Promise<{ name: string; bytes: Uint8Array }[]> {
  await execa(process.execPath, [join(ROOT, 'scripts/debian-program.mjs'), folder, 'veristat']);
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}
