// What each program runs on: the budget file's inputs as bytes, or a default that fits the program's type.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TollgateError } from '../model/errors.ts';
import { decodeHex } from '../model/hex.ts';
import { type Input, inputName } from '../model/input.ts';
import { isGenerated, makePackets } from '../model/packets.ts';
import { ethernetFrames, PCAP_SIZE_LIMIT_BYTES, parsePcap } from '../model/pcap.ts';
import type { ProgramType } from '../model/program-types.ts';

/** An input ready to go into a job. */
export interface InputBytes {
  readonly name: string;
  readonly packets: readonly Uint8Array[];
  readonly context?: Uint8Array;
}

/** What programs run on where the budget file says nothing: the smallest UDP packet. */
const DEFAULT_PACKET: Input = { udp: 64 };

/**
 * The inputs of one program. `directory` is where relative pcap paths start.
 * Throws TollgateError ('config') on a pcap that cannot be read and on an input that the type cannot take.
 */
export function inputsFor(
  type: ProgramType | undefined,
  wanted: readonly Input[] | undefined,
  directory: string,
  program: string,
): InputBytes[] {
  const testRun = type?.testRun;
  if (!testRun) return [];
  if (!wanted)
    return [testRun.takes === 'packet' ? toBytes(DEFAULT_PACKET, directory) : defaultContext(testRun)];
  return wanted.map((input) => {
    const bytes = toBytes(input, directory);
    if (testRun.takes === 'context' && bytes.packets.length > 0 && !bytes.context)
      throw new TollgateError(
        'config',
        `Cannot run program '${program}' on '${bytes.name}': a ${type.name} program takes a context, no packet`,
        {
          hint: "give it an input of the form { context: 'hex:...' }",
        },
      );
    if (testRun.takes === 'packet' && bytes.packets.length === 0)
      throw new TollgateError(
        'config',
        `Cannot run program '${program}' on '${bytes.name}': a ${type.name} program takes packets`,
        {
          hint: "add the packet's bytes: { context: 'hex:...', data: 'hex:...' }",
        },
      );
    return bytes;
  });
}

function defaultContext({ defaultContext }: NonNullable<ProgramType['testRun']>): InputBytes {
  const { name = 'nothing', sizeBytes = 0, words = {} } = defaultContext ?? {};
  const context = new Uint8Array(sizeBytes);
  const view = new DataView(context.buffer);
  for (const [offset, value] of Object.entries(words)) view.setUint32(Number(offset), value, true);
  return { name, packets: [], context };
}

function toBytes(input: Input, directory: string): InputBytes {
  const name = inputName(input);
  if (isGenerated(input)) return { name, packets: makePackets(input) };
  if (typeof input !== 'string' && 'context' in input)
    return {
      name,
      packets: input.data === undefined ? [] : [decodeHex(input.data)],
      context: decodeHex(input.context),
    };
  const path = resolve(directory, typeof input === 'string' ? input : input.pcap);
  return { name, packets: readPcap(path) };
}

function readPcap(path: string): readonly Uint8Array[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new TollgateError('config', `Cannot read pcap '${path}': no such file`);
  if (stat.size > PCAP_SIZE_LIMIT_BYTES)
    throw new TollgateError(
      'config',
      `Cannot read pcap '${path}': ${stat.size} bytes exceed ${PCAP_SIZE_LIMIT_BYTES}`,
    );
  return ethernetFrames(parsePcap(readFileSync(path), path), path);
}
