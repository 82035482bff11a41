import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownName, removeLeftovers } from './leftovers.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-leftovers-'));
});

afterEach(() => rm(dir, { recursive: true }));

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const process_ = execa('true');
  await process_;
  return process_.pid!;
}

const byPid = (name: string, pid: number) => name.replace(`-${process.pid}-`, `-${pid}-`);

test('no two names are the same', () => {
  expect(new Set(Array.from({ length: 100 }, () => ownName('x'))).size).toBe(100);
});

test('what a dead process left is removed, folders whole; what a living one has stays', async () => {
  const dead = await deadPid();
  const mine = ownName('.passing');
  await writeFile(join(dir, mine), 'x');
  await mkdir(join(dir, byPid(ownName('.passing'), dead), 'inner'), { recursive: true });
  await writeFile(join(dir, byPid(ownName('.passing'), dead)), 'x');
  removeLeftovers(dir, '.passing');
  expect(await readdir(dir)).toEqual([mine]);
});

test('names of another kind stay, whatever they look like', async () => {
  const dead = await deadPid();
  const names = [
    '.passing',
    `.passing-${dead}`,
    `.passing-12345678-${dead}`,
    byPid(ownName('other'), dead),
    'state',
  ];
  for (const name of names) await writeFile(join(dir, name), 'x');
  removeLeftovers(dir, '.passing');
  expect(await readdir(dir)).toEqual(names.sort());
});

test('what another machine left goes after a day, for its pids mean nothing here', async () => {
  const dead = await deadPid();
  const [young, old] = [`.passing-00000000-${dead}-0`, `.passing-00000000-${dead}-1`];
  for (const name of [young, old]) await writeFile(join(dir, name), 'x');
  const twoDaysAgo = new Date(Date.now() - 2 * 24 * 3600 * 1000);
  await utimes(join(dir, old), twoDaysAgo, twoDaysAgo);
  removeLeftovers(dir, '.passing');
  expect(await readdir(dir)).toEqual([young]);
});

test('a folder that is not there holds no leftovers', () => {
  removeLeftovers(join(dir, 'none'), '.passing');
  expect(existsSync(join(dir, 'none'))).toBe(false);
});
