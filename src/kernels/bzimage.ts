// The header of an x86 bzImage (Documentation/arch/x86/boot.rst in the kernel): where the compressed vmlinux
// lies in it, what it is compressed with, and which release it is. Pure: bytes in, facts out.

export interface ImageHeader {
  /** Where the compressed vmlinux starts in the file. */
  readonly payloadOffsetBytes: number;
  /** Its length, for all formats but gzip with four bytes behind it that say the unpacked size. */
  readonly payloadLengthBytes: number;
  /** uname -r, where the header holds it. */
  readonly release?: string;
}

/** Reads the header from the first bytes of a file, 33 KiB at most. Returns what is wrong if it is no bzImage. */
export function readImageHeader(head: Uint8Array): ImageHeader | { readonly wrong: string } {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.byteLength < 0x250) return { wrong: `it has only ${head.byteLength} bytes` };
  if (view.getUint16(0x1fe, true) !== 0xaa55 || text(head, 0x202, 4) !== 'HdrS') {
    return { wrong: 'it has no boot header' };
  }
  const protocol = view.getUint16(0x206, true);
  if (protocol < 0x0208)
    return { wrong: `its boot protocol ${hex(protocol)} is older than 0x208 (Linux 2.6.26)` };
  // Zero stands for four, for the sake of boot loaders from before the field was.
  const setupSectors = head[0x1f1] || 4;
  const releaseOffset = view.getUint16(0x20e, true);
  const release = releaseOffset > 0 ? text(head, releaseOffset + 0x200, 128).split(/[\0 ]/)[0] : '';
  return {
    payloadOffsetBytes: (setupSectors + 1) * 512 + view.getUint32(0x248, true),
    payloadLengthBytes: view.getUint32(0x24c, true),
    ...(release && /^[0-9A-Za-z.+~_-]+$/.test(release) ? { release } : {}),
  };
}

/** How a payload is compressed, by its first bytes. */
export type Compression = 'gzip' | 'lz4' | 'xz' | 'zstd';

/** Undefined for bzip2, lzma, lzo and what is none of these. */
export function compressionOf(payload: Uint8Array): Compression | undefined {
  const magic = Buffer.from(payload.subarray(0, 6)).toString('hex');
  return MAGICS.find(({ prefix }) => magic.startsWith(prefix))?.compression;
}

const MAGICS: readonly { readonly prefix: string; readonly compression: Compression }[] = [
  { prefix: '02214c18', compression: 'lz4' },
  { prefix: '1f8b08', compression: 'gzip' },
  { prefix: '28b52ffd', compression: 'zstd' },
  { prefix: 'fd377a585a00', compression: 'xz' },
];

const text = (bytes: Uint8Array, at: number, length: number) =>
  Buffer.from(bytes.subarray(at, at + length)).toString('latin1');

const hex = (value: number) => `0x${value.toString(16)}`;
