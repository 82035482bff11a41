import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { findBuiltObjects } from './objects.ts';

const OBJECT = fileURLToPath(new URL('../../fixtures/lb/built/base/build/filter.bpf.o', import.meta.url));
let folder = '';
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each<[string, string[], string[], string[]]>([
  ['in their folders', ['build/a.bpf.o', 'b.bpf.o'], ['build/*.bpf.o'], ['build/a.bpf.o']],
  [
    'without the folder that all share',
    ['a.bpf.o', 'b.bpf.o'],
    ['build/*.bpf.o'],
    ['build/a.bpf.o', 'build/b.bpf.o'],
  ],
  ['deeper than the folder that all share', ['x/a.bpf.o'], ['out/bpf/**/*.o'], ['out/bpf/x/a.bpf.o']],
  ['once, though two patterns match', ['a.bpf.o'], ['build/*.o', 'build/a*'], ['build/a.bpf.o']],
  ['nowhere', ['a.txt'], ['build/*.bpf.o'], []],
])(
  'prebuilt objects are found %s, under the names they have in the project',
  async (_, files, patterns, names) => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-objects-'));
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      copyFileSync(OBJECT, join(folder, file));
    }
    expect((await findBuiltObjects(folder, patterns)).map(({ name }) => name)).toEqual(names);
  },
);
