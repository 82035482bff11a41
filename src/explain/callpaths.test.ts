import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCallPaths, specText } from './callpaths.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-callpaths-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (text: string) => {
  const file = join(folder, 'out');
  writeFileSync(file, text);
  return readCallPaths(file);
};

test('the plugin is told the runs to count in the order in which they come', () => {
  expect(
    specText({
      entry: 0xffffffffc0001ad8n,
      images: [{ address: 0xffffffffc0001ad8n, sizeBytes: 16 }],
      runs: 6,
      cold: [0],
      warm: [2, 3],
    }),
  ).toBe('entry ffffffffc0001ad8\nimage ffffffffc0001ad8 ffffffffc0001ae8\nruns 6\ncold 0\nwarm 2\nwarm 3\n');
});

test('what the plugin wrote is read whole', async () => {
  expect(await read('r 0 12\nr 1 10\nn 1 0 a0\nc 0 3 1 2\nb 3 a0 a4\nt a4 b0 1 2 1\nend\n')).toEqual({
    runs: [12, 10],
    blocks: new Map([[3, [0xa0n, 0xa4n]]]),
    paths: new Map([[1, { parent: 0, site: 0xa0n }]]),
    counts: [{ path: 0, block: 3, cold: 1, warm: 2 }],
    tailCalls: [{ site: 0xa4n, target: 0xb0n, cold: 1, warm: 2, isDirect: true }],
  });
});

test.each([
  ['', 'Cannot read the profile: it is empty'],
  ['r 0 12\n', 'Cannot read the profile: it is cut off'],
  ['x too many call paths\n', 'Cannot read the profile: too many call paths'],
  ['hello\n', "Cannot read the profile: it has the line 'hello'"],
])('a file that says %j is an error', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});
