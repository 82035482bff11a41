import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GitHub } from './client.ts';
import { FILE_LIMIT_BYTES, fileAt } from './contents.ts';
import { connect } from './testing/connect.ts';
import { type FakeGitHub, startGitHub } from './testing/server.ts';

const COMMIT = 'a'.repeat(40);
const FILES: Readonly<Record<string, string>> = {
  'ci/tollgate.yml': 'version: 1 # ünïcode, and long enough for several lines of base64\n',
  'a b/#?.yml': 'odd',
  empty: '',
  full: 'x'.repeat(FILE_LIMIT_BYTES),
  huge: 'x'.repeat(FILE_LIMIT_BYTES + 1),
};

let server: FakeGitHub;
let github: GitHub;
beforeEach(async () => {
  server = await startGitHub({
    file: (commit, path) => (commit === COMMIT && path in FILES ? Buffer.from(FILES[path]!) : undefined),
  });
  github = connect(server);
});
afterEach(() => server.close());

const read = (path: string, commit = COMMIT) => fileAt(github, { owner: 'acme', repo: 'lb' }, path, commit);

test.each(['ci/tollgate.yml', 'a b/#?.yml', 'empty', 'full'])('the text of %s', async (path) => {
  expect(await read(path)).toBe(FILES[path]);
});

test('a file that is not there is undefined, and so is one of another commit', async () => {
  expect(await read('tollgate.yml')).toBeUndefined();
  expect(await read('ci/tollgate.yml', 'b'.repeat(40))).toBeUndefined();
});

test('a file that is too large is refused', async () => {
  await expect(read('huge')).rejects.toMatchObject({
    kind: 'config',
    message: `Cannot read huge of acme/lb@${COMMIT}: 1048577 bytes are more than 1048576`,
  });
});

test('a folder is refused', async () => {
  server.faults.push({ on: /contents/, answer: { status: 200, body: [] } });
  await expect(read('ci')).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringContaining('no file'),
  });
});

test('GitHub’s failure is not taken for the lack of the file', async () => {
  server.faults.push({ on: /contents/, times: 99, answer: { status: 500 } });
  await expect(read('ci/tollgate.yml')).rejects.toMatchObject({
    kind: 'infrastructure',
    message: `Cannot read ci/tollgate.yml of acme/lb@${COMMIT}: GitHub answered 500 (provoked)`,
  });
});
