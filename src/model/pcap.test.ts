import { describe, expect, test } from 'vitest';
import { TollgateError } from './errors.ts';
import { makePackets } from './packets.ts';
import { ethernetFrames, PCAP_PACKET_LIMIT, PCAP_SIZE_LIMIT_BYTES, parsePcap, writePcap } from './pcap.ts';

const frames = [
  ...makePackets({ udp: 64 }),
  ...makePackets({ fragment: 1514 }),
  ...makePackets({ arp: true }),
];

/** A file in either byte order, packet lengths as given. */
function file(
  magic: string,
  packets: readonly { data: Uint8Array; original?: number }[],
  network = 1,
  isLittle = true,
): Buffer {
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (isLittle) bytes.writeUInt32LE(value >>> 0);
    else bytes.writeUInt32BE(value >>> 0);
    return bytes;
  };
  const version = Buffer.from(isLittle ? '02000400' : '00020004', 'hex');
  return Buffer.concat([
    Buffer.from(magic, 'hex'),
    version,
    ...[0, 0, 65_535, network].map(u32),
    ...packets.flatMap(({ data, original }) => [
      u32(1),
      u32(2),
      u32(data.length),
      u32(original ?? data.length),
      data,
    ]),
  ]);
}

test.each([
  ['microseconds, little-endian', 'd4c3b2a1', true],
  ['microseconds, big-endian', 'a1b2c3d4', false],
  ['nanoseconds, little-endian', '4d3cb2a1', true],
  ['nanoseconds, big-endian', 'a1b23c4d', false],
])('a file of %s gives its packets in order', (_format, magic, isLittle) => {
  const bytes = file(
    magic,
    frames.map((data) => ({ data })),
    1,
    isLittle,
  );
  const { packets, ...rest } = parsePcap(bytes, 'a.pcap');
  expect(packets.map((packet) => Buffer.from(packet))).toEqual(frames.map((frame) => Buffer.from(frame)));
  expect(rest).toEqual({ linkType: 'ethernet', cutCount: 0 });
});

test('what is written is read back', () => {
  const { packets } = parsePcap(writePcap(frames), 'a.pcap');
  expect(packets.map((packet) => Buffer.from(packet))).toEqual(frames.map((frame) => Buffer.from(frame)));
});

test('packets cut off by the capture are counted, check sequences at the end of whole frames are taken off', () => {
  const withCheck = (1 << 26) | (2 << 28) | 1;
  const bytes = file(
    'd4c3b2a1',
    [
      { data: Buffer.from('aabbccdd11223344', 'hex') },
      { data: Buffer.from('aabbccdd', 'hex'), original: 1500 },
      { data: Buffer.from('aa', 'hex') },
    ],
    withCheck,
  );
  const { packets, cutCount } = parsePcap(bytes, 'a.pcap');
  expect(packets.map((packet) => Buffer.from(packet).toString('hex'))).toEqual(['aabbccdd', 'aabbccdd', '']);
  expect(cutCount).toBe(1);
});

test('raw IP is told apart, and gets an Ethernet header of its own version', () => {
  const pcap = parsePcap(
    file('d4c3b2a1', [{ data: Buffer.from('4500', 'hex') }, { data: Buffer.from('6000', 'hex') }], 101),
    'raw.pcap',
  );
  expect(pcap.linkType).toBe('raw-ip');
  expect(ethernetFrames(pcap, 'raw.pcap').map((frame) => Buffer.from(frame).toString('hex'))).toEqual([
    '00005e00530200005e00530108004500',
    '00005e00530200005e00530186dd6000',
  ]);
  expect(() => ethernetFrames({ ...pcap, packets: [new Uint8Array()] }, 'raw.pcap')).toThrow(
    "Cannot read packets from 'raw.pcap': packet 1 is raw IP of version 0",
  );
});

describe('a file that cannot be used says why', () => {
  const good = file(
    'd4c3b2a1',
    frames.map((data) => ({ data })),
  );
  const huge = Buffer.from(good);
  huge.writeUInt32LE(300_000, 24 + 8);
  const cases: [string, Uint8Array, string, string | undefined][] = [
    ['empty', new Uint8Array(), 'it is empty', undefined],
    ['text', Buffer.from('hello'), 'it is not a pcap file (it starts with 68656c6c)', undefined],
    [
      'pcapng',
      Buffer.from('0a0d0d0a1c0000004d3c2b1a', 'hex'),
      'it is pcapng, not pcap',
      "convert it: editcap -F pcap 'x.pcap' converted.pcap",
    ],
    ['gzip', Buffer.from('1f8b0800', 'hex'), 'it is compressed by gzip', "unpack it: gunzip 'x.pcap'"],
    ['half a header', good.subarray(0, 20), 'it ends after 20 bytes, inside the header of 24', undefined],
    ['no packets', good.subarray(0, 24), 'it has no packets', undefined],
    [
      'a cut packet header',
      good.subarray(0, 24 + 16 + 64 + 7),
      'the file ends at 111, inside the header of packet 2 at offset 104',
      undefined,
    ],
    [
      'a cut packet',
      good.subarray(0, 24 + 16 + 60),
      'packet 1 at offset 24 has 64 bytes, and the file ends after 60 of them',
      undefined,
    ],
    ['a huge packet', huge, 'packet 1 at offset 24 has 300000 bytes, the limit is 262144', undefined],
    [
      'Linux cooked capture',
      file('d4c3b2a1', [], 113),
      'its link type is 113, known are Ethernet (1) and raw IP (101)',
      'capture on one interface instead of any: tcpdump -i eth0 -w packets.pcap',
    ],
    [
      'too many packets',
      Buffer.concat([good.subarray(0, 24), Buffer.alloc((PCAP_PACKET_LIMIT + 1) * 16)]),
      'more than 100000 packets',
      "keep the first packets: editcap -F pcap -r 'x.pcap' shorter.pcap 1-100000",
    ],
    [
      'too many bytes',
      Buffer.alloc(PCAP_SIZE_LIMIT_BYTES + 1),
      '67108865 bytes, the limit is 67108864',
      "keep the first packets: editcap -F pcap -r 'x.pcap' shorter.pcap 1-1000",
    ],
  ];
  test.each(cases)('%s', (_what, bytes, message, hint) => {
    let error: unknown;
    try {
      parsePcap(bytes, 'x.pcap');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(TollgateError);
    const { kind, message: said, details } = error as TollgateError;
    expect({ kind, said, hint: details.hint }).toEqual({
      kind: 'config',
      said: `Cannot read packets from 'x.pcap': ${message}`,
      hint,
    });
  });
});

test('100,000 packets are allowed', () => {
  const bytes = Buffer.concat([writePcap([]), Buffer.alloc(PCAP_PACKET_LIMIT * 16)]);
  expect(parsePcap(bytes, 'a.pcap').packets.length).toBe(PCAP_PACKET_LIMIT);
});
