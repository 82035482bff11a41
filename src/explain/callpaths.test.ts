import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCallPaths } from './callpaths.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-callpaths-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (text: string) => {
  const file = join(folder, 'out');
  writeFileSync(file, text);
  return readCallPaths(file);
};

test('what the plugin wrote of each run is read whole; blocks are told once', async () => {
  const first = 's 1 2\nr 0 12\nr 1 10\nw 1\nn 1 0 a0\nb 3 a0 a4\nc 0 3 1 2\nt a4 b0 1 2 1\nend\n';
  const blocks = new Map([[3, [0xa0n, 0xa4n]]]);
  expect(await read(`${first}s 2 2\nr 3 7\nc 0 3 0 1\nend\ns 1 2\nx too many call paths\nend\n`)).toEqual([
    {
      packets: 1,
      passes: 2,
      runs: new Map([
        [0, 12],
        [1, 10],
      ]),
      warm: [1],
      blocks,
      paths: new Map([[1, { parent: 0, site: 0xa0n }]]),
      counts: [{ path: 0, block: 3, cold: 1, warm: 2 }],
      tailCalls: [{ site: 0xa4n, target: 0xb0n, cold: 1, warm: 2, isDirect: true }],
    },
    {
      packets: 2,
      passes: 2,
      runs: new Map([[3, 7]]),
      warm: [],
      blocks,
      paths: new Map(),
      counts: [{ path: 0, block: 3, cold: 0, warm: 1 }],
      tailCalls: [],
    },
    { fault: 'too many call paths' },
  ]);
});

test('a plugin that saw nothing has no runs', async () => {
  expect(await read('')).toEqual([]);
});

test.each([
  ['s 1 2\nr 0 12\n', 'Cannot read the profile: it is cut off'],
  ['hello\n', "Cannot read the profile: it has the line 'hello'"],
  ['s 1 2\nhello\n', "Cannot read the profile: it has the line 'hello'"],
])('a file that says %j is an error', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});
