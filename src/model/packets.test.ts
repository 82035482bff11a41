import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type GeneratedInput, isGenerated, makePackets } from './packets.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const hexes = (input: GeneratedInput) => makePackets(input).map(hex);

const IP_PAIR = 'c0000201c6336402';
const MACS = '00005e00530200005e005301';

test('the bytes of small frames are these', () => {
  // tcpdump 4.99 finds their checksums correct.
  expect(hexes({ udp: 64 })).toEqual([
    `${MACS}0800450000321234400040113c50${IP_PAIR}9c4001bb001e0706000102030405060708090a0b0c0d0e0f101112131415`,
  ]);
  expect(hexes({ arp: true })).toEqual([
    `ffffffffffff00005e00530108060001080006040001` +
      `00005e005301c0000201000000000000c6336402${'00'.repeat(18)}`,
  ]);
  expect(hexes({ tcp_syn: true })).toEqual([
    expect.stringMatching(
      `^${MACS}0800.{24}${IP_PAIR}9c4001bb0000000100000000a002ffffbdcb0000020405b40402080a000000010000000001030307$`,
    ),
  ]);
  expect(hexes({ tcp_syn: 64 })).toEqual([
    expect.stringMatching(
      `^${MACS}08004500002c.{16}${IP_PAIR}9c4001bb00000001000000006002ffff0df30000020405b4${'00'.repeat(6)}$`,
    ),
  ]);
});

const SIZES = [64, 65, 66, 67, 74, 128, 1280, 1514, 8999, 9000];
const KINDS = ['udp', 'udp6', 'tcp', 'tcp_syn', 'icmp', 'icmp6', 'vlan', 'fragment'] as const;

describe.each(KINDS)('%s', (kind) => {
  test.each(SIZES)(
    'a frame of %i bytes has that length, headers that agree with it and valid checksums',
    (size) => {
      const frames = makePackets({ [kind]: size } as unknown as GeneratedInput);
      expect(frames.map(({ length }) => length)).toEqual(kind === 'fragment' ? [size, size] : [size]);
      const packets = frames.map(readFrame);
      for (const packet of packets) {
        expect(packet.headerSum).toBe('valid');
        // Padding only where the docs say so.
        const mayPad = kind === 'fragment' || (kind === 'tcp_syn' && size < 74);
        if (!mayPad) expect(packet.padding).toBe(0);
        else expect(packet.padding).toBeLessThan(16);
      }
      const [first, last] = packets;
      if (kind === 'fragment') {
        expect(first!.fragment).toBe(0x2000);
        expect(last!.fragment).toBe(first!.payload.length / 8);
        expect(first!.payload.length % 8).toBe(0);
        expect(last!.padding).toBe(0);
      }
      const datagram = Buffer.concat(packets.map(({ payload }) => payload));
      expect(datagram.length).toBe(kind === 'fragment' ? datagram.readUInt16BE(4) : first!.payload.length);
      expect(transportSum(first!, datagram)).toBe('valid');
    },
  );
});

test('the checks of these tests find a known packet valid and a changed one not', () => {
  // The header of Wikipedia's "Internet checksum" article; RFC 1071's own words sum to ddf2.
  expect(sumIs(Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex'))).toBe('valid');
  expect(sumIs(Buffer.from('45000073000040004011b862c0a80001c0a800c7', 'hex'))).toBe('wrong');
  expect(sumIs(Buffer.from('0001f203f4f5f6f7220d', 'hex'))).toBe('valid');
});

test('the packets are the same in every release: budgets hang on them', () => {
  const digest = createHash('sha256');
  for (const kind of KINDS)
    for (const size of SIZES)
      for (const frame of makePackets({ [kind]: size } as unknown as GeneratedInput)) digest.update(frame);
  for (const frame of makePackets({ arp: true })) digest.update(frame);
  expect(digest.digest('hex')).toBe('2b2c4492c5182131d48e8207fd08e56c3af19b3a4b7e9caae2b11976d2302945');
});

test('a name changes nothing, and sizes outside 64 to 9000 are refused', () => {
  expect(hexes({ udp: 64, name: 'small' })).toEqual(hexes({ udp: 64 }));
  for (const size of [63, 9001, 64.5, Number.NaN])
    expect(() => makePackets({ udp: size })).toThrow(RangeError);
});

test('files and contexts are not generated', () => {
  expect(
    [{ udp: 64 }, 'a.pcap', { pcap: 'a.pcap' }, { context: '0x00' }, { arp: true as const }].map(isGenerated),
  ).toEqual([true, false, false, false, true]);
});

interface Read {
  readonly version: number;
  readonly protocol: number;
  readonly fragment: number;
  readonly addresses: Buffer;
  readonly payload: Buffer;
  readonly padding: number;
  readonly headerSum: string;
}

function readFrame(frame: Uint8Array): Read {
  const bytes = Buffer.from(frame);
  expect(hex(bytes.subarray(0, 12))).toBe(MACS);
  const isTagged = bytes.readUInt16BE(12) === 0x8100;
  if (isTagged) expect(bytes.readUInt16BE(14)).toBe(100);
  const typeAt = isTagged ? 16 : 12;
  const packet = bytes.subarray(typeAt + 2);
  if (bytes.readUInt16BE(typeAt) === 0x86dd) {
    const length = 40 + packet.readUInt16BE(4);
    return {
      version: packet[0]! >> 4,
      protocol: packet[6]!,
      fragment: 0,
      addresses: packet.subarray(8, 40),
      payload: packet.subarray(40, length),
      padding: packet.length - length,
      headerSum: 'valid',
    };
  }
  expect(bytes.readUInt16BE(typeAt)).toBe(0x0800);
  const length = packet.readUInt16BE(2);
  return {
    version: packet[0]! >> 4,
    protocol: packet[9]!,
    fragment: packet.readUInt16BE(6) & ~0x4000,
    addresses: packet.subarray(12, 20),
    payload: packet.subarray(20, length),
    padding: packet.length - length,
    headerSum: sumIs(packet.subarray(0, 20)),
  };
}

/** ICMP sums the message alone, all others the pseudo-header as well. */
function transportSum(packet: Read, datagram: Buffer): string {
  if (packet.protocol === 1) return sumIs(datagram);
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(packet.protocol, 0);
  pseudo.writeUInt16BE(datagram.length, 2);
  return sumIs(Buffer.concat([packet.addresses, pseudo, datagram]));
}

/** A valid region is a multiple of 65535 as one big number: another way to say the sum of its words is all ones. */
function sumIs(bytes: Buffer): 'valid' | 'wrong' {
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  return BigInt(`0x${even.toString('hex')}`) % 65_535n === 0n ? 'valid' : 'wrong';
}
