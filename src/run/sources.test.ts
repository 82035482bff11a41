import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Explanations } from '../model/explanation.ts';
import { readSources } from './sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

const explained = (file: string, line: number, text: string) =>
  ({ explanations: [{ side: 'head', lines: [{ file, line, text }] }] }) as unknown as Explanations;

test('a source file is found beside the object or above it, and only in the version that the object has', () => {
  mkdirSync(join(folder, 'src'));
  mkdirSync(join(folder, 'build'));
  writeFileSync(join(folder, 'src/lb.c'), 'int x;\n\treturn x;\n');
  const read = (file: string, line: number, text: string) =>
    readSources(explained(file, line, text), [join(folder, 'build')]).get(file);
  expect(read('src/lb.c', 2, 'return x;')).toEqual(['int x;', '\treturn x;', '']);
  expect(read('src/lb.c', 2, 'return y;')).toBeUndefined();
  expect(read('src/lb.c', 9, 'return x;')).toBeUndefined();
  expect(read('src/missing.c', 2, 'return x;')).toBeUndefined();
  expect(read('src', 2, 'return x;')).toBeUndefined();
});
