// A document within a limit of bytes. It is made of parts, each of which can be shown shorter and stays whole in form;
// the least important gives way first, and what gave way is said.

/** A block of a document: a table with its rows, the logs, a sentence. */
export interface Part {
  /** How much there is: rows, or whatever `render` counts. */
  readonly size: number;
  /** With `shown` of its `size`; the more, the longer. An empty text takes no place in the document. */
  readonly render: (shown: number) => string;
  /** The higher, the sooner it is shortened; a part without never is. */
  readonly givesWay?: number;
  /** What is missing where `shown` of `size` are there: '12 of 40 rows within budget'. */
  readonly leftOut?: (shown: number) => string;
}

/**
 * Parts with an empty line between them, and a line break at the end. Where that is more than `limitBytes` of UTF-8,
 * parts are shortened one after the other, none more than it must, and `sayLeftOut` makes the last part of what is
 * missing. Throws RangeError where the parts that never give way are too long by themselves.
 */
export function fit(
  parts: readonly Part[],
  limitBytes: number,
  sayLeftOut: (missing: readonly string[]) => string,
): string {
  const texts = parts.map(({ size, render }) => render(size));
  const whole = join(texts);
  if (Buffer.byteLength(whole) <= limitBytes) return whole;

  const order = parts
    .map((part, index) => ({ part, index }))
    .filter(({ part }) => part.givesWay !== undefined && part.size > 0)
    .sort((a, b) => b.part.givesWay! - a.part.givesWay!);
  // As if everything had to be named: what is said in the end is no longer.
  const lastBytes = bytesIn(sayLeftOut(order.map(({ part }) => part.leftOut?.(0) ?? '')));
  const missing: string[] = [];
  let excess = texts.reduce((sum, text) => sum + bytesIn(text), lastBytes) - limitBytes;
  for (const { part, index } of order) {
    if (excess <= 0) break;
    const before = bytesIn(texts[index]!);
    const shown = most(part.size - 1, (count) => before - bytesIn(part.render(count)) >= excess);
    texts[index] = part.render(shown);
    excess -= before - bytesIn(texts[index]!);
    if (part.leftOut) missing.push(part.leftOut(shown));
  }
  if (excess > 0) throw new RangeError(`a limit of ${limitBytes} bytes is ${excess} too few`);
  return join([...texts, sayLeftOut(missing)]);
}

/** The largest count up to `highest` that fits, or 0. */
function most(highest: number, fits: (count: number) => boolean): number {
  let [low, high] = [0, highest];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

const BETWEEN = '\n\n';

/** What a text takes in the document: itself and what is put behind it. */
function bytesIn(text: string): number {
  return text === '' ? 0 : Buffer.byteLength(text) + BETWEEN.length;
}

function join(texts: readonly string[]): string {
  return `${texts.filter((text) => text !== '').join(BETWEEN)}\n`;
}
