import { existsSync, statSync } from 'node:fs';
import {
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hello } from '../model/records.ts';
import {
  dropState,
  evictStates,
  findSavedState,
  keepState,
  knowCopiedStates,
  listSavedStates,
  newStateFolder,
  statePaths,
  writeSparse,
} from './saved-state.ts';

const HELLO: Hello = {
  type: 'hello',
  release: '6.1.0',
  node: 'v20.0.0',
  libbpf: '1.1',
  tickNs: '4000000',
  ticksPerSecond: '1000000000',
  possibleCpus: 1,
  warnings: [],
};
const MB = 1 << 20;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-states-'));
});

afterEach(() => rm(dir, { recursive: true }));

/** A state whose memory holds `megabytes` of data in twice the size. */
async function make(key: string, megabytes = 1) {
  const folder = newStateFolder(dir);
  const { ramPath, devicesPath } = statePaths(folder);
  const from = join(dir, 'memory');
  await writeFile(from, Buffer.alloc(megabytes * MB, key));
  await truncate(from, 2 * megabytes * MB);
  const ramDigest = await writeSparse(from, ramPath, []);
  await writeFile(devicesPath, `devices of ${key}`);
  return await keepState(dir, key, folder, { label: `label of ${key}`, hello: HELLO, ramDigest });
}

const ramOf = (key: string) => join(dir, 'states', key, 'ram');
const used = async (key: string, seconds: number) =>
  utimes(join(dir, 'states', key, 'meta.json'), seconds, seconds);

test('a kept state is found, private, sparse, with what the guest said', async () => {
  const made = await make('a');
  expect(await findSavedState(dir, 'a')).toEqual(made);
  expect(made).toEqual({ ramPath: ramOf('a'), devicesPath: join(dir, 'states/a/devices'), hello: HELLO });
  expect((statSync(join(dir, 'states/a')).mode & 0o777).toString(8)).toBe('700');
  expect(
    (await readFile(made.ramPath)).equals(Buffer.concat([Buffer.alloc(MB, 'a'), Buffer.alloc(MB)])),
  ).toBe(true);
  expect(statSync(made.ramPath).blocks * 512).toBeLessThan(1.2 * MB);
  expect(await readdir(join(dir, 'states'))).toEqual(['a']);
});

test('no state is no state', async () => {
  expect(await findSavedState(dir, 'a')).toBe(undefined);
  expect(listSavedStates(dir)).toEqual([]);
  evictStates(dir, 0);
  dropState(dir, 'a');
});

const DAMAGES: readonly [what: string, damage: (path: string) => Promise<unknown>][] = [
  ['truncated', (path) => truncate(path, 1000)],
  ['garbled in one byte', (path) => writeFile(path, 'X', { flag: 'r+' })],
  ['emptied', (path) => truncate(path, 0)],
  ['removed', (path) => rm(path)],
];

test.each(
  ['ram', 'devices', 'meta.json'].flatMap((file) => DAMAGES.map((damage) => [file, ...damage] as const)),
)('a state whose %s was %s is not used', async (file, what, damage) => {
  await make('a');
  await damage(join(dir, 'states/a', file));
  const gone = file === 'meta.json' && what === 'removed';
  expect(await findSavedState(dir, 'a')).toBe(gone ? undefined : 'damaged');
});

test('a state whose files were copied whole is read once and good', async () => {
  await make('a');
  await copyFile(ramOf('a'), join(dir, 'copy'));
  await rename(join(dir, 'copy'), ramOf('a'));
  const before = await readFile(join(dir, 'states/a/meta.json'), 'utf8');
  expect(await findSavedState(dir, 'a')).toMatchObject({ hello: HELLO });
  const after = await readFile(join(dir, 'states/a/meta.json'), 'utf8');
  expect(after).not.toBe(before);
  expect(await findSavedState(dir, 'a')).toMatchObject({ hello: HELLO });
  expect(await readFile(join(dir, 'states/a/meta.json'), 'utf8')).toBe(after);
});

test('states are listed with the disk they take, the last used first', async () => {
  for (const key of ['a', 'b', 'c']) await make(key);
  await used('a', 3000);
  await used('b', 1000);
  await used('c', 2000);
  expect(
    listSavedStates(dir).map(({ sizeBytes, ...rest }) => ({ ...rest, mb: Math.floor(sizeBytes / MB) })),
  ).toEqual([
    { key: 'a', label: 'label of a', usedAt: new Date(3_000_000), mb: 1 },
    { key: 'c', label: 'label of c', usedAt: new Date(2_000_000), mb: 1 },
    { key: 'b', label: 'label of b', usedAt: new Date(1_000_000), mb: 1 },
  ]);
});

test('finding a state marks it as used', async () => {
  await make('a');
  await make('b');
  await used('a', 1000);
  await used('b', 2000);
  await findSavedState(dir, 'a');
  expect(listSavedStates(dir).map(({ key }) => key)).toEqual(['a', 'b']);
});

