import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GitHub } from './client.ts';
import type { GitHubEvent } from './events.ts';
import { findBase, mergeBase } from './mergebase.ts';
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

const common = { owner: 'acme', repo: 'lb', headSha: HEAD, sha: MERGE };
const pullRequest: GitHubEvent = {
  ...common,
  kind: 'pull-request',
  name: 'pull_request',
  action: 'opened',
  pullRequest: { number: 7, headRef: 'fast', baseRef: 'release/1.x', fork: true },
};

test.each<{ name: string; event: GitHubEvent; measured?: string; base: unknown; asked: number }>([
  {
    name: 'the head of a pull request: where it left its base branch',
    event: pullRequest,
    base: { kind: 'commit', sha: FORKED_AT },
    asked: 1,
  },
  {
    name: 'its merge with the base branch: what it was merged into',
    event: pullRequest,
    measured: MERGE,
    base: { kind: 'commit', sha: BEFORE },
    asked: 1,
  },
  {
    name: 'a pull request of an unrelated history: nothing',
    event: pullRequest,
    measured: BEFORE,
    base: {
      kind: 'none',
      reason:
        `GitHub knows no merge base of release/1.x and ${BEFORE}: ` +
        `No common ancestor between release/1.x and ${BEFORE}.`,
    },
    asked: 1,
  },
  {
    name: 'a merge group: what it is on top of',
    event: { ...common, kind: 'merge-group', name: 'merge_group', baseSha: BEFORE, baseRef: 'main' },
    base: { kind: 'commit', sha: BEFORE },
    asked: 0,
  },
  {
    name: 'a push: what was there before',
    event: {
      ...common,
      kind: 'push',
      name: 'push',
      ref: 'refs/heads/main',
      toDefaultBranch: true,
      before: BEFORE,
    },
    base: { kind: 'commit', sha: BEFORE },
    asked: 0,
  },
  {
    name: 'a new branch: nothing',
    event: { ...common, kind: 'push', name: 'push', ref: 'refs/heads/next', toDefaultBranch: false },
    base: { kind: 'none', reason: 'the branch was just created' },
    asked: 0,
  },
  {
    name: 'a run by the clock: nothing',
    event: { ...common, kind: 'manual', name: 'schedule' },
    base: { kind: 'none', reason: 'schedule changes nothing to compare with; name a base-ref' },
    asked: 0,
  },
])('compares $name', async ({ event, measured = HEAD, base, asked }) => {
  expect(await findBase(github, event, measured)).toEqual(base);
  expect(server.calls).toHaveLength(asked);
});

test('GitHub’s failure is not taken for the lack of a base', async () => {
  server.faults.push({ on: /compare/, times: 99, answer: { status: 503 } });
  await expect(mergeBase(github, common, 'release/1.x', HEAD)).rejects.toMatchObject({
    kind: 'infrastructure',
    message: `Cannot find the merge base of release/1.x and ${HEAD} in acme/lb: GitHub answered 503 (provoked)`,
  });
});
