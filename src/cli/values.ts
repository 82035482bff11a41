// Values of flags: what commander hands over as text. Each parser says what it expects of text that is something else.

import { InvalidArgumentError } from 'commander';
import { parseSize } from '../model/config.ts';
import { DEFAULT_BOUNDS, PLACEMENTS, type Placement, ROUNDS_LIMIT } from '../model/timed.ts';
import type { Modes } from '../run/modes.ts';

/** A parser of whole numbers from `least` to `most`; `meaning` says what one of them is, where that is not plain. */
function wholeNumber(least: number, most: number, meaning: (value: number) => string = String) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected ${meaning(least)} to ${most}`);
  };
}

export const parseParallel = wholeNumber(1, 256);
export const parseLoadRounds = wholeNumber(1, 256);
export const parseRounds = wholeNumber(DEFAULT_BOUNDS.leastRounds, ROUNDS_LIMIT);
export const parseStreams = wholeNumber(1, 128);
export const parsePackets = wholeNumber(66, 100_000_000);
export const parsePps = wholeNumber(0, 1_000_000);
export const parseHz = wholeNumber(0, 100_000, (hz) => `${hz} (no sampling)`);

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError('expected a number of seconds up to 3600');
}

export function parseSwitch(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('expected on or off');
}

export function parseBytes(text: string): number {
  if (/^[1-9]\d{0,11}[KMG]?$/i.test(text)) {
    const bytes = parseSize(text);
    if (bytes <= BYTES_LIMIT) return bytes;
  }
  throw new InvalidArgumentError("expected bytes, as '64M', up to 64G");
}

const BYTES_LIMIT = 64 * 1024 ** 3;

/** A parser of one or both of two words, with a comma between. */
function oneOrBoth<Word extends string>(words: readonly [Word, Word]) {
  return (text: string): readonly Word[] => {
    const named = [...new Set(text.split(','))];
    if (named.every((word): word is Word => (words as readonly string[]).includes(word))) return named;
    throw new InvalidArgumentError(`expected '${words[0]}', '${words[1]}' or '${words.join()}'`);
  };
}

export const parseModes: (text: string) => Modes = oneOrBoth(['exact', 'timed']);
export const parsePlacements: (text: string) => readonly Placement[] = oneOrBoth(PLACEMENTS);
