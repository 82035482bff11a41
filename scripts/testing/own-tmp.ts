// Gives each test file a folder for temporary files of its own, and removes it: what one file leaves, or looks for,
// is not what another file, or another run on this machine, has made.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const shared = tmpdir();
const own = mkdtempSync(join(shared, 'tollgate-test-'));
process.env.TMPDIR = own;

afterAll(() => {
  process.env.TMPDIR = shared;
  rmSync(own, { recursive: true, force: true });
});
