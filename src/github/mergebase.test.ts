import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GitHub } from './client.ts';
import { mergeBase } from './mergebase.ts';
import { connect } from './testing/connect.ts';
import { type FakeGitHub, startGitHub } from './testing/server.ts';

const HEAD = 'a'.repeat(40);
const FORKED_AT = 'b'.repeat(40);
const MERGE = 'c'.repeat(40);
const BEFORE = 'd'.repeat(40);
const KNOWN: Readonly<Record<string, string>> = {
  [`release/1.x...${HEAD}`]: FORKED_AT,
  [`release/1.x...${MERGE}`]: BEFORE,
};

let server: FakeGitHub;
let github: GitHub;
beforeEach(async () => {
  server = await startGitHub({ mergeBase: (base, head) => KNOWN[`${base}...${head}`] });
  github = connect(server);
});
afterEach(() => server.close());

const at = { owner: 'acme', repo: 'lb' };

test.each<[string, string, unknown]>([
  ['the head of a pull request: where it left its base branch', HEAD, { kind: 'commit', sha: FORKED_AT }],
  ['its merge with the base branch: what it was merged into', MERGE, { kind: 'commit', sha: BEFORE }],
  [
    'a commit of an unrelated history: none, and why',
    BEFORE,
    {
      kind: 'none',
      reason:
        `GitHub knows no merge base of release/1.x and ${BEFORE}: ` +
        `No common ancestor between release/1.x and ${BEFORE}.`,
    },
  ],
])('the merge base of %s', async (_, head, base) => {
  expect(await mergeBase(github, at, 'release/1.x', head)).toEqual(base);
  expect(server.calls.map(({ path }) => path)).toEqual([
    `/repos/acme/lb/compare/release%2F1.x...${head}?per_page=1`,
  ]);
});

test('GitHub’s failure is not taken for the lack of a base', async () => {
  server.faults.push({ on: /compare/, times: 99, answer: { status: 503 } });
  await expect(mergeBase(github, at, 'release/1.x', HEAD)).rejects.toMatchObject({
    kind: 'infrastructure',
    message: `Cannot find the merge base of release/1.x and ${HEAD} in acme/lb: GitHub answered 503 (provoked)`,
  });
});
