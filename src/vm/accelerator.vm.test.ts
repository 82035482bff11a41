// On a real QEMU: what is chosen runs, whatever this machine's KVM does.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAccelerator } from './accelerator.ts';
import { findQemu } from './qemu.ts';
import { ownQemus } from './testing/real.ts';

let cacheDir: string;

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-accelerator-'));
});

afterAll(() => rm(cacheDir, { recursive: true }));

test('an accelerator is found within its deadlines, and only one that has run guest instructions', async () => {
  const started = Date.now();
  const choice = await findAccelerator(await findQemu({ cacheDir }), { deadlineMs: 2000 });
  expect(Date.now() - started).toBeLessThan(3 * 2000 + 2000);
  expect(choice.tried.at(-1)).toEqual({
    what: `${choice.accelerator} with CPU ${choice.cpu}`,
    result: 'works',
  });
  expect(choice.message.split('\n')).toEqual([expect.stringMatching(/^using (kvm|tcg) with CPU \S+/)]);
  expect([
    ownQemus(),
    (await readdir(tmpdir())).filter((name) => name.startsWith('tollgate-sector')),
  ]).toEqual([[], []]);
});

test('what is no QEMU is no accelerator either, and the probe still ends', async () => {
  const qemu = await findQemu({ cacheDir });
  const { accelerator, tried } = await findAccelerator(
    { ...qemu, path: process.execPath },
    { deadlineMs: 500 },
  );
  expect(accelerator).toBe('tcg');
  expect(tried.filter(({ result }) => result === 'works')).toEqual([]);
});

test('an abort ends the probe and leaves nothing', async () => {
  const signal = AbortSignal.abort(new Error('Ctrl-C'));
  await expect(findAccelerator(await findQemu({ cacheDir }), { signal })).rejects.toThrow('Ctrl-C');
  expect(ownQemus()).toEqual([]);
});
