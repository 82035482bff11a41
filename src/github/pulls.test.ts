import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GitHub } from './client.ts';
import { commitsOf, labelsOf, pullRequestsOf } from './pulls.ts';
import { connect } from './testing/connect.ts';
import { type FakeGitHub, type FakePull, startGitHub } from './testing/server.ts';

const SHA = 'a'.repeat(40);
const at = { owner: 'acme', repo: 'lb' };
const mallory = { owner: 'mallory', repo: 'lb' };

let server: FakeGitHub;
let github: GitHub;
beforeEach(async () => {
  server = await startGitHub();
  github = connect(server);
});
afterEach(() => server.close());

const pull = (
  number: number,
  given: Partial<FakePull> = {},
  head: Partial<FakePull['head']> = {},
): FakePull => ({
  number,
  head: { ref: 'fast', sha: SHA, repository: 'mallory/lb', ...head },
  base: { ref: 'main', sha: 'b'.repeat(40) },
  ...given,
});

describe('the pull request of a head', () => {
  const head = { sha: SHA, branch: 'fast', repository: mallory };

  test.each<{ name: string; pulls: FakePull[]; found: number[] }>([
    { name: 'is found in a fork', pulls: [pull(7)], found: [7] },
    {
      name: 'is one for every base it is offered to',
      pulls: [pull(9, { base: { ref: 'release', sha: SHA } }), pull(7)],
      found: [7, 9],
    },
    { name: 'is not one that was closed', pulls: [pull(7, { state: 'closed' })], found: [] },
    { name: 'is not one that moved on', pulls: [pull(7, {}, { sha: 'f'.repeat(40) })], found: [] },
    {
      name: 'is not the same commit of another fork',
      pulls: [pull(7, {}, { repository: 'eve/lb' })],
      found: [],
    },
    {
      name: 'is not one from another repository of that owner',
      pulls: [pull(7, {}, { repository: 'mallory/x' })],
      found: [],
    },
    { name: 'is not one whose fork was deleted', pulls: [pull(7, {}, { repository: null })], found: [] },
  ])('$name', async ({ pulls, found }) => {
    server.state.pulls = pulls;
    expect(await pullRequestsOf(github, at, head)).toEqual(found);
  });

  test('is told from others even if GitHub lists them all', async () => {
    server.state.pulls = [pull(7)];
    const everything = [
      pull(1, {}, { repository: 'acme/lb' }),
      pull(2, {}, { ref: 'slow', sha: 'e'.repeat(40) }),
    ];
    server.faults.push({
      on: /pulls\?/,
      before: () => {
        server.state.pulls.push(
          ...everything.map((each) => ({ ...each, head: { ...each.head, ref: 'fast' } })),
        );
      },
    });
    expect(await pullRequestsOf(github, at, head)).toEqual([7]);
    expect(server.calls.map(({ path }) => path)).toEqual([
      '/repos/acme/lb/pulls?state=open&head=mallory%3Afast&per_page=100&page=1',
    ]);
  });
});

describe('labels', () => {
  test('are read from every page', async () => {
    const labels = Array.from({ length: 101 }, (_, i) => `label ${i}`);
    server.state.pulls = [pull(7, { labels })];
    expect(await labelsOf(github, at, 7)).toEqual(labels);
  });

  test('that cannot be read are an error that says what the job lacks', async () => {
    server.faults.push({ on: /labels/, answer: { status: 403 } });
    await expect(labelsOf(github, at, 7)).rejects.toMatchObject({
      kind: 'infrastructure',
      message: 'Cannot read the labels of acme/lb#7: GitHub answered 403 (provoked)',
      details: { hint: expect.stringContaining('permissions:') },
    });
  });
});

describe('commits', () => {
  const commits = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      sha: `${i}`.padStart(40, '0'),
      message: `Change ${i}\n\nBody`,
    }));

  test('are read from every page', async () => {
    server.state.pulls = [pull(7, { commits: commits(130) })];
    expect(await commitsOf(github, at, 7)).toEqual({ commits: commits(130), total: 130 });
    expect(server.calls).toHaveLength(2);
  });

  test.each([250, 260])('of %i are the first 250, and the count of all', async (total) => {
    server.state.pulls = [pull(7, { commits: commits(total) })];
    expect(await commitsOf(github, at, 7)).toEqual({ commits: commits(250), total });
  });
});
