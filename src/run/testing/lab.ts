// What the tests on real kernels share: the kernels, the options that the command line would make, and one call
// that measures many objects in as few machines as there can be. Used by *.vm.test.ts alone.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { type Config, parseConfig } from '../../model/config.ts';
import type { Measurement } from '../../model/report.ts';
import { KERNEL_CACHE, KERNELS } from '../../vm/testing/real.ts';
import { execute, type RunOptions } from '../execute.ts';
import { readObject, type SideObject } from '../objects.ts';
import { type PlannedJob, planJobs } from '../plan.ts';

export { expectedAs, KERNELS, OUTER_KERNELS } from '../../vm/testing/real.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');
/** What ships: every test here runs the built guest. */
export const DIST = join(ROOT, 'dist');
export const LB = join(ROOT, 'fixtures/lb');
export const TRICKY = join(ROOT, 'fixtures/tricky/built');

/** As the command line makes them, with its cache: what is there is used, what is not is downloaded. */
export function labOptions(): RunOptions {
  const { env } = process;
  return {
    cacheDir: KERNEL_CACHE,
    distDir: DIST,
    baseDir: ROOT,
    useSavedState: true,
    savedStatesLimitBytes: 4096e6,
    ...(env.TOLLGATE_MIRROR ? { mirror: env.TOLLGATE_MIRROR } : {}),
  };
}

/** A budget file's `programs`, parsed as it would be from a file. */
export function configOf(programs: object): Config {
  return parseConfig(
    JSON.stringify({ version: 1, kernels: KERNELS, objects: ['*'], programs, budgets: { '*': {} } }),
    'test.yml',
  );
}

/** Objects to measure together, under a name that is put before theirs. */
export interface Arm {
  readonly name: string;
  readonly objects: readonly SideObject[];
  readonly config?: Pick<Config, 'programs' | 'map_sizes'>;
  readonly directory?: string;
}

/** Jobs of all arms. Every job starts from the saved state, so which others run beside it does not matter. */
export function planArms(arms: readonly Arm[]): PlannedJob[] {
  return arms.flatMap(({ name, objects, config = { programs: {} }, directory = ROOT }) =>
    planJobs({
      side: 'head',
      objects: objects.map((object) => ({ ...object, name: `${name}/${object.name}` })),
      config,
      directory,
    }),
  );
}

/** Figures by arm, under the objects' own names. Throws where a kernel gave none. */
export async function measureArms(
  arms: readonly Arm[],
  kernels: readonly string[] = KERNELS,
): Promise<{ figures: ReadonlyMap<string, readonly Measurement[]> }> {
  const { measurements, targets } = await execute(kernels, planArms(arms), labOptions());
  for (const { id, status, error } of targets)
    if (status !== 'ok') throw new Error(`${id}: ${error?.message}\n${error?.tail ?? ''}`);
  return { figures: figuresByArm(arms, measurements) };
}

function figuresByArm(
  arms: readonly Arm[],
  measurements: readonly Measurement[],
): ReadonlyMap<string, readonly Measurement[]> {
  return new Map(
    arms.map(({ name }) => [
      name,
      measurements
        .filter(({ object }) => object.startsWith(`${name}/`))
        .map((figure) => ({ ...figure, object: figure.object.slice(name.length + 1) })),
    ]),
  );
}

/** The objects in a folder, by name. */
export function objectsIn(folder: string, prefix = ''): SideObject[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .sort()
    .map((name) => readObject(join(folder, name), `${prefix}${name}`));
}

/** A figure's name, for tables of them. */
export function keyOf({ target, object, program, input, metric }: Measurement): string {
  return [target, object, program, input ?? '-', metric].join(' ');
}

/** What a figure says, all of it: value or reason, note and log. */
export function sayingOf({ value, absent, note, log, where }: Measurement): string {
  return JSON.stringify({ value, absent, note, log, where });
}

/** Every figure that is not the same in both, as 'name: this | that'. */
export function differences(a: readonly Measurement[], b: readonly Measurement[]): string[] {
  const [left, right] = [a, b].map((all) => new Map(all.map((one) => [keyOf(one), sayingOf(one)])));
  return [...new Set([...left!.keys(), ...right!.keys()])]
    .filter((key) => left!.get(key) !== right!.get(key))
    .map((key) => `${key}: ${left!.get(key)} | ${right!.get(key)}`);
}

/** Objects that others wrote, as SUITE/PACKAGE/FILE: fetched once into the cache, through apt. */
export async function debianObjects(): Promise<SideObject[]> {
  const folder = join(labOptions().cacheDir, 'debian-objects');
  await execa(process.execPath, [join(ROOT, 'scripts/debian-objects.mjs'), folder]);
  const listed: readonly { path: string }[] = JSON.parse(readFileSync(join(folder, 'objects.json'), 'utf8'));
  return listed.map(({ path }) => readObject(join(folder, path), path));
}
