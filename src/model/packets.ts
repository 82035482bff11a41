// The packets of the built-in generators: the same bytes on every machine and in every release, because a
// budget hangs on what they cost. Addresses are those set aside for documentation.

import type { Input } from './input.ts';
import { FRAME_MAX_BYTES, FRAME_MIN_BYTES } from './input.ts';

/** Inputs whose packets are made here; the others are files and raw contexts. */
export type GeneratedInput = Exclude<Input, string | { pcap: unknown } | { context: unknown }>;

/** What every generated packet has in common; docs and tests quote it. */
export const PACKET_FIELDS = {
  /** RFC 7042's documentation range. */
  sourceMac: '00:00:5e:00:53:01',
  destinationMac: '00:00:5e:00:53:02',
  /** RFC 5737: TEST-NET-1 and TEST-NET-2. */
  sourceIp: '192.0.2.1',
  destinationIp: '198.51.100.2',
  /** RFC 3849. */
  sourceIp6: '2001:db8::1',
  destinationIp6: '2001:db8::2',
  sourcePort: 40_000,
  destinationPort: 443,
  vlan: 100,
  /** IPv4 time to live and IPv6 hop limit. */
  ttl: 64,
  /** IPv4 identification, of fragments too. */
  identification: 0x1234,
} as const;

export function isGenerated(input: Input): input is GeneratedInput {
  return typeof input !== 'string' && !('pcap' in input) && !('context' in input);
}

/**
 * The frames of a generator, without frame check sequence, with valid checksums. One frame of the size asked
 * for; a fragment input makes two, the first and the last of one datagram. Payloads count 0, 1, 2 ... 255, 0.
 *
 * - tcp has ACK set. tcp_syn of 74 bytes and more (`true` means 74) has the options Linux sends (MSS, SACK,
 *   timestamps, window scale) and data behind them; below that MSS alone, and padding behind the packet.
 * - A first fragment carries a multiple of 8 bytes: up to 7 bytes of padding follow the packet.
 * - arp is a request of 60 bytes, padding included.
 *
 * Throws RangeError on a size outside 64 to 9000.
 */
export function makePackets(input: GeneratedInput): Uint8Array[] {
  if ('arp' in input) return [arpRequest()];
  const [kind, value] = Object.entries(input).find(([key]) => key in GENERATORS) ?? [];
  const make = GENERATORS[kind as keyof typeof GENERATORS];
  if (!make) throw new RangeError(`no generator for ${JSON.stringify(input)}`);
  const size = value === true ? SYN_FULL_BYTES : Number(value);
  if (!Number.isInteger(size) || size < FRAME_MIN_BYTES || size > FRAME_MAX_BYTES)
    throw new RangeError(`a frame of ${value} bytes: it must have ${FRAME_MIN_BYTES} to ${FRAME_MAX_BYTES}`);
  const frames = make(size);
  if (frames.some((frame) => frame.length !== size))
    throw new RangeError(`${kind} made no frame of ${size} bytes`);
  return frames;
}

const ETHERNET = 14;
const IPV4 = 20;
const IPV6 = 40;
const UDP = 8;
const TCP = 20;
const ICMP_ECHO = 8;
/** Ethernet, IPv4 and TCP with the 20 bytes of options that Linux sends in a SYN. */
const SYN_FULL_BYTES = ETHERNET + IPV4 + TCP + 20;

const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd } as const;
const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;
const FLAG = { syn: 0x02, ack: 0x10 } as const;
const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;

/** By the key of the input: the frames of a size. */
const GENERATORS: Readonly<Record<string, (size: number) => Buffer[]>> = {
  udp: (size) => [ethernet(ETHERTYPE.ipv4, udp4(size - ETHERNET))],
  udp6: (size) => {
    const datagram = udpDatagram(size - ETHERNET - IPV6, sum6(PROTOCOL.udp));
    return [ethernet(ETHERTYPE.ipv6, ipv6(PROTOCOL.udp, datagram))];
  },
  tcp: (size) => [tcpFrame(FLAG.ack, Buffer.alloc(0), size - ETHERNET - IPV4 - TCP)],
  tcp_syn: (size) => {
    if (size >= SYN_FULL_BYTES) return [tcpFrame(FLAG.syn, SYN_OPTIONS, size - SYN_FULL_BYTES)];
    return [padded(tcpFrame(FLAG.syn, SYN_OPTIONS.subarray(0, 4), 0), size)];
  },
  icmp: (size) => {
    const echo = icmpEcho(8, size - ETHERNET - IPV4, 0);
    return [ethernet(ETHERTYPE.ipv4, ipv4(PROTOCOL.icmp, echo))];
  },
  icmp6: (size) => {
    const length = size - ETHERNET - IPV6;
    return [
      ethernet(ETHERTYPE.ipv6, ipv6(PROTOCOL.icmp6, icmpEcho(128, length, sum6(PROTOCOL.icmp6)(length)))),
    ];
  },
  vlan: (size) => {
    const tag = Buffer.alloc(4);
    tag.writeUInt16BE(PACKET_FIELDS.vlan, 0);
    tag.writeUInt16BE(ETHERTYPE.ipv4, 2);
    return [ethernet(ETHERTYPE.vlan, Buffer.concat([tag, udp4(size - ETHERNET - tag.length)]))];
  },
  fragment: (size) => {
    const room = size - ETHERNET - IPV4;
    const firstLength = room & ~7;
    const datagram = udpDatagram(firstLength + room, sum4(PROTOCOL.udp));
    const first = ipv4(PROTOCOL.udp, datagram.subarray(0, firstLength), MORE_FRAGMENTS);
    const last = ipv4(PROTOCOL.udp, datagram.subarray(firstLength), firstLength / 8);
    return [padded(ethernet(ETHERTYPE.ipv4, first), size), ethernet(ETHERTYPE.ipv4, last)];
  },
};

