// Builds native/*.c into dist/native.  node scripts/native.mjs
// The results are committed, so that no user needs a compiler; they depend on nothing but the kernel.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist/native');
const freestanding = [
  '-nostdlib',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-Wl,--build-id=none',
  '-s',
  '-Wall',
  '-Wextra',
  '-Werror',
];

mkdirSync(out, { recursive: true });
await execa(
  'gcc',
  ['-Os', '-static', '-fno-pie', '-no-pie', ...freestanding, 'native/init.c', '-o', join(out, 'init')],
  { cwd: root, stdio: 'inherit' },
);
await execa(
  'gcc',
  ['-O2', '-shared', '-fPIC', ...freestanding, 'native/clock.c', '-o', join(out, 'clock.so')],
  { cwd: root, stdio: 'inherit' },
);
