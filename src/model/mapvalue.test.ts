import { expect, test } from 'vitest';
import { encodeMapBytes } from './mapvalue.ts';

test.each<[string, number, number[]]>([
  ['0', 4, [0, 0, 0, 0]],
  ['1', 4, [1, 0, 0, 0]],
  ['0x01000000', 4, [0, 0, 0, 1]],
  ['258', 2, [2, 1]],
  ['255', 1, [255]],
  ['-1', 4, [255, 255, 255, 255]],
  ['-128', 1, [128]],
  ['18446744073709551615', 8, [255, 255, 255, 255, 255, 255, 255, 255]],
  ['1', 12, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['hex:0a000001', 4, [10, 0, 0, 1]],
  ['hex:', 0, []],
])("'%s' in %d bytes is %j", (text, sizeBytes, bytes) => {
  expect([...encodeMapBytes(text, sizeBytes)]).toEqual(bytes);
});

test.each<[string, number, string]>([
  ['256', 1, "Cannot encode map value '256': it does not fit in 1 bytes"],
  ['-129', 1, "Cannot encode map value '-129': it does not fit in 1 bytes"],
  ['0', 0, "Cannot encode map value '0': it does not fit in 0 bytes"],
  ['hex:0a', 4, "Cannot encode map value 'hex:0a': expected 4 bytes, got 1"],
  [
    'ten',
    4,
    "Cannot encode map value 'ten': expected an integer (decimal or 0x...) or 'hex:' and two hexadecimal digits a byte",
  ],
  [
    '1.5',
    4,
    "Cannot encode map value '1.5': expected an integer (decimal or 0x...) or 'hex:' and two hexadecimal digits a byte",
  ],
])("'%s' in %d bytes is refused", (text, sizeBytes, message) => {
  expect(() => encodeMapBytes(text, sizeBytes)).toThrow(message);
});
