// The ELF image inside a bzImage. QEMU starts it at once, while a bzImage first unpacks itself instruction by
// instruction, which under exact mode takes seconds of every boot.

import { open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { TollgateError } from '../model/errors.ts';
import type { Kernel } from '../model/kernel.ts';
import { type Compression, compressionOf, readImageHeader } from './bzimage.ts';
import { cachePaths, makeCache, withWorkDir } from './cache.ts';
import { runTool, type ToolOptions, toolOptions } from './tool.ts';

type UnpackOptions = Pick<ToolOptions, 'signal' | 'tools'>;

/**
 * The path of the kernel's ELF image, unpacked into the cache on first use. A kernel whose image is a vmlinux
 * already is returned as it is. Throws TollgateError.
 */
export async function unpackedVmlinux(
  kernel: Kernel,
  cacheDir: string,
  options: UnpackOptions = {},
): Promise<string> {
  if (await isElf(kernel.imagePath)) return kernel.imagePath;
  const { vmlinux } = cachePaths(cacheDir);
  const target = path.join(vmlinux, kernel.digest);
  if (await isElf(target)) return target;
  await makeCache(cacheDir, vmlinux);
  await withWorkDir(cacheDir, async (dir) => {
    const file = path.join(dir, 'vmlinux');
    await unpackPayload(kernel.imagePath, file, options);
    // Whoever is last wins: the content is the same.
    await rename(file, target);
  });
  return target;
}

const MAX_VMLINUX_BYTES = 1024 ** 3;

async function unpackPayload(image: string, target: string, options: UnpackOptions): Promise<void> {
  const bytes = await readFile(image);
  const header = readImageHeader(bytes.subarray(0, 65 * 512));
  if ('wrong' in header) throw cannotUnpack(image, header.wrong);
  const { payloadOffsetBytes: start, payloadLengthBytes: length } = header;
  if (length < 16 || start + length > bytes.length) {
    throw cannotUnpack(
      image,
      `its payload (${length} bytes at ${start}) does not fit its ${bytes.length} bytes`,
    );
  }
  const payload = bytes.subarray(start, start + length);
  const compression = compressionOf(payload);
  if (!compression) {
    throw cannotUnpack(
      image,
      `its payload is compressed with none of gzip, lz4, xz and zstd (it starts with ${payload.toString('hex', 0, 6)})`,
      'Build it with CONFIG_KERNEL_ZSTD=y, or give the vmlinux.',
    );
  }
  // gzip has the size at its end by itself; the kernel's build appends it to the other formats.
  const sizeBytes = payload.readUInt32LE(length - 4);
  if (sizeBytes > MAX_VMLINUX_BYTES) throw cannotUnpack(image, `it says it unpacks to ${sizeBytes} bytes`);
  await decompress(compression, payload, target, sizeBytes, options).catch((error) => {
    options.signal?.throwIfAborted();
    if (error instanceof TollgateError) throw error;
    throw cannotUnpack(image, `${compression} failed: ${error.message}`);
  });
  const file = await open(target, 'r');
  const { size } = await file.stat().finally(() => file.close());
  if (size !== sizeBytes) throw cannotUnpack(image, `${compression} gave ${size} bytes of ${sizeBytes}`);
  if (!(await isElf(target))) throw cannotUnpack(image, 'what it unpacks to is no ELF file');
}

async function decompress(
  compression: Compression,
  payload: Buffer,
  target: string,
  sizeBytes: number,
  options: UnpackOptions,
): Promise<void> {
  if (compression === 'gzip') {
    return writeFile(target, await promisify(gunzip)(payload, { maxOutputLength: sizeBytes }));
  }
  const run = await runTool(compression, ['-d', '-c'], {
    input: payload.subarray(0, -4),
    outputFile: target,
    ...toolOptions(options),
  });
  if (run.exitCode !== 0) throw new Error(run.stderr.trim() || `exit code ${run.exitCode}`);
}

async function isElf(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return false;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0).finally(() => handle.close());
  return bytesRead === 4 && buffer.toString('latin1') === '\x7fELF';
}

const cannotUnpack = (image: string, why: string, hint?: string) =>
  new TollgateError('infrastructure', `Cannot take the vmlinux out of ${image}: ${why}`, {
    reason: 'bad-image',
    ...(hint ? { hint } : {}),
  });
