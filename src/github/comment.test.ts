import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GitHub } from './client.ts';
import { type CommentOutcome, type CommentRequest, commentBody, upsertComment } from './comment.ts';
import { connect } from './testing/connect.ts';
import type { Fault } from './testing/http.ts';
import { type FakeComment, type FakeGitHub, startGitHub } from './testing/server.ts';

const BOT = 'github-actions[bot]';
const ID = 'examples/lb/tollgate.yml';
const URL = 'https://github.com/acme/lb/pull/7#issuecomment-';
const LIST = /^GET .*\/comments/;
const POST = /^POST .*\/comments/;
const PATCH = /^PATCH /;
const GRAPHQL = /^POST \/graphql/;

let server: FakeGitHub;
let github: GitHub;

beforeEach(async () => {
  const head = { ref: 'fast', sha: 'a'.repeat(40), repository: 'acme/lb' };
  const base = { ref: 'main', sha: 'b'.repeat(40) };
  server = await startGitHub({ pulls: [{ number: 7, head, base }] });
  github = connect(server);
});
afterEach(() => server.close());

const upsert = (request: Partial<CommentRequest> = {}) =>
  upsertComment(
    github,
    { owner: 'acme', repo: 'lb', pullRequest: 7, id: ID, body: 'new', create: true, ...request },
    { pauseMs: 1 },
  );
const comment = (id: number, given: Partial<FakeComment> = {}): FakeComment => ({
  id,
  issue: 7,
  login: BOT,
  body: commentBody(ID, 'old'),
  ...given,
});
const bodies = () => server.state.comments.map(({ id, login, body }) => ({ id, login, body }));
const calls = () =>
  server.calls.map(({ method, path }) => `${method} ${path.split('?')[0]?.split('/').at(-1)}`);
const ours = (id: number, text = 'new') => ({ id, login: BOT, body: commentBody(ID, text) });

describe('on a pull request without our comment', () => {
  test('one is made', async () => {
    expect(await upsert()).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001)]);
    expect(server.calls[1]).toEqual({
      method: 'POST',
      path: '/repos/acme/lb/issues/7/comments',
      body: { body: '<!-- tollgate:examples%2Flb%2Ftollgate.yml -->\nnew' },
    });
    expect(calls()).toEqual(['GET comments', 'POST comments', 'GET comments']);
  });

  test('none is made where nothing changed', async () => {
    expect(await upsert({ create: false })).toEqual({
      kind: 'skipped',
      reason: 'there is no comment to update',
    });
    expect(calls()).toEqual(['GET comments']);
  });

  test('the comment of another config is not ours', async () => {
    const other = comment(1, { body: commentBody('examples/lb/tollgate.yml2', 'theirs') });
    server.state.comments.push(other);
    expect(await upsert()).toMatchObject({ kind: 'created' });
    expect(bodies()).toEqual([{ id: 1, login: BOT, body: other.body }, ours(1001)]);
  });

  test('a comment by somebody else with our marker is left alone', async () => {
    const theirs = comment(1, { login: 'mallory' });
    server.state.comments.push(theirs);
    expect(await upsert()).toMatchObject({ kind: 'created' });
    expect(bodies()).toEqual([{ id: 1, login: 'mallory', body: theirs.body }, ours(1001)]);
    expect(await upsert({ body: 'newer' })).toMatchObject({ kind: 'updated' });
    expect(bodies()).toEqual([{ id: 1, login: 'mallory', body: theirs.body }, ours(1001, 'newer')]);
  });

  test('a comment of ours that quotes the marker is not taken for it', async () => {
    server.state.comments.push(comment(1, { body: `> ${commentBody(ID, 'old')}` }));
    expect(await upsert()).toMatchObject({ kind: 'created' });
  });
});

