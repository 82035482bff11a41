import { existsSync, statfsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownName } from './leftovers.ts';
import { scratchFolders, withScratch } from './scratch.ts';

const MB = 1 << 20;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-scratch-'));
});

afterEach(() => rm(dir, { recursive: true }));

const freeBytes = () => {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
};

test('memory comes before disk', () => {
  expect(scratchFolders('/cache')).toEqual(['/dev/shm', '/cache/tmp']);
});

test('the folder is private, and gone when its user is done or has failed', async () => {
  const modes: unknown[] = [];
  const use = async (folder: string) => {
    modes.push((await execa('stat', ['-c', '%a %F', folder])).stdout);
    await writeFile(join(folder, 'ram'), 'x');
    throw new Error('mine');
  };
  await expect(withScratch({ folders: [dir], sizeBytes: MB }, use)).rejects.toThrow('mine');
  expect([modes, await readdir(dir)]).toEqual([['700 directory'], []]);
});

test('the first folder with the room is taken; the last is made', async () => {
  const folders = [join(dir, 'none'), dir, join(dir, 'later')];
  expect(await withScratch({ folders, sizeBytes: MB }, async (folder) => dirname(folder))).toBe(dir);
  const last = [join(dir, 'none'), join(dir, 'made', 'deep')];
  expect(await withScratch({ folders: last, sizeBytes: MB }, async (folder) => dirname(folder))).toBe(
    last[1],
  );
  expect(existsSync(join(dir, 'none'))).toBe(false);
});

test('no room anywhere is an error that names every folder', async () => {
  const sizeBytes = freeBytes() + 10_000 * MB;
  await expect(
    withScratch({ folders: [join(dir, 'none'), dir], sizeBytes }, async () => 1),
  ).rejects.toMatchObject({
    kind: 'infrastructure',
    details: { reason: 'no-scratch-space' },
    message: expect.stringMatching(
      /^Cannot find room for \d+ MB of guest memory: .*none.*; .* lacks \d+ MB$/s,
    ),
  });
  expect(await readdir(dir)).toEqual([]);
});

test('room that another VM was promised and has not yet taken is not free', async () => {
  const most = Math.floor(freeBytes() / MB);
  const use = async (folder: string) => dirname(folder);
  const nested = withScratch({ folders: [dir], sizeBytes: 0.6 * most * MB }, () =>
    withScratch({ folders: [dir], sizeBytes: 0.6 * most * MB }, use),
  );
  await expect(nested).rejects.toMatchObject({ details: { reason: 'no-scratch-space' } });
  expect(await withScratch({ folders: [dir], sizeBytes: 0.6 * most * MB }, use)).toBe(dir);
});

test('what a killed process left is removed before the room is counted', async () => {
  const gone = execa('true');
  await gone;
  await mkdir(join(dir, ownName('tollgate-vm.99999999').replace(`-${process.pid}-`, `-${gone.pid}-`)));
  await withScratch({ folders: [dir], sizeBytes: MB }, async () => {});
  expect(await readdir(dir)).toEqual([]);
});
