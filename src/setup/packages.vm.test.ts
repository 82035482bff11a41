// QEMU and libbpf as the archive has them, fetched by the real apt-get and run from where they were unpacked: the same
// figures as with those that are installed, and a saved state that does not know where they lie.

import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveKernel, unpackedVmlinux } from '../kernels/index.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Tools } from '../model/tools.ts';
import { buildInitramfs } from '../vm/initramfs.ts';
import { DEFAULT_CPU, machineOf } from '../vm/machine.ts';
import { findQemu } from '../vm/qemu.ts';
import { openSession, type SessionOptions, savedStateKey } from '../vm/session.ts';
import { emptyJob, KERNEL_CACHE, ROOT } from '../vm/testing/real.ts';
import { DEFAULT_DEADLINES } from '../vm/vm.ts';
import { setUp } from './index.ts';

const KERNEL = 'debian:5.10';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-setup-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

test('what was only unpacked measures as what is installed does', async () => {
  // A machine that has nothing but what unpacks packages; nobody who could install.
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink('/usr/bin/dpkg-deb', join(bin, 'dpkg-deb'));
  const warnings: string[] = [];
  const setup = {
    cacheDir: join(folder, 'unpacked'),
    env: { PATH: process.env.PATH },
    isRoot: false,
    machine: { commands: [bin], libraries: [] },
    log: {
      group: <T>(_: string, work: () => Promise<T>) => work(),
      info: () => {},
      warning: (line: string) => warnings.push(line),
    },
  };
  const provided = await setUp(setup);
  expect([provided.from, warnings]).toEqual(['fetched', []]);
  expect((await setUp(setup)).from).toBe('cache');

  const installed = await sessionWith(join(folder, 'installed'), undefined);
  const unpacked = await sessionWith(setup.cacheDir, provided.tools);
  expect(unpacked.machine.qemu.path.startsWith(setup.cacheDir)).toBe(true);
  const results = [];
  for (const options of [installed, unpacked])
    results.push((await (await openSession(options)).run(emptyJob())).records.filter(isFigure));
  expect(results[1]).toEqual(results[0]);
  expect(results[0]!.length).toBeGreaterThan(1);

  // Elsewhere the same files make the same machine.
  const moved = join(folder, 'moved');
  await rename(setup.cacheDir, moved);
  const tools = JSON.parse(JSON.stringify(provided.tools).replaceAll(setup.cacheDir, moved)) as Tools;
  expect(savedStateKey(await sessionWith(moved, tools))).toBe(savedStateKey(unpacked));
});

const isFigure = ({ type }: GuestRecord) => type === 'measurement';

async function sessionWith(cacheDir: string, tools: Tools | undefined): Promise<SessionOptions> {
  const given = tools === undefined ? {} : { tools };
  const kernel = await resolveKernel(KERNEL, { cacheDir: KERNEL_CACHE, ...given });
  const kernelImage = await unpackedVmlinux(kernel, KERNEL_CACHE, given);
  const qemu = await findQemu({ cacheDir, ...given });
  const initramfs = await buildInitramfs(kernel, { cacheDir, distDir: join(ROOT, 'dist'), ...given });
  return {
    kernel,
    machine: machineOf({ qemu, accelerator: 'icount', cpu: DEFAULT_CPU, kernelImage }, kernel, initramfs),
    initramfs,
    cacheDir,
    useSavedState: true,
    savedStatesLimitBytes: 4e9,
    deadlines: DEFAULT_DEADLINES,
  };
}
