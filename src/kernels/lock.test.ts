import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatError, type TollgateErrors } from '../model/errors.ts';
import type { LockedKernel } from '../model/kernel.ts';
import { formatLock, parseLock, readLock, writeLock } from './lock.ts';

const DIGEST = 'a'.repeat(64);
const kernel = (reference: string, version: string): LockedKernel => ({
  reference,
  version,
  packages: [
    { url: `debian/pool/main/l/linux/linux-image_${version}_amd64.deb`, sha256: DIGEST, sizeBytes: 1924 },
    {
      url: `debian/pool/main/l/linux/linux-modules_${version}_amd64.deb`,
      sha256: DIGEST,
      sizeBytes: 37779084,
    },
  ],
});
const KERNELS = [
  kernel('debian:5.10', '5.10.262-1'),
  kernel('debian:6.1', '6.1.192-2'),
  kernel('debian:6.12', '6.12.117-1'),
];

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'tollgate-lock-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

test('a lock file reads as a person would write it', () => {
  expect(
    formatLock([KERNELS[1]!]),
  ).toBe(`# Kernels pinned for Tollgate: commit this file. 'tollgate kernels lock --update' moves it to the newest.
version: 1
kernels:
  - kernel: debian:6.1
    version: 6.1.192-2
    packages:
      - url: debian/pool/main/l/linux/linux-image_6.1.192-2_amd64.deb
        sha256: ${DIGEST}
        size: 1924
      - url: debian/pool/main/l/linux/linux-modules_6.1.192-2_amd64.deb
        sha256: ${DIGEST}
        size: 37779084
`);
});

test('the same kernels give the same bytes in any order, by the numbers of their series', () => {
  const shuffled = [KERNELS[2]!, KERNELS[0]!, KERNELS[1]!];
  expect(formatLock(shuffled)).toBe(formatLock(KERNELS));
  expect(parseLock(formatLock(shuffled), 'tollgate.lock')).toEqual(KERNELS);
});

test('versions that YAML would take for numbers stay text', () => {
  const odd = { ...KERNELS[0]!, version: '7.2' };
  expect(parseLock(formatLock([odd]), 'tollgate.lock')).toEqual([odd]);
});

test('what was written is read again, and no temporary file stays', async () => {
  const file = path.join(dir, 'tollgate.lock');
  await writeLock(file, KERNELS);
  await writeLock(file, KERNELS.slice(0, 2));
  expect(await readLock(file)).toEqual(KERNELS.slice(0, 2));
  expect(await readdir(dir)).toEqual(['tollgate.lock']);
});

test('a lock that cannot be written leaves the one there was', async () => {
  const file = path.join(dir, 'tollgate.lock');
  await writeFile(file, 'old');
  await expect(writeLock(path.join(file, 'below'), KERNELS)).rejects.toThrow('ENOTDIR');
  expect(await readFile(file, 'utf8')).toBe('old');
});

test('no lock file is not an error, one that is a folder is', async () => {
  expect(await readLock(path.join(dir, 'tollgate.lock'))).toBeUndefined();
  await expect(readLock(dir)).rejects.toThrow(`Cannot read lock file '${dir}': EISDIR`);
});

describe('a mistake is told with its place', () => {
  const good = formatLock([KERNELS[0]!]);
  test.each([
    [
      'an unknown version',
      good.replace('version: 1', 'version: 2'),
      ["'version': expected 1, the only version there is (tollgate.lock:2:10)"],
    ],
    [
      'a short digest',
      good.replace(DIGEST, 'abc'),
      ["'kernels[0].packages[0].sha256': expected 64 hexadecimal digits, lower case (tollgate.lock:8:17)"],
    ],
    [
      'a path that climbs',
      good.replace('debian/pool/main', 'debian/pool/../..'),
      [
        "'kernels[0].packages[0].url': expected a path as 'debian/pool/main/l/linux/NAME.deb' (tollgate.lock:7:14)",
      ],
    ],
    [
      'a full URL',
      good.replace('debian/pool', 'http://e.example.org/pool'),
      [
        "'kernels[0].packages[0].url': expected a path as 'debian/pool/main/l/linux/NAME.deb' (tollgate.lock:7:14)",
      ],
    ],
    [
      'a missing size',
      good.replace('        size: 1924\n', ''),
      [
        "'kernels[0].packages[0].size': Invalid input: expected number, received undefined (tollgate.lock:7:9)",
      ],
    ],
    [
      'no packages',
      good.replace(/packages:[\s\S]*$/, 'packages: []\n'),
      ["'kernels[0].packages': Too small: expected array to have >=1 items (tollgate.lock:6:15)"],
    ],
    [
      'an unknown key',
      good.replace('    packages', '    colour: red\n    packages'),
      [`'kernels[0]': Unrecognized key: "colour" (tollgate.lock:4:5)`],
    ],
    [
      'a kernel twice',
      formatLock([KERNELS[0]!, KERNELS[0]!]),
      ["'kernels[1].kernel': 'debian:5.10' is pinned twice (tollgate.lock:13:13)"],
    ],
    ['an empty file', '', ["'the file': Invalid input: expected object, received null (tollgate.lock:1:1)"]],
    [
      'two mistakes',
      good.replace('version: 1', 'version: 2').replace('1924', 'many'),
      [
        "'version': expected 1, the only version there is (tollgate.lock:2:10)",
        "'kernels[0].packages[0].size': Invalid input: expected number, received string (tollgate.lock:9:15)",
      ],
    ],
  ])('%s', (_what, text, expected) => {
    expect(mistakes(text)).toEqual(expected.map((line) => `Cannot use lock file: ${line}`));
  });

  test('text that is no YAML', () => {
    expect(mistakes('version: 1\nkernels: [\n')).toEqual([
      expect.stringMatching(/^Cannot use lock file: .* \(tollgate\.lock:\d+:\d+\)$/),
    ]);
  });

  test('marks of a merge that went wrong', () => {
    expect(mistakes(`<<<<<<< HEAD\n${good}`).length).toBeGreaterThan(0);
  });

  test('a file of a hundred megabytes is not read into objects', () => {
    expect(mistakes('x'.repeat(2 * 1024 * 1024))).toEqual([
      'Cannot use lock file: it has more than 1048576 characters (tollgate.lock:1:1)',
    ]);
  });

  test('aliases that multiply are refused', () => {
    expect(mistakes('a: &a [x, x]\nversion: *a\nkernels: [*a, *a]\n').length).toBeGreaterThan(0);
  });
});

/** The first lines of the errors, as the user sees them. */
function mistakes(text: string): readonly string[] {
  try {
    parseLock(text, 'tollgate.lock');
    return [];
  } catch (error) {
    const { errors } = error as TollgateErrors;
    return (errors ?? [error]).map((one) => formatError(one).split('\n')[0]!);
  }
}
