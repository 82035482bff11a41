import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CpioEntry, writeCpio } from './cpio.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tollgate-cpio-'));
});

afterEach(() => rm(dir, { recursive: true }));

async function entries(): Promise<CpioEntry[]> {
  await writeFile(join(dir, 'program'), 'x'.repeat(70_001));
  return [
    { path: 'bin', kind: 'directory' },
    { path: 'bin/program', kind: 'file', from: join(dir, 'program'), executable: true },
    { path: 'bin/link', kind: 'symlink', target: 'program' },
    { path: 'dev', kind: 'directory' },
    { path: 'dev/console', kind: 'device', major: 5, minor: 1 },
    { path: 'plain', kind: 'file', from: join(dir, 'program') },
    { path: 'note é', kind: 'data', bytes: Buffer.from('four') },
    { path: 'empty', kind: 'data', bytes: new Uint8Array() },
  ];
}

test('the real cpio lists every entry with its type, mode, owner, size and time', async () => {
  const path = join(dir, 'archive');
  const size = await writeCpio(path, await entries());
  const bytes = await readFile(path);
  expect(bytes.length).toBe(size);
  const { stdout } = await execa('cpio', ['-tv', '--quiet', '--numeric-uid-gid'], {
    input: bytes,
    env: { TZ: 'UTC', LC_ALL: 'C' },
  });
  expect(stdout.split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
    'drwxr-xr-x 2 0 0 0 Jan 1 1970 bin',
    '-rwxr-xr-x 1 0 0 70001 Jan 1 1970 bin/program',
    'lrwxrwxrwx 1 0 0 7 Jan 1 1970 bin/link -> program',
    'drwxr-xr-x 2 0 0 0 Jan 1 1970 dev',
    'crw------- 1 0 0 5, 1 Jan 1 1970 dev/console',
    '-rw-r--r-- 1 0 0 70001 Jan 1 1970 plain',
    '-rw-r--r-- 1 0 0 4 Jan 1 1970 note é',
    '-rw-r--r-- 1 0 0 0 Jan 1 1970 empty',
  ]);
});

test('the real cpio unpacks the same bytes that went in', async () => {
  const path = join(dir, 'archive');
  await writeCpio(
    path,
    (await entries()).filter(({ kind }) => kind !== 'device'),
  );
  const out = join(dir, 'out');
  await mkdir(out);
  await execa('cpio', ['-id', '--quiet', '--no-preserve-owner'], { input: await readFile(path), cwd: out });
  expect(await readFile(join(out, 'bin/link'), 'utf8')).toBe('x'.repeat(70_001));
  expect(await readFile(join(out, 'note é'), 'utf8')).toBe('four');
});

test('the same entries give the same bytes, whenever and wherever they are written', async () => {
  const list = await entries();
  await writeCpio(join(dir, 'one'), list);
  await writeFile(join(dir, 'program'), 'x'.repeat(70_001)); // another time stamp
  await writeCpio(join(dir, 'two'), list);
  expect((await readFile(join(dir, 'one'))).equals(await readFile(join(dir, 'two')))).toBe(true);
});

test('an archive is never written over another file', async () => {
  await writeFile(join(dir, 'there'), 'mine');
  await expect(writeCpio(join(dir, 'there'), [])).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(join(dir, 'there'), 'utf8')).toBe('mine');
});

test('a file that is gone makes the writing fail', async () => {
  const gone: CpioEntry = { path: 'gone', kind: 'file', from: join(dir, 'gone') };
  await expect(writeCpio(join(dir, 'archive'), [gone])).rejects.toMatchObject({ code: 'ENOENT' });
});
