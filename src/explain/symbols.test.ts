import { expect, test } from 'vitest';
import { parseSymbols } from './symbols.ts';

const symbols = parseSymbols(
  'ffffffff81000010 __pfx_jhash\nffffffff81000020 __memcmp\nffffffff81000020 memcmp\nffffffff81000100 jhash\n',
);

test.each([
  [0xffffffff81000100n, 'jhash'],
  [0xffffffff81000fffn, 'jhash'],
  [0xffffffff81000020n, 'memcmp'],
  [0xffffffff810000ffn, 'memcmp'],
  [0xffffffff8100000fn, '[unknown]'],
])('0x%s lies in %s', (address, name) => {
  expect(symbols.nameOf(address)).toBe(name);
});
