import { cp, mkdir, mkdtemp, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { INSTALLED } from '../model/tools.ts';
import { type CacheOptions, type CacheStore, cacheKeys, restoreCache } from './cache.ts';
import { digestOfText } from './machine.ts';

let folder: string;
let said: string[];
let saves: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-cache-'));
  said = [];
  saves = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A store that puts things where they were saved from, relative to `cacheDir`, as a runner's home is the same. */
function storeFor(cacheDir: string): CacheStore {
  const place = (key: string) => join(folder, 'store', key);
  return {
    restore: async (paths, key, restoreKeys) => {
      const found = [key, ...restoreKeys]
        .map((start) => saves.findLast((saved) => saved.startsWith(start)))
        .find((saved) => saved !== undefined);
      if (found === undefined) return undefined;
      for (const path of paths)
        await cp(join(place(found), relative(cacheDir, path)), path, {
          recursive: true,
          preserveTimestamps: true,
        }).catch(() => {});
      return found;
    },
    save: async (paths, key) => {
      for (const path of paths)
        await cp(path, join(place(key), relative(cacheDir, path)), { recursive: true }).catch(() => {});
      saves.push(key);
    },
  };
}

function optionsFor(runner: string, store?: CacheStore): CacheOptions {
  const cacheDir = join(folder, runner);
  return {
    cacheDir,
    store: store ?? storeFor(cacheDir),
    log: {
      group: (_, work) => work(),
      info: () => {},
      warning: (line) => said.push(line),
    },
    machine: { commands: ['/usr/bin', '/usr/sbin'], libraries: ['/usr/lib/x86_64-linux-gnu'] },
    version: '1.0.0',
    kernels: ['debian:6.1'],
  };
}

const FILES = [
  'kernels/k1/boot/vmlinuz-6.1',
  'kernels/k1/kernel.json',
  'resolutions/r1.json',
  'states/s1/meta.json',
  'states/s1/ram',
];

/** A cache folder as a run leaves it: a kernel, an answer, a state whose memory is mostly holes. */
async function fill(cacheDir: string, answer = 'asked today'): Promise<void> {
  const image = 'image';
  const contents: Readonly<Record<string, string>> = {
    'kernels/k1/boot/vmlinuz-6.1': image,
    'kernels/k1/kernel.json': JSON.stringify({ release: '6.1', image: { sha256: digestOfText(image) } }),
    'kernels/k1/lib/unused.ko': 'not listed',
    'resolutions/r1.json': answer,
    'states/s1/meta.json': '{}',
    'states/s1/ram': 'memory',
  };
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(cacheDir, path)), { recursive: true });
    await writeFile(join(cacheDir, path), text);
  }
  await truncate(join(cacheDir, 'states/s1/ram'), 64 << 20);
  const taken = new Date(1_700_000_000_123);
  await utimes(join(cacheDir, 'kernels/k1/boot/vmlinuz-6.1'), taken, taken);
}

async function firstRun(): Promise<void> {
  const options = optionsFor('first');
  await fill(options.cacheDir);
  const cache = await restoreCache(options);
  expect(cache.restoredKey).toBeUndefined();
  await cache.save(FILES, INSTALLED);
}

const read = (runner: string, path: string) => readFile(join(folder, runner, path), 'utf8');
const exists = (runner: string, path: string) =>
  stat(join(folder, runner, path)).then(
    () => true,
    () => false,
  );

