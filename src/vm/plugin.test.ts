import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findPlugin, pluginArguments } from './plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-plugin-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const distDir = join(folder, 'dist');
mkdirSync(join(distDir, 'native'), { recursive: true });
for (const version of [1, 2, 3]) writeFileSync(join(distDir, `native/callpaths-${version}.so`), `${version}`);

/** A program that takes QEMU's arguments and does what `script` says. */
function fakeQemu(name: string, script: string) {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o700);
  return { path, digest: name, place: { arguments: [], environment: {} } };
}

const find = (qemu: ReturnType<typeof fakeQemu>) =>
  findPlugin('callpaths', qemu, { distDir, cacheDir: join(folder, 'cache') });

test('the newest interface that this QEMU loads is taken', async () => {
  const qemu = fakeQemu(
    'old',
    'case "$*" in *callpaths-1.so*) exit 0;; esac; echo "API version" >&2; exit 1',
  );
  expect(await find(qemu)).toEqual({ path: join(distDir, 'native/callpaths-1.so') });
  const newer = fakeQemu('new', 'exit 0');
  expect(await find(newer)).toEqual({ path: join(distDir, 'native/callpaths-3.so') });
});

test('a QEMU without plugins is a reason, in its own words, asked for once', async () => {
  const asked = join(folder, 'asked');
  const qemu = fakeQemu('none', `echo x >> ${asked}; echo "qemu: -plugin: invalid option" >&2; exit 1`);
  const absent = { reason: 'this QEMU loads no plugin of ours: qemu: -plugin: invalid option' };
  expect(await find(qemu)).toEqual(absent);
  rmSync(qemu.path);
  expect(await find(qemu)).toEqual(absent);
});

test('a comma in a path ends no option', () => {
  expect(pluginArguments('/a,b/p.so', { out: '/c,d' })).toEqual(['-plugin', 'file=/a,,b/p.so,out=/c,,d']);
});
