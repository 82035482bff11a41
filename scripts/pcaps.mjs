#!/usr/bin/env node
// Writes the fixtures' packet captures; the same bytes every time. `--check` says whether the committed ones are these.
// Addresses are of the documentation's ranges (RFC 5737, RFC 3849); fixtures/lb/base serves 192.0.2.10 and 2001:db8::10.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');

const LINK_ETHERNET = 1;
const LINK_RAW_IP = 101;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const PROTOCOL = { hopOptions: 0, icmp: 1, tcp: 6, udp: 17, destinationOptions: 60, icmp6: 58 };
const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, serviceVlan: 0x88a8 };

/** Every capture by its path: the bytes of the file. */
export function captures() {
  const syns = Array.from({ length: 32 }, (_, i) => tcp4({ client: i, flags: SYN }));
  const mixed = Array.from({ length: 100 }, (_, i) => kinds[i % kinds.length](i));
  return {
    'fixtures/lb/base/pcaps/syn.pcap': pcap(syns),
    'fixtures/lb/base/pcaps/mixed.pcap': pcap(mixed.slice(0, 2 * kinds.length)),
    'fixtures/pcaps/mixed-100.pcap': pcap(mixed),
    'fixtures/pcaps/nanosecond.pcap': pcap(syns.slice(0, 4), { magic: NANOSECONDS }),
    'fixtures/pcaps/big-endian.pcap': pcap(syns.slice(0, 4), { bigEndian: true }),
    'fixtures/pcaps/nanosecond-big-endian.pcap': pcap(syns.slice(0, 4), {
      magic: NANOSECONDS,
      bigEndian: true,
    }),
    'fixtures/pcaps/jumbo.pcap': pcap([udp4({ client: 1, frameBytes: 9000 })]),
    'fixtures/pcaps/snapped.pcap': pcap([udp4({ client: 1, frameBytes: 1514 })], { snapBytes: 96 }),
    'fixtures/pcaps/empty.pcap': pcap([]),
    // The second packet's record promises more bytes than the file has.
    'fixtures/pcaps/truncated.pcap': pcap(syns.slice(0, 2)).subarray(0, -20),
    'fixtures/pcaps/truncated-header.pcap': pcap([]).subarray(0, 10),
    // A record that claims 2 GB: a reader must not believe it.
    'fixtures/pcaps/huge-record.pcap': hugeRecord(),
    'fixtures/pcaps/raw-ip.pcap': pcap([syns[0].subarray(14)], { link: LINK_RAW_IP }),
    'fixtures/pcaps/next-generation.pcapng': pcapng(syns.slice(0, 2)),
    'fixtures/pcaps/no-capture.pcap': Buffer.from('This is no packet capture.\n'),
  };
}

const SYN = 0x02;
const ACK = 0x10;

/** Ten kinds of packets, of which the load balancer forwards, passes and drops some. */
const kinds = [
  (i) => tcp4({ client: i, flags: SYN }),
  (i) => tcp4({ client: i % 8, flags: ACK, frameBytes: 64 + ((i * 37) % 1400) }),
  (i) => udp4({ client: i, frameBytes: 64 + ((i * 53) % 1400) }),
  (i) => udp6({ client: i }),
  (i) => udp6({ client: i, extensions: 1 + (i % 4) }),
  (i) => vlan(tcp4({ client: i, flags: SYN }), [100]),
  (i) => vlan(udp6({ client: i }), [200, 100]),
  // Router alert and padding: options that are let through.
  (i) => tcp4({ client: i, flags: SYN, options: Buffer.from([0x94, 0x04, 0, 0, 1, 1, 1, 0]) }),
  (i) =>
    [
      arp(),
      icmp4({ client: i }),
      udp4({ client: i, fragment: 0x2000 }),
      tcp4({ client: i, flags: SYN, port: 81 }),
    ][((i / 10) % 4) | 0],
  // A loose source route, and an IPv6 packet cut off within its header.
  (i) =>
    ((i / 10) % 2) | 0
      ? udp6({ client: i }).subarray(0, 40)
      : tcp4({ client: i, flags: SYN, options: Buffer.from([131, 7, 4, 10, 0, 0, 1, 0]) }),
];

const clientMac = Buffer.from('020000000001', 'hex');
const serviceMac = Buffer.from('020000000002', 'hex');
const clientAddress4 = (client) => Buffer.from([198, 51, 100, 1 + (client % 250)]);
const serviceAddress4 = Buffer.from([192, 0, 2, 10]);
const clientAddress6 = (client) =>
  Buffer.from(`20010db8000100000000000000000${(0x100 + client).toString(16)}`, 'hex');
const serviceAddress6 = Buffer.from('20010db8000000000000000000000010', 'hex');

function tcp4({ client, flags, port = 80, frameBytes = 0, options = Buffer.alloc(0) }) {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(40000 + client, 0);
  header.writeUInt16BE(port, 2);
  header.writeUInt32BE(1000 * client, 4);
  header[12] = 5 << 4;
  header[13] = flags;
  header.writeUInt16BE(65535, 14);
  const payload = padding(frameBytes - 14 - 20 - options.length - 20);
  return ipv4({ client, protocol: PROTOCOL.tcp, options }, Buffer.concat([header, payload]), 16);
}

function udp4({ client, frameBytes = 64, fragment = 0 }) {
  return ipv4({ client, protocol: PROTOCOL.udp, fragment }, udp(client, padding(frameBytes - 42)), 6);
}

function icmp4({ client }) {
  const echo = Buffer.concat([Buffer.from([8, 0, 0, 0, 0, client, 0, 1]), padding(32)]);
  echo.writeUInt16BE(checksum(echo), 2);
  return ipv4({ client, protocol: PROTOCOL.icmp }, echo);
}

