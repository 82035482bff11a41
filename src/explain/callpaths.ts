// What the plugin (native/callpaths.c) is told, and what it wrote: which blocks of code ran, how often, and by which
// path of calls. It watches a guest that nobody vouches for, so its file is read with caps.

import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TollgateError } from '../model/errors.ts';
import type { Pair } from '../model/explanation.ts';

export interface CallPathSpec {
  readonly entry: bigint;
  readonly images: readonly { readonly address: bigint; readonly sizeBytes: number }[];
  readonly runs: number;
  /** Runs by number from 0: the first, and those to sum up, ascending. */
  readonly cold: readonly number[];
  readonly warm: readonly number[];
}

export interface CallPaths {
  /** What each run took, by its number. */
  readonly runs: readonly number[];
  /** By number: the addresses of its instructions. */
  readonly blocks: ReadonlyMap<number, readonly bigint[]>;
  /** By number from 1: that of the caller (0: the program itself), and the instruction that left it. */
  readonly paths: ReadonlyMap<number, { readonly parent: number; readonly site: bigint }>;
  readonly counts: readonly ({ readonly path: number; readonly block: number } & Pair)[];
  readonly tailCalls: readonly ({
    readonly site: bigint;
    readonly target: bigint;
    readonly isDirect: boolean;
  } & Pair)[];
}

export function specText({ entry, images, runs, cold, warm }: CallPathSpec): string {
  const hex = (value: bigint) => value.toString(16);
  const taken = [
    ...cold.map((run) => ({ run, column: 'cold' })),
    ...warm.map((run) => ({ run, column: 'warm' })),
  ].sort((a, b) => a.run - b.run);
  return [
    `entry ${hex(entry)}`,
    ...images.map(({ address, sizeBytes }) => `image ${hex(address)} ${hex(address + BigInt(sizeBytes))}`),
    `runs ${runs}`,
    ...taken.map(({ run, column }) => `${column} ${run}`),
    '',
  ].join('\n');
}

const FILE_CAP_BYTES = 256 << 20;

/** Reads the plugin's file. Throws TollgateError ('infrastructure', 'bad-profile') on one that is cut off. */
export async function readCallPaths(file: string): Promise<CallPaths> {
  const runs: number[] = [];
  const blocks = new Map<number, readonly bigint[]>();
  const paths = new Map<number, { parent: number; site: bigint }>();
  const counts: CallPaths['counts'][number][] = [];
  const tailCalls: CallPaths['tailCalls'][number][] = [];
  let isWhole = false;
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > FILE_CAP_BYTES) throw badProfile(`${size} bytes exceed ${FILE_CAP_BYTES}`);
  if (size === 0) throw badProfile('it is empty');
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) {
    const [kind, ...words] = line.split(' ');
    const numbers = () => words.map(Number) as [number, number, number, number];
    const hex = (i: number) => BigInt(`0x${words[i]}`);
    switch (kind) {
      case 'r':
        runs.push(numbers()[1]);
        break;
      case 'b':
        blocks.set(
          Number(words[0]),
          words.slice(1).map((word) => BigInt(`0x${word}`)),
        );
        break;
      case 'n':
        paths.set(Number(words[0]), { parent: Number(words[1]), site: hex(2) });
        break;
      case 'c': {
        const [path, block, cold, warm] = numbers();
        counts.push({ path, block, cold, warm });
        break;
      }
      case 't':
        tailCalls.push({
          site: hex(0),
          target: hex(1),
          cold: numbers()[2],
          warm: numbers()[3],
          isDirect: words[4] === '1',
        });
        break;
      case 'x':
        throw badProfile(words.join(' '));
      case 'end':
        isWhole = true;
        break;
      default:
        throw badProfile(`it has the line '${line.slice(0, 80)}'`);
    }
  }
  if (!isWhole) throw badProfile('it is cut off: the program was not run as often as it should have been');
  return { runs, blocks, paths, counts, tailCalls };
}

function badProfile(what: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot read the profile: ${what}`, { reason: 'bad-profile' });
}
