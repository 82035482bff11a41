import { describe, expect, test } from 'vitest';
import { component, judgeAnswer, judgeRequest } from './openapi.ts';
import { startGitHub } from './server.ts';

describe('a request that GitHub does not describe', () => {
  test.each<[string, string, string, string]>([
    ['a route there is not', 'GET', '/repos/acme/lb/issues/7/coments', 'no such operation'],
    ['a method there is not', 'PUT', '/repos/acme/lb/issues/7/comments', 'no such operation'],
    ['a parameter there is not', 'GET', '/repos/acme/lb/issues/7/comments?sort=asc', 'no parameter sort'],
    ['a number that is none', 'GET', '/repos/acme/lb/issues/seven/comments', 'must be integer'],
    ['a choice that is none', 'GET', '/repos/acme/lb/pulls?state=merged', 'must be equal to one of'],
    ['a body without what it needs', 'POST', '/repos/acme/lb/issues/7/comments', "property 'body'"],
  ])('%s fails the test that sends it', async (_, method, path, problem) => {
    const server = await startGitHub();
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `token ${server.state.token}` },
      ...(method !== 'GET' && { body: '{"text":"hello"}' }),
    });
    expect(response.status).toBe(501);
    await expect(server.close()).rejects.toThrow(problem);
  });
});

describe('an answer that GitHub would not give', () => {
  const { call } = judgeRequest({ method: 'GET', path: '/repos/acme/lb/issues/7/comments', body: '' });
  const comment = component('issue-comment', { body: 'hello' }) as object;

  test.each<[string, number, unknown, string[]]>([
    ['of a comment as it should be', 200, [comment], []],
    [
      'of a comment without its address',
      200,
      [{ ...comment, html_url: undefined }],
      ['/0 must have required'],
    ],
    [
      'of an address that is none',
      200,
      [{ ...comment, html_url: 'nowhere' }],
      ['/0/html_url must match format'],
    ],
    ['of null where nothing may be null', 200, [{ ...comment, id: null }], ['/0/id must be integer']],
    ['of a success that it does not know', 201, [], ['201 is no answer of it']],
    ['of an error that it does not know', 502, undefined, []],
  ])('%s', (_, status, body, problems) => {
    const found = judgeAnswer(call!, { status, body });
    expect(found.length).toBe(problems.length);
    for (const [i, problem] of problems.entries()) expect(found[i]).toContain(problem);
  });
});

test('a call without the token is refused', async () => {
  const server = await startGitHub();
  const response = await fetch(`${server.url}/repos/acme/lb/pulls`);
  expect([response.status, await response.json()]).toEqual([
    401,
    { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' },
  ]);
  await server.close();
});
