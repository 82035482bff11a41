// Raw bytes as text, 'hex:0a0b': the one spelling for them in a budget file, whatever they are for.
// No schema here: the guest decodes bytes too, and must stay small.

/** No context, packet or map value of a test run needs more. */
export const HEX_MAX_BYTES = 65_536;

export const HEX_PATTERN = /^hex:(?:[0-9a-fA-F]{2})*$/;

export function isHex(text: string): boolean {
  return text.length <= 4 + 2 * HEX_MAX_BYTES && HEX_PATTERN.test(text);
}

/** The bytes of 'hex:0a0b'. Throws RangeError on text that is not isHex. */
export function decodeHex(text: string): Uint8Array {
  if (!isHex(text)) throw new RangeError(`not raw bytes: '${text.slice(0, 40)}'`);
  return Uint8Array.from(text.slice(4).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
