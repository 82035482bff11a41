// explain without a plugin, on real kernels: QEMU's own log gives the profile that the plugin gives, line by line.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ProfileOptions } from '../explain/profile.ts';
import { parseConfig } from '../model/config.ts';
import type { Explanation } from '../model/explanation.ts';
import { findQemu, type Qemu } from '../vm/qemu.ts';
import { onKernel } from './execute.ts';
import { planObjectProfiles, profileAll } from './explain.ts';
import { createPool, pooled } from './pool.ts';
import { KERNELS, LB, labOptions, objectsIn, TRICKY } from './testing/lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-explain-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE = join(LB, 'built/base');
const CONFIG = parseConfig(readFileSync(join(BASE, 'tollgate.yml'), 'utf8'), 'tollgate.yml');

/** Helpers and tail calls into other programs; functions and callbacks; indirect tail calls. */
const PLANS = [
  ...objectsIn(join(BASE, 'build'), 'build/').filter(({ name }) => name === 'build/lb.bpf.o'),
  ...objectsIn(TRICKY).filter(({ name }) => ['stack.bpf.o', 'tail_calls.bpf.o'].includes(name)),
].flatMap((object) => {
  const programs = object.spec.programs.map(({ name }) => name);
  return planObjectProfiles('head', programs, { config: CONFIG, directory: BASE }, object);
});

const asked = (options: ProfileOptions): ProfileOptions => ({ ...options, from: 'log' });

/** What stands in for QEMU is asked about plugins alone, and its answer is kept in a cache of its own. */
function withoutPlugins(options: ProfileOptions): ProfileOptions {
  const path = join(folder, 'qemu');
  writeFileSync(path, '#!/bin/sh\necho "qemu: -plugin: invalid option" >&2\nexit 1\n');
  chmodSync(path, 0o700);
  const qemu = { ...options.qemu, path, digest: 'without plugins' };
  return { ...options, qemu, cacheDir: join(folder, 'cache') };
}

/** The oldest, with retpolines of its own in each program, and the newest. */
test.each([
  [KERNELS[0]!, 'as asked for', asked],
  [KERNELS.at(-1)!, 'this QEMU loads no plugin of ours: qemu: -plugin: invalid option', withoutPlugins],
])("on %s QEMU's log tells of each program what the plugin does (%s)", async (kernel, reason, how) => {
  const qemu = await findQemu(labOptions());
  const { counted, logged } = await profilesOf(kernel, qemu, how);
  expect(logged.map(withoutNotes)).toEqual(counted.map(withoutNotes));
  expect(logged.filter(({ absent }) => absent)).toEqual([]);
  const note = `counted in QEMU's log, not by a plugin: ${reason}`;
  expect(logged.map(({ notes }) => notes)).toEqual(counted.map(({ notes }) => [...notes, note]));
  // What makes it hard is there: tail calls of both kinds, functions of the kernel in helpers, functions of the object.
  const taken = logged.flatMap(({ tailCalls }) =>
    tailCalls.flatMap(({ to, direct }) => (to ? [direct] : [])),
  );
  expect(new Set(taken)).toEqual(new Set([true, false]));
  expect(logged.some(({ calls }) => calls.some(({ functions }) => functions.length > 2))).toBe(true);
  expect(logged.some(({ lines }) => new Set(lines.map((line) => line.function)).size > 2)).toBe(true);
});

type Untargeted = Omit<Explanation, 'target'>;

async function profilesOf(
  kernel: string,
  qemu: Qemu,
  how: (options: ProfileOptions) => ProfileOptions,
): Promise<{ counted: Untargeted[]; logged: Untargeted[] }> {
  const pool = createPool(1);
  const { result, target } = await onKernel(kernel, qemu, pool, labOptions(), async (session, told) => {
    const take = (options: ProfileOptions) => profileAll(pooled(session, pool), PLANS, options, told);
    const options = { ...labOptions(), qemu };
    return { counted: await take(options), logged: await take(how(options)) };
  });
  if (!result) throw new Error(target.error?.message);
  return result;
}

function withoutNotes({ notes, ...profile }: Untargeted): Omit<Untargeted, 'notes'> {
  return profile;
}
