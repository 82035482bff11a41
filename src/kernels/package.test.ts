import { mkdtemp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { KernelOptions } from './index.ts';
import { fetchPackage } from './package.ts';
import { type FakeArchive, sha256, startFakeArchive } from './testing/archive.ts';

let archive: FakeArchive;
let options: KernelOptions;

beforeAll(async () => {
  archive = await startFakeArchive();
});

afterAll(async () => {
  await archive.close();
});

beforeEach(async () => {
  archive.reset();
  options = {
    cacheDir: path.join(await mkdtemp(path.join(archive.dir, 'case-')), 'cache'),
    mirror: archive.server.url,
    keysDir: archive.keysDir,
    transfer: { attempts: 2, retryDelayMs: 5, stallMs: 400 },
  };
});

const fetchLibbpf = async () =>
  await fetchPackage('libbpf1', 'bookworm', await mkdtemp(path.join(archive.dir, 'to-')), options);

test('the newest version of a package is downloaded, and not of one with a longer name', async () => {
  const published = await archive.publish('bookworm', [
    {
      name: 'libbpf1',
      version: '1.0-1',
      files: { 'usr/lib/a': 'old' },
      index: { Filename: 'pool/main/l/old.deb' },
    },
    { name: 'libbpf1', version: '1.1.2-0+deb12u1', files: { 'usr/lib/a': 'new' } },
    { name: 'libbpf1-dbg', version: '9-1' },
  ]);
  expect(sha256(await readFile(await fetchLibbpf()))).toBe(published[1]!.sha256);
});

test('a package that the suite does not have is an error', async () => {
  await expect(fetchLibbpf()).rejects.toMatchObject({
    message: "Cannot find package 'libbpf1' in Debian's bookworm",
    details: { reason: 'no-package' },
  });
});

test.each([
  {
    what: 'an index of another digest',
    faults: { forgeIndex: (index: Buffer) => Buffer.concat([index, index]) },
  },
  { what: 'a signature of a stranger', faults: { strangerSigns: true } },
])('$what is refused', async ({ faults }) => {
  await archive.publish('bookworm', [{ name: 'libbpf1', version: '1.1-1' }], faults);
  await expect(fetchLibbpf()).rejects.toMatchObject({
    details: { reason: expect.stringMatching(/^(too-large|digest-mismatch|bad-signature)$/) },
  });
});

test('a package that is not what the index says is refused', async () => {
  const [published] = await archive.publish('bookworm', [{ name: 'libbpf1', version: '1.1-1' }]);
  const deb = Buffer.from(archive.server.files.get(published!.path)!);
  deb[100]! ^= 1;
  archive.server.files.set(published!.path, deb);
  await expect(fetchLibbpf()).rejects.toMatchObject({ details: { reason: 'digest-mismatch' } });
});
