// Writes a cpio archive in the "newc" format that the kernel unpacks as its first root file system
// (Documentation/driver-api/early-userspace/buffer-format.rst). Owners, times and inode numbers are fixed,
// so that the same files give the same bytes; no root is needed, not even for device nodes.

import { once } from 'node:events';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { finished } from 'node:stream/promises';

export type CpioEntry =
  | { readonly path: string; readonly kind: 'directory' }
  | { readonly path: string; readonly kind: 'symlink'; readonly target: string }
  | { readonly path: string; readonly kind: 'device'; readonly major: number; readonly minor: number }
  | {
      readonly path: string;
      readonly kind: 'file';
      readonly from: string;
      readonly executable?: boolean;
      /** Only the file's beginning. */
      readonly sizeBytes?: number;
    }
  | { readonly path: string; readonly kind: 'data'; readonly bytes: Uint8Array };

/** Writes the entries, in the order given, to a new file. Returns its size in bytes. */
export async function writeCpio(path: string, entries: readonly CpioEntry[]): Promise<number> {
  const out = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  let written = 0;
  const put = async (bytes: Uint8Array) => {
    written += bytes.length;
    if (!out.write(bytes)) await once(out, 'drain');
  };
  let inode = 1;
  for (const entry of entries) {
    const size =
      entry.kind === 'file' ? (entry.sizeBytes ?? statSync(entry.from).size) : inlineBytes(entry).length;
    await put(header(entry, inode++, size));
    if (entry.kind === 'file') {
      let copied = 0;
      const range = { start: 0, end: size - 1, highWaterMark: 1 << 20 };
      for await (const chunk of size > 0 ? createReadStream(entry.from, range) : []) {
        copied += chunk.length;
        await put(chunk);
      }
      if (copied !== size) throw new Error(`${entry.from} changed while it was copied`);
    } else await put(inlineBytes(entry));
    await put(padding(size));
  }
  await put(header({ path: 'TRAILER!!!', kind: 'data', bytes: new Uint8Array() }, 0, 0));
  out.end();
  await finished(out);
  return written;
}

const MODE = { directory: 0o040755, symlink: 0o120777, device: 0o020600, file: 0o100644, data: 0o100644 };

function header(entry: CpioEntry, inode: number, size: number): Uint8Array {
  const name = Buffer.from(`${entry.path}\0`);
  const mode = entry.kind === 'file' && entry.executable ? 0o100755 : MODE[entry.kind];
  const device = entry.kind === 'device' ? entry : { major: 0, minor: 0 };
  const isTrailer = inode === 0;
  const fields = [
    inode, // c_ino
    isTrailer ? 0 : mode,
    0, // c_uid
    0, // c_gid
    entry.kind === 'directory' ? 2 : 1, // c_nlink
    0, // c_mtime
    size,
    0, // c_devmajor
    0, // c_devminor
    device.major,
    device.minor,
    name.length,
    0, // c_check
  ];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([Buffer.from(text), name, padding(text.length + name.length)]);
}

function inlineBytes(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'symlink') return Buffer.from(entry.target);
  return entry.kind === 'data' ? entry.bytes : new Uint8Array();
}

function padding(size: number): Uint8Array {
  return new Uint8Array((4 - (size % 4)) % 4);
}