describe('on a pull request with our comment', () => {
  test.each([true, false])(
    'it is updated in place, whether or not one might be made (%s)',
    async (create) => {
      server.state.comments.push(comment(5));
      expect(await upsert({ create })).toEqual({ kind: 'updated', url: `${URL}5` });
      expect(bodies()).toEqual([ours(5)]);
      expect(calls()).toEqual(['GET comments', 'POST graphql', 'PATCH 5']);
    },
  );

  test.each([commentBody(ID, 'new'), `${commentBody(ID, 'new').replaceAll('\n', '\r\n')}\r\n`])(
    'one that says the same is not touched',
    async (body) => {
      server.state.comments.push(comment(5, { body }));
      expect(await upsert()).toEqual({ kind: 'unchanged', url: `${URL}5` });
      expect(calls()).toEqual(['GET comments', 'POST graphql']);
    },
  );

  test('it is found behind 250 others, on the third page', async () => {
    for (let id = 1; id <= 250; id++)
      server.state.comments.push(comment(id, { login: 'x', body: `no ${id}` }));
    server.state.comments.push(comment(251));
    expect(await upsert()).toEqual({ kind: 'updated', url: `${URL}251` });
    expect(calls()).toEqual(['GET comments', 'GET comments', 'GET comments', 'POST graphql', 'PATCH 251']);
  });

  test('it is made behind 250 others', async () => {
    for (let id = 1; id <= 250; id++)
      server.state.comments.push(comment(id, { login: 'x', body: `no ${id}` }));
    expect(await upsert()).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(server.state.comments).toHaveLength(251);
  });

  test('of several that runs have left the oldest stays', async () => {
    server.state.comments.push(comment(5), comment(6), comment(7));
    expect(await upsert()).toEqual({ kind: 'updated', url: `${URL}5` });
    expect(bodies()).toEqual([ours(5)]);
  });

  test('a token of another user has a comment of its own', async () => {
    server.state.comments.push(comment(5));
    server.state.viewer = 'gatekeeper[bot]';
    expect(await upsert()).toMatchObject({ kind: 'created' });
    expect(await upsert({ body: 'newer' })).toEqual({ kind: 'updated', url: `${URL}1001` });
    expect(bodies()).toEqual([
      ours(5, 'old'),
      { id: 1001, login: 'gatekeeper[bot]', body: commentBody(ID, 'newer') },
    ]);
  });

  test.each<Omit<Fault, 'on'>>([
    { answer: { status: 403 } },
    { answer: { status: 404 } },
    { answer: { status: 200, body: { data: null, errors: [{ message: 'no' }] } } },
  ])('where GitHub does not say whose token it is, it is a job’s own', async (fault) => {
    server.faults.push({ on: GRAPHQL, ...fault });
    server.state.comments.push(comment(4, { login: 'mallory' }), comment(5));
    expect(await upsert()).toEqual({ kind: 'updated', url: `${URL}5` });
  });

  test('deleted between the search and the update, it is made anew', async () => {
    server.state.comments.push(comment(5));
    server.faults.push({ on: PATCH, before: () => server.state.comments.pop() });
    expect(await upsert()).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001)]);
  });

  test('deleted between the search and the update, it stays away where nothing changed', async () => {
    server.state.comments.push(comment(5));
    server.faults.push({ on: PATCH, before: () => server.state.comments.pop() });
    expect(await upsert({ create: false })).toMatchObject({ kind: 'skipped' });
    expect(bodies()).toEqual([]);
  });
});

