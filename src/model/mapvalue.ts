// Map keys and values of a budget file as the bytes a BPF map takes. BPF maps on the kernels we boot are
// little-endian; structures are written out as raw bytes.

import { TollgateError } from './errors.ts';
import { decodeHex, isHex } from './hex.ts';

/** A decimal or hexadecimal integer, or raw bytes as 'hex:0a00'. */
export const MAP_VALUE_PATTERN = /^(?:-?[0-9]{1,40}|0[xX][0-9a-fA-F]{1,64}|hex:(?:[0-9a-fA-F]{2})*)$/;

/**
 * The `sizeBytes` bytes of a key or value: an integer little-endian, negative ones in two's complement, raw bytes
 * as they stand. Throws TollgateError (config) on what does not fit: nothing is cut off or padded in silence.
 */
export function encodeMapBytes(text: string, sizeBytes: number): Uint8Array {
  if (!MAP_VALUE_PATTERN.test(text)) {
    throw refusal(text, "expected an integer (decimal or 0x...) or 'hex:' and two hexadecimal digits a byte");
  }
  if (isHex(text)) {
    const bytes = decodeHex(text);
    if (bytes.length === sizeBytes) return bytes;
    throw refusal(text, `expected ${sizeBytes} bytes, got ${bytes.length}`);
  }
  const value = BigInt(text);
  const bits = BigInt(8 * sizeBytes);
  const fits = value < 0n ? value >= -(1n << (bits - 1n)) : value < 1n << bits;
  if (sizeBytes === 0 || !fits) throw refusal(text, `it does not fit in ${sizeBytes} bytes`);
  const unsigned = BigInt.asUintN(Number(bits), value);
  return Uint8Array.from({ length: sizeBytes }, (_, i) => Number((unsigned >> BigInt(8 * i)) & 0xffn));
}

function refusal(text: string, reason: string): TollgateError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return new TollgateError('config', `Cannot encode map value '${shown}': ${reason}`);
}
