// Names of the kernel's functions by address. The guest tells them once for each saved state; they are kept in the
// cache under the state's key, for nothing moves between its jobs.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TollgateError } from '../model/errors.ts';
import type { SymbolsJob } from '../model/job.ts';
import { encodeJob } from '../model/window.ts';
import { replaceFile } from '../vm/leftovers.ts';
import type { Session } from '../vm/session.ts';

export interface Symbols {
  /** The function that an address lies in; '[unknown]' below the first. */
  readonly nameOf: (address: bigint) => string;
}

export async function findSymbols(session: Session, cacheDir: string): Promise<Symbols> {
  return parseSymbols(await symbolText(session, cacheDir));
}

/** Lines 'address name', in order, with every name that an address has. */
export async function symbolText(session: Session, cacheDir: string): Promise<string> {
  return readOr(join(symbolsFolder(cacheDir), session.key)) ?? (await askSymbols(session, cacheDir));
}

const ADDRESS_DIGITS = 16;

/** From lines 'address name', the address in 16 hexadecimal digits: text that sorts as its numbers do. */
export function parseSymbols(text: string): Symbols {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
  const addressAt = (i: number) => lines[i]!.slice(0, ADDRESS_DIGITS);
  return {
    nameOf: (address) => {
      const wanted = address.toString(16).padStart(ADDRESS_DIGITS, '0');
      let [low, high] = [0, lines.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (addressAt(middle) <= wanted) low = middle + 1;
        else high = middle;
      }
      if (low === 0) return '[unknown]';
      const found = addressAt(low - 1);
      let name: string | undefined;
      for (let i = low - 1; i >= 0 && addressAt(i) === found; i--)
        name = better(name, lines[i]!.slice(ADDRESS_DIGITS + 1));
      return name!;
    },
  };
}

/** Of the names of one address the one that a reader knows: without decoration, without leading underscores. */
function better(known: string | undefined, name: string): string {
  if (known === undefined) return name;
  const rank = (text: string) =>
    (/^__(pfx|cfi)_|\./.test(text) ? 100 : 0) + (/^_*/.exec(text)?.[0].length ?? 0);
  return rank(name) < rank(known) ? name : known;
}

async function askSymbols(session: Session, cacheDir: string): Promise<string> {
  const { records } = await session.run(encodeJob((): SymbolsJob => ({ format: 1, task: 'symbols' })));
  const text = records.map((record) => (record.type === 'symbols' ? record.text : '')).join('');
  if (text === '')
    throw new TollgateError('infrastructure', 'Cannot name the functions of the kernel: it tells of none', {
      reason: 'no-symbols',
    });
  replaceFile(join(symbolsFolder(cacheDir), session.key), text);
  removeStateless(cacheDir);
  return text;
}

/** Megabytes each: they go when their saved state has gone. */
function removeStateless(cacheDir: string): void {
  const folder = symbolsFolder(cacheDir);
  for (const key of readdirSync(folder))
    if (!key.startsWith('.') && !existsSync(join(cacheDir, 'states', key)))
      rmSync(join(folder, key), { force: true });
}

const symbolsFolder = (cacheDir: string) => join(cacheDir, 'symbols');

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