describe('when GitHub does not do it', () => {
  test('a token that can only read is refused, and nothing else is tried', async () => {
    server.state.permissions = 'read';
    expect(await upsert()).toEqual({
      kind: 'refused',
      reason: 'GitHub answered 403 (Resource not accessible by integration)',
      trouble: 'permission',
    });
    expect(calls()).toEqual(['GET comments', 'POST comments']);
  });

  test('a body that is too long is refused', async () => {
    expect(await upsert({ body: 'x'.repeat(65_536) })).toEqual({
      kind: 'refused',
      reason: 'GitHub answered 422 (Validation Failed: Body is too long (maximum is 65536 characters))',
      trouble: 'invalid',
    });
  });

  test('a pull request that is not there is refused', async () => {
    expect(await upsert({ pullRequest: 8 })).toEqual({
      kind: 'refused',
      reason: 'GitHub answered 404 (Not Found)',
      trouble: 'missing',
    });
  });

  const outcome = (kind: 'refused' | 'failed', status: number) => ({
    kind,
    reason: `GitHub answered ${status} (provoked)`,
    trouble: expect.any(String),
  });
  const slow = { 'retry-after': '3600' };
  test.each<{ status: number; headers?: Record<string, string>; kind: 'refused' | 'failed' }>([
    { status: 401, kind: 'refused' },
    { status: 403, kind: 'refused' },
    { status: 404, kind: 'refused' },
    { status: 410, kind: 'refused' },
    { status: 422, kind: 'refused' },
    { status: 403, headers: slow, kind: 'failed' },
    { status: 409, kind: 'failed' },
    { status: 429, headers: slow, kind: 'failed' },
    { status: 502, kind: 'failed' },
  ])('$status to the creation and to the update: $kind', async ({ status, headers, kind }) => {
    const answer = { status, ...(headers && { headers }) };
    server.faults.push({ on: POST, times: 99, answer }, { on: PATCH, times: 99, answer });
    expect(await upsert()).toEqual(outcome(kind, status));
    server.state.comments.push(comment(5));
    expect(await upsert()).toEqual(outcome(kind, status));
    expect(bodies()).toEqual([ours(5, 'old')]);
  });

  test.each([403, 404, 410, 502])('%i to the search says so', async (status) => {
    server.faults.push({ on: LIST, times: 99, answer: { status } });
    expect(await upsert()).toEqual(outcome(status === 502 ? 'failed' : 'refused', status));
  });

  test('an unknown viewer for want of GitHub makes no second comment', async () => {
    server.state.comments.push(comment(5));
    server.faults.push({ on: GRAPHQL, times: 99, answer: { status: 502 } });
    expect(await upsert()).toEqual(outcome('failed', 502));
    expect(bodies()).toEqual([ours(5, 'old')]);
  });
});

describe('when it works in the end', () => {
  test.each<{ name: string; fault: Fault; kind: string }>([
    {
      name: 'a burst of 502 to the search',
      fault: { on: LIST, times: 3, answer: { status: 502 } },
      kind: 'created',
    },
    {
      name: 'a burst of 502 to the creation',
      fault: { on: POST, times: 2, answer: { status: 502 } },
      kind: 'created',
    },
    { name: 'a conflict', fault: { on: POST, answer: { status: 409 } }, kind: 'created' },
    {
      name: 'a rate limit',
      fault: { on: POST, answer: { status: 429, headers: { 'retry-after': '20' } } },
      kind: 'created',
    },
    { name: 'a creation that GitHub never heard of', fault: { on: POST, cut: 'unheard' }, kind: 'created' },
    // It was made, but nobody said so.
    { name: 'a creation whose answer was cut', fault: { on: POST, cut: 'half' }, kind: 'unchanged' },
  ])('$name leaves one comment', async ({ fault, kind }) => {
    server.faults.push(fault);
    expect(await upsert()).toEqual({ kind, url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001)]);
  });

  test('a list whose second page is cut is not taken for a short list', async () => {
    for (let id = 1; id <= 150; id++)
      server.state.comments.push(comment(id, { login: 'x', body: `no ${id}` }));
    server.state.comments.push(comment(151));
    server.faults.push({ on: /comments\?.*page=2/, cut: 'half' });
    expect(await upsert()).toEqual({ kind: 'updated', url: `${URL}151` });
  });

  test('a second look that fails leaves the comment made', async () => {
    server.faults.push({
      on: POST,
      after: () => server.faults.push({ on: LIST, times: 99, answer: { status: 502 } }),
    });
    expect(await upsert()).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001)]);
  });
});

