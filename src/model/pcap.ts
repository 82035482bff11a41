// Classic pcap files: the packets a user's program is measured with. A file comes from a pull request, so
// sizes and counts have caps; an error names the packet and the offset it lies at.

import { TollgateError } from './errors.ts';
import { PACKET_FIELDS } from './packets.ts';

export interface Pcap {
  readonly packets: readonly Uint8Array[];
  /** 'ethernet': frames. 'raw-ip': packets that start with the IP header. */
  readonly linkType: 'ethernet' | 'raw-ip';
  /** Packets that the capture cut off (a snap length): programs may see them as malformed. */
  readonly cutCount: number;
}

export const PCAP_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
export const PCAP_PACKET_LIMIT = 100_000;
/** tcpdump's largest snap length. */
const PACKET_SIZE_LIMIT_BYTES = 262_144;

const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** By the file's first four bytes. Nanoseconds differ from microseconds in the timestamps alone, which are not used. */
const MAGICS: Readonly<Record<string, { readonly littleEndian: boolean }>> = {
  d4c3b2a1: { littleEndian: true },
  a1b2c3d4: { littleEndian: false },
  '4d3cb2a1': { littleEndian: true },
  a1b23c4d: { littleEndian: false },
};

/** tcpdump.org's LINKTYPE_ numbers; 12 and 14 are DLT_RAW where it was written unmapped. */
const LINK_TYPES: Readonly<Record<number, Pcap['linkType']>> = {
  1: 'ethernet',
  12: 'raw-ip',
  14: 'raw-ip',
  101: 'raw-ip',
  228: 'raw-ip',
  229: 'raw-ip',
};

/** Reads a whole file. `name` is what errors call it. Throws TollgateError 'config'. */
export function parsePcap(bytes: Uint8Array, name: string): Pcap {
  const bad = (reason: string, what: string, hint?: string): TollgateError =>
    new TollgateError('config', `Cannot read packets from '${name}': ${what}`, {
      reason,
      ...(hint ? { hint } : {}),
    });
  if (bytes.length > PCAP_SIZE_LIMIT_BYTES)
    throw bad(
      'too-large',
      `${bytes.length} bytes, the limit is ${PCAP_SIZE_LIMIT_BYTES}`,
      `keep the first packets: editcap -F pcap -r '${name}' shorter.pcap 1-1000`,
    );
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  if (magic === '0a0d0d0a')
    throw bad('pcapng', 'it is pcapng, not pcap', `convert it: editcap -F pcap '${name}' converted.pcap`);
  if (magic.startsWith('1f8b'))
    throw bad('compressed', 'it is compressed by gzip', `unpack it: gunzip '${name}'`);
  const format = MAGICS[magic];
  if (!format)
    throw bad(
      'not-pcap',
      bytes.length === 0 ? 'it is empty' : `it is not a pcap file (it starts with ${magic})`,
    );
  if (bytes.length < FILE_HEADER)
    throw bad('truncated', `it ends after ${bytes.length} bytes, inside the header of ${FILE_HEADER}`);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number) => view.getUint32(at, format.littleEndian);
  const network = u32(20);
  const linkType = LINK_TYPES[network & 0xffff];
  if (!linkType)
    throw bad(
      'link-type',
      `its link type is ${network & 0xffff}, known are Ethernet (1) and raw IP (101)`,
      'capture on one interface instead of any: tcpdump -i eth0 -w packets.pcap',
    );
  // Bit 26 says that frames end with a check sequence, the top 4 bits its length in 16-bit words.
  const checkBytes = (network & 0x04000000) !== 0 ? (network >>> 28) * 2 : 0;

  const packets: Uint8Array[] = [];
  let cutCount = 0;
  let at = FILE_HEADER;
  while (at < bytes.length) {
    const which = `packet ${packets.length + 1} at offset ${at}`;
    if (packets.length === PCAP_PACKET_LIMIT)
      throw bad(
        'too-large',
        `more than ${PCAP_PACKET_LIMIT} packets`,
        `keep the first packets: editcap -F pcap -r '${name}' shorter.pcap 1-${PCAP_PACKET_LIMIT}`,
      );
    if (at + PACKET_HEADER > bytes.length)
      throw bad('truncated', `the file ends at ${bytes.length}, inside the header of ${which}`);
    const kept = u32(at + 8);
    const original = u32(at + 12);
    if (kept > PACKET_SIZE_LIMIT_BYTES)
      throw bad('malformed', `${which} has ${kept} bytes, the limit is ${PACKET_SIZE_LIMIT_BYTES}`);
    const from = at + PACKET_HEADER;
    if (from + kept > bytes.length)
      throw bad(
        'truncated',
        `${which} has ${kept} bytes, and the file ends after ${bytes.length - from} of them`,
      );
    const isWhole = kept >= original;
    if (!isWhole) cutCount++;
    packets.push(bytes.slice(from, from + kept - (isWhole ? Math.min(checkBytes, kept) : 0)));
    at = from + kept;
  }
  if (packets.length === 0) throw bad('empty', 'it has no packets');
  return { packets, linkType, cutCount };
}

/**
 * The packets as Ethernet frames. The kernel's test run takes frames for every type that runs on packets and
 * reads the protocol from them: raw IP gets a header with the generators' addresses and the type its version
 * says. Throws TollgateError 'config' on a raw packet that is neither IPv4 nor IPv6.
 */
export function ethernetFrames(pcap: Pcap, name: string): readonly Uint8Array[] {
  if (pcap.linkType === 'ethernet') return pcap.packets;
  return pcap.packets.map((packet, index) => {
    const type = ETHERTYPES[(packet[0] ?? 0) >> 4];
    if (!type)
      throw new TollgateError(
        'config',
        `Cannot read packets from '${name}': packet ${index + 1} is raw IP of version ${(packet[0] ?? 0) >> 4}`,
        { reason: 'malformed' },
      );
    return Buffer.concat([RAW_IP_MACS, Buffer.from(type, 'hex'), packet]);
  });
}

const ETHERTYPES: Readonly<Record<number, string>> = { 4: '0800', 6: '86dd' };
const RAW_IP_MACS = Buffer.from(
  (PACKET_FIELDS.destinationMac + PACKET_FIELDS.sourceMac).replaceAll(':', ''),
  'hex',
);

/** A pcap file of Ethernet frames: little-endian, microseconds, every timestamp 0. */
export function writePcap(packets: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(PACKET_SIZE_LIMIT_BYTES, 16);
  header.writeUInt32LE(1, 20);
  const parts: Uint8Array[] = [header];
  for (const packet of packets) {
    const packetHeader = Buffer.alloc(PACKET_HEADER);
    packetHeader.writeUInt32LE(packet.length, 8);
    packetHeader.writeUInt32LE(packet.length, 12);
    parts.push(packetHeader, packet);
  }
  return Buffer.concat(parts);
}
