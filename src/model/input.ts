// What a program runs on: packets from a file or from a built-in generator, or a raw context.
// Only the words are here; the bytes are made in packets.ts.

import * as z from 'zod';
import { decodeHex, HEX_MAX_BYTES, HEX_PATTERN } from './hex.ts';

/** Frame lengths a generator makes, Ethernet header included, without the frame check sequence. */
export const FRAME_MIN_BYTES = 64;
export const FRAME_MAX_BYTES = 9000;

const hexSchema = z
  .string()
  .regex(HEX_PATTERN, "expected 'hex:' and two hexadecimal digits a byte")
  .max(4 + 2 * HEX_MAX_BYTES, `expected at most ${HEX_MAX_BYTES} bytes`)
  .describe("raw bytes: 'hex:' and two hexadecimal digits a byte, as 'hex:0a000001'");

const frameSizeSchema = z
  .number()
  .int()
  .min(FRAME_MIN_BYTES)
  .max(FRAME_MAX_BYTES)
  .describe(
    `length of the frame in bytes, Ethernet header included: ${FRAME_MIN_BYTES} to ${FRAME_MAX_BYTES}`,
  );

const name = z
  .string()
  .min(1)
  .max(64)
  .optional()
  .describe("what reports call this input; without it 'udp:64' or the file's name");

const sized = (description: string) =>
  frameSizeSchema.describe(`${description}; the frame's length in bytes`);

const pcapPathSchema = z
  .string()
  .max(4096)
  .regex(/.\.pcap$/, "expected the path of a '.pcap' file (a pcapng file: editcap -F pcap IN OUT)")
  .describe('a pcap file, relative to the budget file; every packet of it is run');

/** Each variant has exactly one key beside `name` and `data`, which says what it is. */
export const inputSchema = z
  .union([
    pcapPathSchema,
    z.strictObject({ pcap: pcapPathSchema, name }),
    z.strictObject({ udp: sized('IPv4 UDP'), name }),
    z.strictObject({ udp6: sized('IPv6 UDP'), name }),
    z.strictObject({ tcp: sized('IPv4 TCP segment with ACK set'), name }),
    z.strictObject({ tcp_syn: z.union([z.literal(true), sized('IPv4 TCP SYN')]), name }),
    z.strictObject({ icmp: sized('IPv4 ICMP echo request'), name }),
    z.strictObject({ icmp6: sized('ICMPv6 echo request'), name }),
    z.strictObject({ vlan: sized('802.1Q tagged IPv4 UDP'), name }),
    z.strictObject({ fragment: sized('IPv4 UDP in fragments, the first and a later one'), name }),
    z.strictObject({ arp: z.literal(true).describe('ARP request'), name }),
    z.strictObject({
      context: hexSchema.describe('the context itself, for types whose test run takes one'),
      data: hexSchema.optional().describe('packet bytes beside the context'),
      name,
    }),
  ])
  .describe('what a program runs on: a pcap file, a generated packet or a raw context');

export type Input = z.infer<typeof inputSchema>;

/** What reports call an input: its own name, else 'udp:64', 'tcp_syn', 'syn.pcap', 'context:16'. */
export function inputName(input: Input): string {
  if (typeof input === 'string') return basename(input);
  if (input.name !== undefined) return input.name;
  if ('pcap' in input) return basename(input.pcap);
  if ('context' in input) return `context:${decodeHex(input.context).length}`;
  const [kind, value] = Object.entries(input).find(([key]) => key !== 'name')!;
  return value === true ? kind : `${kind}:${value}`;
}

/** An input as a command line names it: 'udp:64', 'tcp_syn', 'dir/syn.pcap'. Undefined for what is none. */
export function inputFromText(text: string): Input | undefined {
  const [kind, size] = /^([a-z_0-9]+)(?::(\d+))?$/.exec(text)?.slice(1) ?? [];
  const value = size === undefined ? true : Number(size);
  const parsed = inputSchema.safeParse(kind === undefined ? text : { [kind]: value });
  return parsed.success ? parsed.data : undefined;
}

/** model runs in the guest and in an editor's schema build alike: no node:path. */
function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
