// What the plugin native/tailcalls.c has written, read with caps: which blocks of eBPF code ran how often between one
// entry of a function and the next.

import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TollgateError } from '../model/errors.ts';

export interface Trace {
  readonly blocks: ReadonlyMap<number, { readonly isThunk: boolean; readonly addresses: readonly bigint[] }>;
  /** In order: from the entry of a program or subprogram to the next, block and how often it ran. */
  readonly epochs: readonly {
    readonly entry: bigint;
    readonly blocks: readonly (readonly [block: number, count: number])[];
  }[];
}

const FILE_CAP_BYTES = 160 << 20;

/** Throws TollgateError ('infrastructure', 'bad-profile') on a file that is no trace. An entry without an end is left out. */
export async function readTrace(file: string): Promise<Trace> {
  const blocks = new Map<number, { isThunk: boolean; addresses: bigint[] }>();
  const epochs: { entry: bigint; blocks: [number, number][] }[] = [];
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > FILE_CAP_BYTES) throw bad(`${size} bytes exceed ${FILE_CAP_BYTES}`);
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) {
    const [kind, ...words] = line.split(' ');
    if (kind === 'e') epochs.push({ entry: BigInt(`0x${words[0]}`), blocks: [] });
    else if (kind === 'c') epochs.at(-1)?.blocks.push([Number(words[0]), Number(words[1])]);
    else if (kind === 'b')
      blocks.set(Number(words[0]), {
        isThunk: words[1] === '1',
        addresses: words.slice(2).map((word) => BigInt(`0x${word}`)),
      });
    else throw bad(kind === 'x' ? words.join(' ') : `it has a line '${line.slice(0, 100)}'`);
  }
  return { blocks, epochs: epochs.slice(0, -1) };
}

function bad(what: string): TollgateError {
  return new TollgateError(
    'infrastructure',
    `Cannot count tail calls: what QEMU's plugin wrote is no trace: ${what}`,
    {
      reason: 'bad-profile',
    },
  );
}