describe('two runs at once leave one comment', () => {
  test('when the second is wholly between the first’s search and creation', async () => {
    let second: CommentOutcome | undefined;
    server.faults.push({
      on: POST,
      before: async () => {
        second = await upsert({ body: 'second' });
      },
    });
    expect(await upsert({ body: 'first' })).toEqual({ kind: 'updated', url: `${URL}1001` });
    expect(second).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001, 'first')]);
  });

  // In these the second run starts when the first, having found none, is about to create.
  test('when the second has searched before the first creates, and creates when the first is done', async () => {
    const bothHaveSearched = gate(2);
    let second: Promise<CommentOutcome> | undefined;
    server.faults.push(
      {
        on: POST,
        before: () => {
          second = upsert({ body: 'second' });
          return bothHaveSearched();
        },
      },
      {
        on: POST,
        before: async () => {
          await bothHaveSearched();
          await first;
        },
      },
    );
    const first = upsert({ body: 'first' });
    expect(await first).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(await second).toEqual({ kind: 'updated', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001, 'second')]);
  });

  test('when both have created before either looks again', async () => {
    const bothHaveSearched = gate(2);
    const bothHaveCreated = gate(2);
    let second: Promise<CommentOutcome> | undefined;
    const meet = { on: POST, after: bothHaveCreated };
    server.faults.push(
      {
        ...meet,
        before: () => {
          second = upsert({ body: 'second' });
          return bothHaveSearched();
        },
      },
      { ...meet, before: bothHaveSearched },
    );
    expect(await upsert({ body: 'first' })).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(await second).toEqual({ kind: 'updated', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001, 'second')]);
  });

  test('when the first deletes the second’s before that looks again', async () => {
    const bothHaveSearched = gate(2);
    const bothHaveCreated = gate(2);
    let second: Promise<CommentOutcome> | undefined;
    server.faults.push(
      {
        on: POST,
        before: () => {
          second = upsert({ body: 'second' });
          return bothHaveSearched();
        },
        after: bothHaveCreated,
      },
      {
        on: POST,
        before: bothHaveSearched,
        after: async () => {
          await bothHaveCreated();
          await first;
        },
      },
    );
    const first = upsert({ body: 'first' });
    expect(await first).toEqual({ kind: 'created', url: `${URL}1001` });
    expect(await second).toEqual({ kind: 'updated', url: `${URL}1001` });
    expect(bodies()).toEqual([ours(1001, 'second')]);
  });

  test('when GitHub’s list lags behind the comments there are', async () => {
    const bothHaveSearched = gate(2);
    let second: Promise<CommentOutcome> | undefined;
    server.faults.push(
      {
        on: POST,
        before: () => {
          second = upsert({ body: 'second' });
          return bothHaveSearched();
        },
        after: () => second,
      },
      {
        on: POST,
        before: bothHaveSearched,
        after: () => server.faults.push({ on: LIST, answer: { status: 200, body: [] } }),
      },
    );
    expect(await upsert({ body: 'first' })).toMatchObject({ kind: 'created' });
    expect(await second).toMatchObject({ kind: 'created' });
    expect(bodies()).toEqual([ours(1001, 'first')]);
  });
});

describe('the marker', () => {
  test.each<[string, string]>([
    ['tollgate.yml', 'tollgate.yml'],
    ['a b/-->/x.yml', 'a%20b%2F%2D%2D%3E%2Fx.yml'],
    ['ümlaut', '%C3%BCmlaut'],
    ['\ud800', '%EF%BF%BD'],
    ['x\n<img src=x>', 'x%0A%3Cimg%20src%3Dx%3E'],
  ])('of %j cannot be left', (id, encoded) => {
    expect(commentBody(id, 'text')).toBe(`<!-- tollgate:${encoded} -->\ntext`);
  });
});

/** A gate that opens when `count` callers stand before it. */
function gate(count: number): () => Promise<void> {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrived = 0;
  return () => {
    if (++arrived === count) open();
    return opened;
  };
}
