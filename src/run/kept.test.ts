import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keptFiles } from './kept.ts';

let cacheDir: string;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-kept-'));
});

afterEach(async () => {
  await rm(cacheDir, { recursive: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(cacheDir, path)), { recursive: true });
  await writeFile(join(cacheDir, path), text);
}

const digestOf = (name: string) => name.repeat(64);

async function writeKernel(name: string): Promise<void> {
  const modules = `kernels/${name}/lib/modules/6.1`;
  await write(`kernels/${name}/boot/vmlinuz-6.1`, 'image');
  await write(`kernels/${name}/boot/config-6.1`, '');
  await write(`${modules}/kernel/veth.ko`, '');
  await write(`${modules}/kernel/libveth.ko`, '');
  await write(`${modules}/kernel/floppy.ko`, '');
  await write(
    `${modules}/modules.dep`,
    'kernel/veth.ko: kernel/libveth.ko\nkernel/libveth.ko:\nkernel/floppy.ko:\n',
  );
  const { size, mtimeMs } = await stat(join(cacheDir, `kernels/${name}/boot/vmlinuz-6.1`));
  const image = { sha256: digestOf(name), sizeBytes: size, mtimeMs };
  await write(
    `kernels/${name}/kernel.json`,
    JSON.stringify({
      schema: 1,
      release: '6.1',
      version: '6.1.1-1',
      reference: 'debian:6.1',
      image,
      hasConfig: true,
    }),
  );
}

async function writeState(name: string, usedAt: Date): Promise<void> {
  for (const file of ['ram', 'devices', 'meta.json']) await write(`states/${name}/${file}`, '{}');
  await utimes(join(cacheDir, `states/${name}/meta.json`), usedAt, usedAt);
}

test('of the cache those files are kept that this run has used and that are dear to make', async () => {
  await writeKernel('a');
  await writeKernel('b');
  await writeState('used', new Date(2000));
  await writeState('old', new Date(1000));
  await write('states/.passing-0-1-2/ram', '');
  await write('symbols/used', '');
  await write('symbols/old', '');
  await write('resolutions/r.json', '{}');
  await write('indices/i.json', '[]');
  await write('vmlinux/v', '');
  await write('initramfs/i', '');
  await write('digests.json', '{}');
  expect(await keptFiles(cacheDir, { digests: [digestOf('a')], since: new Date(1500) })).toEqual([
    'indices/i.json',
    'kernels/a/boot/config-6.1',
    'kernels/a/boot/vmlinuz-6.1',
    'kernels/a/kernel.json',
    'kernels/a/lib/modules/6.1/kernel/libveth.ko',
    'kernels/a/lib/modules/6.1/kernel/veth.ko',
    'kernels/a/lib/modules/6.1/modules.dep',
    'resolutions/r.json',
    'states/used/devices',
    'states/used/meta.json',
    'states/used/ram',
    'symbols/used',
  ]);
});

test('of an empty cache nothing is kept', async () => {
  expect(await keptFiles(cacheDir, { digests: [], since: new Date() })).toEqual([]);
});
