// Makes bzImages for tests: the fields of the boot header that Tollgate reads, and a payload. Not part of the product.

export interface FakeImage {
  readonly payload: Buffer;
  readonly release?: string;
  /** What the setup_sects field says; zero stands for four. */
  readonly setupSectors?: number;
  readonly protocol?: number;
  readonly payloadLength?: number;
}

export function bzImage(image: FakeImage): Buffer {
  const setupSectors = image.setupSectors ?? 27;
  const start = ((setupSectors || 4) + 1) * 512;
  const gap = 64;
  const head = Buffer.alloc(start + gap);
  head[0x1f1] = setupSectors;
  head.writeUInt16LE(0xaa55, 0x1fe);
  head.write('HdrS', 0x202);
  head.writeUInt16LE(image.protocol ?? 0x020f, 0x206);
  if (image.release !== undefined) {
    head.writeUInt16LE(0x300, 0x20e);
    head.write(`${image.release} (builder@example.org) #1 SMP\0`, 0x500);
  }
  head.writeUInt32LE(gap, 0x248);
  head.writeUInt32LE(image.payloadLength ?? image.payload.length, 0x24c);
  return Buffer.concat([head, image.payload, Buffer.alloc(100, 0xcc)]);
}
