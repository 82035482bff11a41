import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineId } from './machine.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-machine-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

test.each([
  {
    says: 'NAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n',
    is: { distribution: 'ubuntu', release: '22.04' },
  },
  {
    says: 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n',
    is: { distribution: 'debian', release: '13' },
  },
  { says: 'ID=debian\nVERSION_CODENAME=forky\n', is: { distribution: 'debian', release: 'forky' } },
  { says: 'garbage', is: { distribution: 'unknown', release: 'unknown' } },
])('a machine whose os-release says $says is $is', async ({ says, is }) => {
  const file = join(folder, 'os-release');
  await writeFile(file, says);
  expect(await machineId(file)).toEqual({ ...is, arch: process.arch });
});

test('a machine without an os-release is unknown', async () => {
  expect(await machineId(join(folder, 'none'))).toMatchObject({ distribution: 'unknown' });
});