const EVICTIONS: readonly [limitMb: number, inUse: string | undefined, left: string[]][] = [
  [100, undefined, ['a', 'c', 'b']],
  [2.5, undefined, ['a', 'c']],
  [1.5, undefined, ['a']],
  [0, undefined, []],
  [0, 'b', ['b']],
  [0, 'a', ['a']],
];

test.each(EVICTIONS)('within %j MB, %j being in use, %j are left', async (limitMb, inUse, left) => {
  for (const key of ['a', 'b', 'c']) await make(key);
  await used('a', 3000);
  await used('b', 1000);
  await used('c', 2000);
  evictStates(dir, limitMb * MB, inUse); // each takes 1 MB and a little
  expect(listSavedStates(dir).map(({ key }) => key)).toEqual(left);
  expect((await readdir(join(dir, 'states'))).sort()).toEqual([...left].sort());
});

test('the first to keep a state wins, and the other’s leaves nothing', async () => {
  const first = await make('a');
  expect(await make('a')).toEqual(first);
  expect(await readdir(join(dir, 'states'))).toEqual(['a']);
});

test('folders of dead processes are removed, those of living ones stay', async () => {
  const gone = execa('true');
  await gone;
  const mine = newStateFolder(dir);
  const theirs = newStateFolder(dir);
  await writeFile(join(theirs, 'ram'), 'half');
  await rename(theirs, theirs.replace(`-${process.pid}-`, `-${gone.pid}-`));
  evictStates(dir, 0);
  expect((await readdir(join(dir, 'states'))).map((name) => join(dir, 'states', name))).toEqual([mine]);
});

test('a state being removed is no longer found, though a VM has it open', async () => {
  await make('a');
  dropState(dir, 'a');
  expect([await findSavedState(dir, 'a'), existsSync(join(dir, 'states/a'))]).toEqual([undefined, false]);
});

test('skipped ranges read as zeros and the digest knows', async () => {
  const from = join(dir, 'memory');
  await writeFile(from, Buffer.alloc(4 * MB, 'x'));
  const whole = await writeSparse(from, join(dir, 'whole'), []);
  const holed = await writeSparse(from, join(dir, 'holed'), [{ at: MB, size: 2 * MB }]);
  const expected = Buffer.alloc(4 * MB, 'x').fill(0, MB, 3 * MB);
  expect((await readFile(join(dir, 'holed'))).equals(expected)).toBe(true);
  expect(whole).not.toBe(holed);
});

test('two processes that make, find and evict the same states at once leave only whole ones', async () => {
  const script = `
    import { writeFileSync } from 'node:fs';
    import { join } from 'node:path';
    import * as states from ${JSON.stringify(join(import.meta.dirname, 'saved-state.ts'))};
    const [dir, who] = process.argv.slice(2);
    for (let i = 0; i < 60; i++) {
      const key = 'k' + (i % 3);
      const folder = states.newStateFolder(dir);
      const { ramPath, devicesPath } = states.statePaths(folder);
      const from = join(dir, 'memory-' + who);
      writeFileSync(from, Buffer.alloc(200000, key));
      const ramDigest = await states.writeSparse(from, ramPath, []);
      writeFileSync(devicesPath, key);
      await states.keepState(dir, key, folder, { label: key, hello: ${JSON.stringify(HELLO)}, ramDigest });
      const found = await states.findSavedState(dir, key);
      if (found === 'damaged') throw new Error('damaged');
      if (i % 5 === 4) states.evictStates(dir, 300000);
      if (i % 7 === 6) states.dropState(dir, key);
    }
    process.stdout.write('done');
  `;
  const path = join(dir, 'script.mjs');
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  await writeFile(path, outputFiles[0]!.contents);
  const both = await Promise.all(['1', '2'].map((who) => execa('node', [path, dir, who])));
  expect(both.map(({ stdout }) => stdout)).toEqual(['done', 'done']);
  const names = await readdir(join(dir, 'states'));
  expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
  for (const name of names) expect(await findSavedState(dir, name)).toMatchObject({ hello: HELLO });
});

test('a copy that was checked while it was made is taken without being read, and later changes are still found', async () => {
  const made = await make('copied');
  const { ramPath, devicesPath } = made;
  // Another file of the same size in its place: only reading would tell.
  await writeFile(`${ramPath}.copy`, Buffer.alloc(2 * MB, 'other'));
  await rename(`${ramPath}.copy`, ramPath);
  knowCopiedStates(dir, ['copied', 'gone']);
  expect(await findSavedState(dir, 'copied')).toEqual({ ramPath, devicesPath, hello: HELLO });
  await writeFile(ramPath, Buffer.alloc(2 * MB, 'again'));
  expect(await findSavedState(dir, 'copied')).toBe('damaged');
});
