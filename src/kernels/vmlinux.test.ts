import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Kernel } from '../model/kernel.ts';
import { sha256 } from './testing/archive.ts';
import { bzImage } from './testing/bzimage.ts';
import { unpackedVmlinux } from './vmlinux.ts';

const ELF = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), randomBytes(5000), Buffer.alloc(90_000)]);
let dir: string;
let cacheDir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'tollgate-vmlinux-'));
  cacheDir = path.join(dir, 'cache');
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function kernelOf(image: Buffer): Promise<Kernel> {
  const imagePath = path.join(dir, 'vmlinuz');
  await writeFile(imagePath, image);
  return { reference: 'path:vmlinuz', digest: sha256(image), imagePath };
}

/** As the kernel's own build compresses it, in the size at the end too. */
async function compress(tool: string, args: readonly string[], input: Buffer): Promise<Buffer> {
  const { stdout } = await execa(tool, args, { input, encoding: 'buffer' });
  if (tool === 'gzip') return Buffer.from(stdout);
  return Buffer.concat([stdout, sizeField(input.length)]);
}

function sizeField(size: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32LE(size);
  return field;
}

const TOOLS = [
  ['gzip', ['-n', '-9', '-c']],
  ['lz4', ['-l', '-9', '-c']],
  ['xz', ['--check=crc32', '--x86', '--lzma2=dict=1MiB', '-c']],
  ['zstd', ['-q', '-c']],
] as const;

test.each(TOOLS)('an image compressed with %s gives its ELF, once', async (tool, args) => {
  const kernel = await kernelOf(bzImage({ payload: await compress(tool, args, ELF) }));
  const vmlinux = await unpackedVmlinux(kernel, cacheDir);
  expect(vmlinux).toBe(path.join(cacheDir, 'vmlinux', kernel.digest));
  expect((await readFile(vmlinux)).equals(ELF)).toBe(true);
  const { mtimeMs } = await stat(vmlinux);
  await rm(kernel.imagePath);
  await writeFile(kernel.imagePath, 'not needed any more');
  expect(await unpackedVmlinux(kernel, cacheDir)).toBe(vmlinux);
  expect((await stat(vmlinux)).mtimeMs).toBe(mtimeMs);
  expect(await readdir(path.join(cacheDir, 'tmp'))).toEqual([]);
});

test('an image that is an ELF already is returned as it is, and nothing is cached', async () => {
  const kernel = await kernelOf(ELF);
  expect(await unpackedVmlinux(kernel, cacheDir)).toBe(kernel.imagePath);
  expect(await readdir(dir)).toEqual(['vmlinuz']);
});

test('two at once both get it', async () => {
  const kernel = await kernelOf(bzImage({ payload: await compress('zstd', ['-q', '-c'], ELF) }));
  const [first, second] = await Promise.all([
    unpackedVmlinux(kernel, cacheDir),
    unpackedVmlinux(kernel, cacheDir),
  ]);
  expect(first).toBe(second);
  expect((await readFile(first)).equals(ELF)).toBe(true);
});

const zstd = (input: Buffer) => compress('zstd', ['-q', '-c'], input);

test.each([
  ['is no kernel', async () => Buffer.alloc(4096, 'x'), 'it has no boot header'],
  [
    'is compressed with something else',
    async () => bzImage({ payload: Buffer.from('BZh91AY&SY some more bytes', 'latin1') }),
    'its payload is compressed with none of gzip, lz4, xz and zstd (it starts with 425a68393141)',
  ],
  [
    'was cut short',
    async () => bzImage({ payload: Buffer.alloc(100), payloadLength: 1_000_000 }),
    'its payload (1000000 bytes at 14400) does not fit its 14600 bytes',
  ],
  [
    'says another size than it has',
    async () => {
      const payload = await zstd(ELF);
      return bzImage({ payload: Buffer.concat([payload.subarray(0, -4), sizeField(17)]) });
    },
    `zstd gave ${ELF.length} bytes of 17`,
  ],
  [
    'says it is gigantic',
    async () => {
      const payload = await zstd(ELF);
      return bzImage({ payload: Buffer.concat([payload.subarray(0, -4), sizeField(0xffff_ffff)]) });
    },
    'it says it unpacks to 4294967295 bytes',
  ],
  [
    'holds no ELF',
    async () => bzImage({ payload: await zstd(Buffer.alloc(5000, 'x')) }),
    'what it unpacks to is no ELF file',
  ],
  [
    'is damaged',
    async () => {
      const payload = await zstd(ELF);
      payload.fill(0xff, 20, 2000);
      return bzImage({ payload });
    },
    'zstd failed: ',
  ],
  [
    'is a damaged gzip',
    async () => {
      const payload = await compress('gzip', ['-n', '-c'], ELF);
      payload.fill(0xff, 20, 2000);
      return bzImage({ payload });
    },
    'gzip failed: ',
  ],
])('an image that %s is an error that says so, and leaves nothing', async (_what, make, message) => {
  const kernel = await kernelOf(await make());
  await expect(unpackedVmlinux(kernel, cacheDir)).rejects.toThrow(
    `Cannot take the vmlinux out of ${kernel.imagePath}: ${message}`,
  );
  expect(await readdir(path.join(cacheDir, 'vmlinux'))).toEqual([]);
  expect(await readdir(path.join(cacheDir, 'tmp'))).toEqual([]);
});

test('a missing tool is named with the package that brings it', async () => {
  const kernel = await kernelOf(bzImage({ payload: await zstd(ELF) }));
  const before = process.env.PATH;
  process.env.PATH = dir;
  try {
    await expect(unpackedVmlinux(kernel, cacheDir)).rejects.toMatchObject({
      message: "Cannot run 'zstd': it is not installed",
      details: { reason: 'missing-tool', hint: 'apt-get install zstd' },
    });
  } finally {
    process.env.PATH = before;
  }
});