describe('from one runner to the next', () => {
  test('what was used arrives as it was, holes and times included, and nothing else does', async () => {
    await firstRun();
    const cache = await restoreCache(optionsFor('second'));
    expect(cache.restoredKey).toBe(saves[0]);
    expect(await cache.unpack(INSTALLED)).toEqual(['kernels/k1', 'states/s1', 'resolutions/r1.json']);

    const paths = [...FILES, 'kernels/k1/lib/unused.ko', 'kept.tar'];
    const there = await Promise.all(paths.map((path) => exists('second', path)));
    expect(there).toEqual([...FILES.map(() => true), false, false]);
    expect(await read('second', 'resolutions/r1.json')).toBe('asked today');
    const ram = await stat(join(folder, 'second/states/s1/ram'));
    expect([ram.size, ram.blocks * 512 < 1 << 20]).toEqual([64 << 20, true]);
    const [before, after] = await Promise.all(
      ['first', 'second'].map((runner) => stat(join(folder, runner, 'kernels/k1/boot/vmlinuz-6.1'))),
    );
    expect(after!.mtimeMs).toBe(before!.mtimeMs);
    expect(said).toEqual([]);
  });

  test('a run that used the very same saves nothing', async () => {
    await firstRun();
    const cache = await restoreCache(optionsFor('second'));
    await cache.unpack(INSTALLED);
    await cache.save(FILES, INSTALLED);
    expect(saves).toHaveLength(1);
  });

  test.each([
    {
      change: 'another state',
      files: FILES.filter((path) => !path.startsWith('states/')),
      answer: 'asked today',
    },
    { change: 'a new answer of the archive', files: FILES, answer: 'asked tomorrow' },
  ])('$change is saved under another key, which the next run prefers', async ({ files, answer }) => {
    await firstRun();
    const second = optionsFor('second');
    const cache = await restoreCache(second);
    await fill(second.cacheDir, answer);
    await cache.save(files, INSTALLED);
    expect(new Set(saves).size).toBe(2);
    expect((await restoreCache(optionsFor('third'))).restoredKey).toBe(saves[1]);
  });

  test('what a runner has already is not overwritten', async () => {
    await firstRun();
    const second = optionsFor('second');
    await fill(second.cacheDir, 'asked by this runner');
    expect(await (await restoreCache(second)).unpack(INSTALLED)).toEqual([]);
    expect(await read('second', 'resolutions/r1.json')).toBe('asked by this runner');
  });

  test('a kernel whose image is not what it says is left out', async () => {
    const first = optionsFor('first');
    await fill(first.cacheDir);
    await writeFile(join(first.cacheDir, 'kernels/k1/boot/vmlinuz-6.1'), 'other');
    await (await restoreCache(first)).save(FILES, INSTALLED);
    await (await restoreCache(optionsFor('second'))).unpack(INSTALLED);
    expect(await exists('second', 'kernels/k1')).toBe(false);
    expect(await exists('second', 'states/s1')).toBe(true);
  });
});

describe('a store that fails is a warning and no more', () => {
  const failing: CacheStore = {
    restore: async () => {
      throw new Error('503');
    },
    save: async () => {
      throw new Error('the token may only read');
    },
  };

  test('on restoring and on saving', async () => {
    const options = optionsFor('first', failing);
    await fill(options.cacheDir);
    const cache = await restoreCache(options);
    await cache.unpack(INSTALLED);
    await cache.save(FILES, INSTALLED);
    expect(said).toEqual(['Cannot restore the cache: 503', 'Cannot save the cache: the token may only read']);
    expect(await exists('first', 'kept.tar')).toBe(false);
  });

  test('an archive that was cut short', async () => {
    await firstRun();
    await truncate(join(folder, 'store', saves[0]!, 'kept.tar'), 40);
    await (await restoreCache(optionsFor('second'))).unpack(INSTALLED);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^Cannot unpack the cache: /);
    expect(await exists('second', 'kernels')).toBe(false);
  });

  test('a file that is gone when it is to be saved', async () => {
    const options = optionsFor('first');
    await fill(options.cacheDir);
    await (await restoreCache(options)).save([...FILES, 'states/s2/ram'], INSTALLED);
    expect(said[0]).toMatch(/^Cannot save the cache: .*s2/s);
    expect(saves).toEqual([]);
  });
});

test('other kernels, another lock, another version and another machine have other keys', () => {
  const machine = { distribution: 'ubuntu', release: '24.04', arch: 'x64' };
  const asked = { version: '1.0.0', kernels: ['debian:6.1', 'debian:5.10'] };
  const lock = [{ reference: 'debian:6.1', version: '6.1.192-2', packages: [] }];
  const [narrow, wide] = cacheKeys(machine, asked);
  expect(wide).toBe('tollgate-1-1.0.0-ubuntu-24.04-x64-');
  expect(narrow).toMatch(/^tollgate-1-1\.0\.0-ubuntu-24\.04-x64-[0-9a-f]{16}-$/);
  expect(cacheKeys(machine, { ...asked, kernels: ['debian:5.10', 'debian:6.1'] })).toEqual([narrow, wide]);
  expect(cacheKeys(machine, { ...asked, kernels: ['debian:6.1'] })).toEqual([
    expect.not.stringMatching(narrow),
    wide,
  ]);
  expect(cacheKeys(machine, { ...asked, lock })).toEqual([expect.not.stringMatching(narrow), wide]);
  expect(cacheKeys(machine, { ...asked, version: '1.0.1' })[1]).not.toBe(wide);
  expect(cacheKeys({ ...machine, release: '22.04' }, asked)[1]).not.toBe(wide);
});
