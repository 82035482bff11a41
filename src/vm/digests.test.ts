import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { digestOf, digestsOf } from './digests.ts';
import { remember } from './remember.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-digests-'));
});

afterEach(() => rm(dir, { recursive: true }));

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('digests come in the order of the paths, and are remembered in one file', async () => {
  const cache = join(dir, 'cache');
  await writeFile(join(dir, 'a'), 'one');
  await writeFile(join(dir, 'b'), 'two');
  const paths = [join(dir, 'b'), join(dir, 'a'), join(dir, 'b')];
  const expected = [sha256('two'), sha256('one'), sha256('two')];
  expect(await digestsOf(paths, cache)).toEqual(expected);
  expect(await digestsOf(paths, cache)).toEqual(expected);
  expect(await readdir(cache)).toEqual(['digests.json']);
});

test('a file is read again only when stat says that it is another', async () => {
  const [cache, path] = [join(dir, 'cache'), join(dir, 'a')];
  await writeFile(path, 'one');
  await digestsOf([path], cache);
  const store = JSON.parse(await readFile(join(cache, 'digests.json'), 'utf8'));
  store[path].sha256 = 'remembered';
  await writeFile(join(cache, 'digests.json'), JSON.stringify(store));
  expect(await digestsOf([path], cache)).toEqual(['remembered']);
  await utimes(path, 1, 1);
  expect(await digestsOf([path], cache)).toEqual([sha256('one')]);
});

test.each(['{"half', '[]', '{"/a": {"sha256": 1}}', ''])(
  'a store that says %j is made again',
  async (text) => {
    await writeFile(join(dir, 'a'), 'one');
    await writeFile(join(dir, 'digests.json'), text);
    expect(await digestsOf([join(dir, 'a')], dir)).toEqual([sha256('one')]);
    expect(await digestsOf([join(dir, 'a')], dir)).toEqual([sha256('one')]);
  },
);

test('two at once lose neither their digests nor the file', async () => {
  await writeFile(join(dir, 'a'), 'one');
  await writeFile(join(dir, 'b'), 'two');
  const cache = join(dir, 'cache');
  const all = await Promise.all(['a', 'b', 'a', 'b'].map((name) => digestsOf([join(dir, name)], cache)));
  expect(all.flat()).toEqual([sha256('one'), sha256('two'), sha256('one'), sha256('two')]);
  expect(await readdir(cache)).toEqual(['digests.json']);
  JSON.parse(await readFile(join(cache, 'digests.json'), 'utf8'));
});

test('a file that is not there is an error', async () => {
  await expect(digestsOf([join(dir, 'none')], dir)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('values with the same JSON have the same digest', () => {
  expect(digestOf({ a: [1, 'b'] })).toBe(sha256('{"a":[1,"b"]}'));
});

test('an answer is asked for once, and again when what is kept does not parse', async () => {
  const path = join(dir, 'deep', 'answer');
  let asked = 0;
  const ask = () => remember(path, z.strictObject({ n: z.number() }), async () => ({ n: ++asked }));
  expect([await ask(), await ask()]).toEqual([{ n: 1 }, { n: 1 }]);
  await writeFile(path, '{"n": "x"}');
  expect([await ask(), await ask()]).toEqual([{ n: 2 }, { n: 2 }]);
  expect(await readdir(join(dir, 'deep'))).toEqual(['answer']);
});

test('an answer that cannot be had is not kept', async () => {
  const path = join(dir, 'answer');
  await expect(
    remember(path, z.number(), async () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await readdir(dir)).toEqual([]);
});
