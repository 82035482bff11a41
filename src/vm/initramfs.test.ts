import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadedBytes } from './initramfs.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-initramfs-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a program cut behind its last segment still runs', () => {
  const copy = join(folder, 'node');
  copyFileSync(process.execPath, copy);
  truncateSync(copy, loadedBytes(copy));
  expect(statSync(copy).size).toBeLessThanOrEqual(statSync(process.execPath).size);
  expect(execaSync(copy, ['-p', '6 * 7']).stdout).toBe('42');
});

test('the size is where readelf sees the last segment end', () => {
  const { stdout } = execaSync('readelf', ['-lW', process.execPath]);
  const ends = [...stdout.matchAll(/^ +[A-Z_]+ +(0x\w+) 0x\w+ 0x\w+ (0x\w+)/gm)].map(
    ([, at, size]) => Number(at) + Number(size),
  );
  expect(ends.length).toBeGreaterThan(3);
  expect(loadedBytes(process.execPath)).toBe(Math.max(...ends));
});

test('an object file, which has no segments, is kept whole', () => {
  const path = join(import.meta.dirname, '../../dist/bpf/nop_xdp.bpf.o');
  expect(loadedBytes(path)).toBe(statSync(path).size);
});

test.each([
  ['text', 'console.log(1)\n'],
  ['nothing', ''],
  ['an ELF header alone', `\x7fELF\x02${'\xff'.repeat(60)}`],
])('a file that holds %s is kept whole', (name, content) => {
  const path = join(folder, name);
  writeFileSync(path, content, 'latin1');
  expect(loadedBytes(path)).toBe(content.length);
});