/** IPv6 with a hop-by-hop header first and destination options behind it, 8 and 16 bytes long in turn. */
function udp6({ client, extensions = 0 }) {
  const headers = Array.from({ length: extensions }, (_, i) => {
    const next = i + 1 < extensions ? PROTOCOL.destinationOptions : PROTOCOL.udp;
    const units = i % 2;
    const fill = 8 * (units + 1) - 4;
    return Buffer.concat([Buffer.from([next, units, 1, fill]), Buffer.alloc(fill)]);
  });
  const datagram = udp(client, padding(24));
  const source = clientAddress6(client);
  const pseudo = Buffer.concat([source, serviceAddress6, word32(datagram.length), word32(PROTOCOL.udp)]);
  datagram.writeUInt16BE(checksum(Buffer.concat([pseudo, datagram])), 6);
  const payload = Buffer.concat([...headers, datagram]);
  const ip = Buffer.alloc(8);
  ip[0] = 6 << 4;
  ip.writeUInt16BE(payload.length, 4);
  ip[6] = extensions > 0 ? PROTOCOL.hopOptions : PROTOCOL.udp;
  ip[7] = 64;
  return ethernet(ETHERTYPE.ipv6, Buffer.concat([ip, source, serviceAddress6, payload]));
}

function udp(client, payload) {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(50000 + client, 0);
  header.writeUInt16BE(53, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** `checksumAt`: where in the payload a checksum over pseudo header and payload goes. */
function ipv4({ client, protocol, options = Buffer.alloc(0), fragment = 0 }, payload, checksumAt) {
  const source = clientAddress4(client);
  if (checksumAt !== undefined) {
    const pseudo = Buffer.concat([
      source,
      serviceAddress4,
      Buffer.from([0, protocol]),
      word16(payload.length),
    ]);
    payload.writeUInt16BE(checksum(Buffer.concat([pseudo, payload])), checksumAt);
  }
  const header = Buffer.concat([Buffer.alloc(12), source, serviceAddress4, options]);
  header[0] = (4 << 4) | (header.length / 4);
  header.writeUInt16BE(header.length + payload.length, 2);
  header.writeUInt16BE(client, 4);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  header.writeUInt16BE(checksum(header), 10);
  return ethernet(ETHERTYPE.ipv4, Buffer.concat([header, payload]));
}

function arp() {
  const fixed = Buffer.from('0001080006040001', 'hex');
  const sender = Buffer.concat([clientMac, clientAddress4(0)]);
  return ethernet(ETHERTYPE.arp, Buffer.concat([fixed, sender, Buffer.alloc(6), serviceAddress4]));
}

function ethernet(type, payload) {
  return Buffer.concat([serviceMac, clientMac, word16(type), payload]);
}

/** Tags from the outermost to the innermost; the outer of two is a service tag. */
function vlan(frame, ids) {
  const tags = ids.map((id, i) =>
    Buffer.concat([word16(i === 0 && ids.length > 1 ? ETHERTYPE.serviceVlan : ETHERTYPE.vlan), word16(id)]),
  );
  return Buffer.concat([frame.subarray(0, 12), ...tags, frame.subarray(12)]);
}

/** Bytes that differ, so that a program that copies the wrong ones is found out. */
const padding = (bytes) => Buffer.from(Array.from({ length: Math.max(0, bytes) }, (_, i) => i & 0xff));

function word16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function word32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The internet checksum (RFC 1071). */
function checksum(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** One packet a millisecond, from 2026-01-01 on. */
function pcap(
  frames,
  { magic = MICROSECONDS, bigEndian = false, link = LINK_ETHERNET, snapBytes = 262144 } = {},
) {
  const words = (...values) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => {
      if (bigEndian) bytes.writeUInt32BE(value, 4 * i);
      else bytes.writeUInt32LE(value, 4 * i);
    });
    return bytes;
  };
  const version = bigEndian ? 0x00020004 : 0x00040002;
  const fractionPerMs = magic === NANOSECONDS ? 1_000_000 : 1_000;
  const records = frames.map((frame, i) => {
    const kept = frame.subarray(0, snapBytes);
    return Buffer.concat([words(1_767_225_600, i * fractionPerMs, kept.length, frame.length), kept]);
  });
  return Buffer.concat([words(magic, version, 0, 0, snapBytes, link), ...records]);
}

function hugeRecord() {
  const file = pcap([tcp4({ client: 0, flags: SYN })]);
  file.writeUInt32LE(0x7fffffff, 24 + 8);
  file.writeUInt32LE(0x7fffffff, 24 + 12);
  return file;
}

function pcapng(frames) {
  const block = (type, body) => {
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
    const edges = Buffer.alloc(8);
    edges.writeUInt32LE(type, 0);
    edges.writeUInt32LE(padded.length + 12, 4);
    return Buffer.concat([edges, padded, edges.subarray(4)]);
  };
  const words = (...values) => Buffer.from(Uint32Array.from(values).buffer);
  return Buffer.concat([
    block(0x0a0d0d0a, words(0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff)),
    block(1, words(LINK_ETHERNET, 262144)),
    ...frames.map((frame) => block(6, Buffer.concat([words(0, 0, 0, frame.length, frame.length), frame]))),
  ]);
}

async function main() {
  const check = process.argv.includes('--check');
  const stale = [];
  for (const [name, bytes] of Object.entries(captures())) {
    const file = path.join(root, name);
    const committed = await readFile(file).catch(() => undefined);
    if (committed?.equals(bytes)) continue;
    stale.push(name);
    if (check) continue;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  for (const name of stale) console.log(`${check ? 'differs' : 'written'}: ${name}`);
  if (check && stale.length > 0) {
    console.error('mend it with: node scripts/pcaps.mjs');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
