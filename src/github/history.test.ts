import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GitHub } from './client.ts';
import { keepHistory } from './history.ts';
import { connect } from './testing/connect.ts';
import { type FakeGitHub, startGitHub } from './testing/server.ts';

let server: FakeGitHub;
let github: GitHub;
beforeEach(async () => {
  server = await startGitHub();
  github = connect(server);
});
afterEach(() => server.close());

const at = { owner: 'acme', repo: 'lb' };
const entry = { branch: 'tollgate-history', path: 'tollgate.yml/1.json', text: '{"ü":1}', message: 'Keep 1' };
const README = ['README.md', 'Reports of Tollgate, one for each commit of the default branch.\n'];
const files = () => [...(server.state.branches.get('tollgate-history') ?? [])];

test('the first entry makes the branch', async () => {
  expect(await keepHistory(github, at, entry)).toBe('added');
  expect(files()).toEqual([README, ['tollgate.yml/1.json', '{"ü":1}']]);
});

test('the next one is added beside it', async () => {
  await keepHistory(github, at, entry);
  expect(await keepHistory(github, at, { ...entry, path: 'tollgate.yml/2.json', text: '2' })).toBe('added');
  expect(files()).toEqual([README, ['tollgate.yml/1.json', '{"ü":1}'], ['tollgate.yml/2.json', '2']]);
});

test('an entry that is there stays as it is', async () => {
  await keepHistory(github, at, entry);
  expect(await keepHistory(github, at, { ...entry, text: 'other' })).toBe('there');
  expect(files()).toEqual([README, ['tollgate.yml/1.json', '{"ü":1}']]);
});

test('two runs that both make the branch both have their entry in it', async () => {
  const second = { ...entry, path: 'tollgate.yml/2.json', text: '2' };
  server.faults.push({ on: /^POST .*\/git\/refs/, before: () => keepHistory(github, at, second) });
  expect(await keepHistory(github, at, entry)).toBe('added');
  expect(files()).toEqual([README, ['tollgate.yml/2.json', '2'], ['tollgate.yml/1.json', '{"ü":1}']]);
});

test('a conflict with another run is tried again', async () => {
  await keepHistory(github, at, entry);
  server.faults.push({ on: /^PUT /, answer: { status: 409 } });
  expect(await keepHistory(github, at, { ...entry, path: 'tollgate.yml/2.json' })).toBe('added');
});

test('a token that may not write contents is an error that says what the job lacks', async () => {
  server.state.permissions = 'read';
  await expect(keepHistory(github, at, entry)).rejects.toMatchObject({
    kind: 'infrastructure',
    message:
      "Cannot write 'tollgate.yml/1.json' to branch 'tollgate-history' of acme/lb: " +
      'GitHub answered 403 (Resource not accessible by integration)',
    details: { hint: expect.stringContaining('permissions:') },
  });
});
