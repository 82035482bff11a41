// What the plugin (native/callpaths.c) wrote: of each program's runs which blocks of code ran, how often, and by which
// path of calls. It watches a guest that nobody vouches for, so its file is read with caps.

import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TollgateError } from '../model/errors.ts';
import type { Pair } from '../model/explanation.ts';

/** The runs of one program on one input. */
export interface CallPaths {
  readonly packets: number;
  readonly passes: number;
  /** What each run took, by its number from 0; runs that the kernel refused are missing. */
  readonly runs: ReadonlyMap<number, number>;
  /** The runs that are summed up as warm; the cold one is the first of the first packet that has one. */
  readonly warm: readonly number[];
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

/** In the order of the runs: counts, or what kept the plugin from counting. */
export type CountedRuns = CallPaths | { readonly fault: string };

const FILE_CAP_BYTES = 256 << 20;

/** Reads the plugin's file. Throws TollgateError ('infrastructure', 'bad-profile') on one that is cut off. */
export async function readCallPaths(file: string): Promise<CountedRuns[]> {
  const all: CountedRuns[] = [];
  const blocks = new Map<number, readonly bigint[]>();
  let open: ReturnType<typeof newSection> | undefined;
  let fault: string | undefined;
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > FILE_CAP_BYTES) throw badProfile(`${size} bytes exceed ${FILE_CAP_BYTES}`);
  for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) {
    const [kind, ...words] = line.split(' ');
    const numbers = words.map(Number) as [number, number, number, number];
    if (kind === 's') {
      open = newSection(numbers, blocks);
      fault = undefined;
      continue;
    }
    if (!open) throw badProfile(`it has the line '${line.slice(0, 80)}'`);
    switch (kind) {
      case 'r':
        open.runs.set(numbers[0], numbers[1]);
        break;
      case 'w':
        open.warm.push(numbers[0]);
        break;
      case 'b':
        blocks.set(
          numbers[0],
          words.slice(1).map((word) => BigInt(`0x${word}`)),
        );
        break;
      case 'n':
        open.paths.set(numbers[0], { parent: numbers[1], site: BigInt(`0x${words[2]}`) });
        break;
      case 'c': {
        const [path, block, cold, warm] = numbers;
        open.counts.push({ path, block, cold, warm });
        break;
      }
      case 't':
        open.tailCalls.push({
          site: BigInt(`0x${words[0]}`),
          target: BigInt(`0x${words[1]}`),
          cold: numbers[2],
          warm: numbers[3],
          isDirect: words[4] === '1',
        });
        break;
      case 'x':
        fault = words.join(' ');
        break;
      case 'end':
        all.push(fault === undefined ? open : { fault });
        open = undefined;
        break;
      default:
        throw badProfile(`it has the line '${line.slice(0, 80)}'`);
    }
  }
  if (open) throw badProfile('it is cut off');
  return all;
}

function newSection([packets, passes]: readonly number[], blocks: CallPaths['blocks']) {
  return {
    packets: packets!,
    passes: passes!,
    runs: new Map<number, number>(),
    warm: [] as number[],
    blocks,
    paths: new Map<number, { parent: number; site: bigint }>(),
    counts: [] as CallPaths['counts'][number][],
    tailCalls: [] as CallPaths['tailCalls'][number][],
  };
}

function badProfile(what: string): TollgateError {
  return new TollgateError('infrastructure', `Cannot read the profile: ${what}`, { reason: 'bad-profile' });
}
