// explain without a plugin, on real kernels: QEMU's own log gives the profile that the plugin gives, line by line.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ProfileOptions } from '../explain/profile.ts';
import { parseConfig } from '../model/config.ts';
import { findQemu } from '../vm/qemu.ts';
import { onKernel } from './execute.ts';
import { planObjectProfiles, profileAll } from './explain.ts';
import { createPool, pooled } from './pool.ts';
import { KERNELS, LB, labOptions, objectsIn } from './testing/lab.ts';

const BASE = join(LB, 'built/base');
const CONFIG = parseConfig(readFileSync(join(BASE, 'tollgate.yml'), 'utf8'), 'tollgate.yml');

/** The oldest and the newest: with retpolines in the kernel and without, packed programs, other dispatchers. */
test.each([KERNELS[0]!, KERNELS.at(-1)!])(
  'on %s the log tells of each program what the plugin does',
  async (kernel) => {
    const object = objectsIn(join(BASE, 'build'), 'build/').find(({ name }) => name === 'build/lb.bpf.o')!;
    const programs = object.spec.programs.map(({ name }) => name);
    const plans = planObjectProfiles('head', programs, { config: CONFIG, directory: BASE }, object);
    const qemu = await findQemu(labOptions());
    const pool = createPool(1);
    const { result, target } = await onKernel(kernel, qemu, pool, labOptions(), async (session, told) => {
      const take = (from: NonNullable<ProfileOptions['from']>) =>
        profileAll(pooled(session, pool), plans, { ...labOptions(), qemu, from }, told);
      return { counted: await take('plugin'), logged: await take('log') };
    });
    if (!result) throw new Error(target.error?.message);
    const { counted, logged } = result;
    expect(logged.map(({ notes, ...profile }) => profile)).toEqual(
      counted.map(({ notes, ...profile }) => profile),
    );
    expect(logged.map(({ notes }) => notes)).toEqual(
      logged.map(() => ["counted in QEMU's log, not by a plugin: as asked for"]),
    );
    expect(logged.filter(({ absent }) => absent)).toEqual([]);
    // What makes it hard is there: tail calls, functions of the kernel in helpers.
    expect(logged.some(({ tailCalls }) => tailCalls.some(({ to }) => to !== undefined))).toBe(true);
    expect(logged.some(({ calls }) => calls.some(({ functions }) => functions.length > 2))).toBe(true);
  },
);