/** MSS 1460; SACK permitted and timestamps 1, 0; no-operation and window scale 7. */
const SYN_OPTIONS = Buffer.from('020405b4' + '0402080a0000000100000000' + '01030307', 'hex');

const SOURCE_MAC = Buffer.from(PACKET_FIELDS.sourceMac.replaceAll(':', ''), 'hex');
const DESTINATION_MAC = Buffer.from(PACKET_FIELDS.destinationMac.replaceAll(':', ''), 'hex');
const SOURCE_IP = Buffer.from(PACKET_FIELDS.sourceIp.split('.').map(Number));
const DESTINATION_IP = Buffer.from(PACKET_FIELDS.destinationIp.split('.').map(Number));
const SOURCE_IP6 = Buffer.from(`20010db8${'0'.repeat(23)}1`, 'hex');
const DESTINATION_IP6 = Buffer.from(`20010db8${'0'.repeat(23)}2`, 'hex');

function ethernet(type: number, payload: Uint8Array): Buffer {
  const typeBytes = Buffer.alloc(2);
  typeBytes.writeUInt16BE(type, 0);
  return Buffer.concat([DESTINATION_MAC, SOURCE_MAC, typeBytes, payload]);
}

function ipv4(protocol: number, payload: Uint8Array, fragment: number = DONT_FRAGMENT): Buffer {
  const header = Buffer.alloc(IPV4);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(IPV4 + payload.length, 2);
  header.writeUInt16BE(PACKET_FIELDS.identification, 4);
  header.writeUInt16BE(fragment, 6);
  header.writeUInt8(PACKET_FIELDS.ttl, 8);
  header.writeUInt8(protocol, 9);
  SOURCE_IP.copy(header, 12);
  DESTINATION_IP.copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

function ipv6(protocol: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(IPV6);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(payload.length, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(PACKET_FIELDS.ttl, 7);
  SOURCE_IP6.copy(header, 8);
  DESTINATION_IP6.copy(header, 24);
  return Buffer.concat([header, payload]);
}

function udp4(length: number): Buffer {
  return ipv4(PROTOCOL.udp, udpDatagram(length - IPV4, sum4(PROTOCOL.udp)));
}

/** `pseudo`: the sum of the pseudo-header for a datagram of that length. */
function udpDatagram(length: number, pseudo: (length: number) => number): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(UDP), payloadOf(length - UDP)]);
  datagram.writeUInt16BE(PACKET_FIELDS.sourcePort, 0);
  datagram.writeUInt16BE(PACKET_FIELDS.destinationPort, 2);
  datagram.writeUInt16BE(length, 4);
  // 0 means "no checksum" in UDP: RFC 768 sends it as all ones.
  datagram.writeUInt16BE(checksum(datagram, pseudo(length)) || 0xffff, 6);
  return datagram;
}

function tcpFrame(flags: number, options: Uint8Array, dataLength: number): Buffer {
  const header = Buffer.alloc(TCP);
  header.writeUInt16BE(PACKET_FIELDS.sourcePort, 0);
  header.writeUInt16BE(PACKET_FIELDS.destinationPort, 2);
  header.writeUInt32BE(1, 4);
  header.writeUInt32BE(flags & FLAG.ack ? 1 : 0, 8);
  header.writeUInt8(((TCP + options.length) / 4) << 4, 12);
  header.writeUInt8(flags, 13);
  header.writeUInt16BE(65_535, 14);
  const segment = Buffer.concat([header, options, payloadOf(dataLength)]);
  segment.writeUInt16BE(checksum(segment, sum4(PROTOCOL.tcp)(segment.length)), 16);
  return ethernet(ETHERTYPE.ipv4, ipv4(PROTOCOL.tcp, segment));
}

function icmpEcho(type: number, length: number, pseudo: number): Buffer {
  const message = Buffer.concat([Buffer.alloc(ICMP_ECHO), payloadOf(length - ICMP_ECHO)]);
  message.writeUInt8(type, 0);
  message.writeUInt16BE(1, 4);
  message.writeUInt16BE(1, 6);
  message.writeUInt16BE(checksum(message, pseudo), 2);
  return message;
}

function arpRequest(): Buffer {
  const request = Buffer.concat([
    Buffer.from('0001080006040001', 'hex'),
    SOURCE_MAC,
    SOURCE_IP,
    Buffer.alloc(6),
    DESTINATION_IP,
  ]);
  const frame = ethernet(ETHERTYPE.arp, request);
  frame.fill(0xff, 0, 6);
  return padded(frame, 60);
}

function payloadOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i));
}

function padded(frame: Uint8Array, length: number): Buffer {
  return Buffer.concat([frame, Buffer.alloc(length - frame.length)]);
}

function sum4(protocol: number): (length: number) => number {
  return (length) => sum16(SOURCE_IP) + sum16(DESTINATION_IP) + protocol + length;
}

function sum6(protocol: number): (length: number) => number {
  return (length) => sum16(SOURCE_IP6) + sum16(DESTINATION_IP6) + protocol + length;
}

/** RFC 1071: ones' complement of the ones' complement sum of 16-bit words. */
function checksum(bytes: Buffer, initial = 0): number {
  let sum = initial + sum16(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function sum16(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  return bytes.length % 2 === 1 ? sum + bytes[bytes.length - 1]! * 256 : sum;
}
