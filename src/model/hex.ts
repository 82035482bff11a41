// Raw bytes as text, 'hex:0a0b': the one spelling for them in a budget file, whatever they are for.

import { z } from 'zod';

/** No context, packet or map value of a test run needs more. */
export const HEX_MAX_BYTES = 65_536;

export const hexSchema = z
  .string()
  .regex(/^hex:(?:[0-9a-fA-F]{2})*$/, "expected 'hex:' and two hexadecimal digits a byte")
  .max(4 + 2 * HEX_MAX_BYTES, `expected at most ${HEX_MAX_BYTES} bytes`)
  .describe("raw bytes: 'hex:' and two hexadecimal digits a byte, as 'hex:0a000001'");

/** The bytes of 'hex:0a0b'. Throws RangeError on text that hexSchema refuses. */
export function decodeHex(text: string): Uint8Array {
  if (!hexSchema.safeParse(text).success) throw new RangeError(`not raw bytes: '${text.slice(0, 40)}'`);
  return Uint8Array.from(text.slice(4).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
