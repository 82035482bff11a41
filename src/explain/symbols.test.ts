import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Session } from '../vm/session.ts';
import { parseSymbols, symbolText } from './symbols.ts';

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

test('a kernel is asked once while its saved state is there', async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), 'tollgate-symbols-'));
  onTestFinished(() => rmSync(cacheDir, { recursive: true }));
  const asked: string[] = [];
  const ask = (key: string) =>
    symbolText(
      {
        key,
        run: async () => {
          asked.push(key);
          return { records: [{ type: 'symbols', text: `ffffffff81000100 ${key}\n` }] };
        },
      } as unknown as Session,
      cacheDir,
    );
  mkdirSync(join(cacheDir, 'states/a'), { recursive: true });
  mkdirSync(join(cacheDir, 'states/b'));
  expect([await ask('a'), await ask('a')]).toEqual(['ffffffff81000100 a\n', 'ffffffff81000100 a\n']);
  rmSync(join(cacheDir, 'states/a'), { recursive: true });
  await ask('b');
  expect(asked).toEqual(['a', 'b']);
  expect(readdirSync(join(cacheDir, 'symbols'))).toEqual(['b']);
});
