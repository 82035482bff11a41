import { afterEach, beforeEach, expect, describe as group, test } from 'vitest';
import { TollgateError } from '../model/errors.ts';
import { callError, describe, failureOf, type GitHub } from './client.ts';
import { labelsOf } from './pulls.ts';
import { connect } from './testing/connect.ts';
import type { Fault } from './testing/http.ts';
import { type FakeGitHub, startGitHub } from './testing/server.ts';

let server: FakeGitHub;
let github: GitHub;

beforeEach(async () => {
  const head = { ref: 'fast', sha: 'a'.repeat(40), repository: 'acme/lb' };
  const base = { ref: 'main', sha: 'b'.repeat(40) };
  server = await startGitHub({ pulls: [{ number: 7, head, base, labels: ['bug'] }] });
  github = connect(server);
});
afterEach(() => server.close());

const LABELS = /^GET .*\/labels/;
const ask = () => labelsOf(github, { owner: 'acme', repo: 'lb' }, 7);

group('a call is tried again', () => {
  test.each<{ name: string; fault: Omit<Fault, 'on'>; calls: number }>([
    { name: 'after a burst of 502', fault: { times: 3, answer: { status: 502 } }, calls: 4 },
    { name: 'after 500', fault: { answer: { status: 500 } }, calls: 2 },
    {
      name: 'after a connection that was cut before the answer',
      fault: { cut: 'unheard', times: 2 },
      calls: 3,
    },
    { name: 'after a connection that was cut in the middle of the answer', fault: { cut: 'half' }, calls: 2 },
    {
      name: 'after a page of somebody in between',
      fault: {
        answer: { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('Log in!') },
      },
      calls: 2,
    },
    {
      name: 'after 429 and the wait it asks for',
      fault: { answer: { status: 429, headers: { 'retry-after': '30' } } },
      calls: 2,
    },
    { name: 'after 429 that asks for no wait', fault: { answer: { status: 429 } }, calls: 2 },
    {
      name: 'after 403 with Retry-After',
      fault: { answer: { status: 403, headers: { 'retry-after': '1' } }, times: 2 },
      calls: 3,
    },
    {
      name: 'after 403 of a used-up limit that is soon reset',
      fault: { answer: { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' } } },
      calls: 2,
    },
    {
      name: 'after 403 that speaks of a secondary rate limit',
      fault: {
        answer: { status: 403, body: { message: 'You have exceeded a secondary rate limit.' } },
      },
      calls: 2,
    },
  ])('$name', async ({ fault, calls }) => {
    server.faults.push({ on: LABELS, ...fault });
    expect(await ask()).toEqual(['bug']);
    expect(server.calls).toHaveLength(calls);
  });
});

group('a call is not tried again', () => {
  test.each([400, 401, 403, 404, 409, 410, 422])('after %i', async (status) => {
    server.faults.push({ on: LABELS, answer: { status } });
    await expect(ask()).rejects.toBeInstanceOf(TollgateError);
    expect(server.calls).toHaveLength(1);
  });

  test('after a limit that asks for more than a minute', async () => {
    const answer = { status: 429, headers: { 'retry-after': '61' } };
    server.faults.push({ on: LABELS, answer });
    await expect(ask()).rejects.toThrow('GitHub answered 429');
    expect(server.calls).toHaveLength(1);
  });

  test('more often than three times', async () => {
    server.faults.push({ on: LABELS, times: 99, answer: { status: 503 } });
    await expect(ask()).rejects.toMatchObject({
      kind: 'infrastructure',
      message: 'Cannot read the labels of acme/lb#7: GitHub answered 503 (provoked)',
    });
    expect(server.calls).toHaveLength(4);
  });
});

test('the wait is as long as Retry-After says', async () => {
  github = connect(server, { baseDelayMs: 10 });
  server.faults.push({ on: LABELS, answer: { status: 429, headers: { 'retry-after': '30' } } });
  const start = performance.now();
  await ask();
  expect(performance.now() - start).toBeGreaterThan(290);
});

test('a call that is not answered in time has failed, and is tried again', async () => {
  github = connect(server, { timeoutMs: 500 });
  server.faults.push({ on: LABELS, delayMs: 2000 });
  expect(await ask()).toEqual(['bug']);
  expect(server.calls).toHaveLength(2);
});

test('a call without a valid token is refused', async () => {
  server.state.token = 'another';
  const error = await ask().catch((e) => e);
  expect(error).toMatchObject({
    kind: 'infrastructure',
    message: 'Cannot read the labels of acme/lb#7: GitHub answered 401 (Bad credentials)',
  });
  expect(JSON.stringify([error, error.cause])).not.toContain('ghs_secret');
});

group('what an error means', () => {
  test.each<{ status: number; headers?: Record<string, string>; trouble: string }>([
    { status: 401, trouble: 'permission' },
    { status: 403, trouble: 'permission' },
    { status: 403, headers: { 'retry-after': '90' }, trouble: 'rate-limit' },
    { status: 404, trouble: 'missing' },
    { status: 409, trouble: 'conflict' },
    { status: 410, trouble: 'gone' },
    { status: 422, trouble: 'invalid' },
    { status: 429, headers: { 'retry-after': '90' }, trouble: 'rate-limit' },
    { status: 502, trouble: 'server' },
  ])('$status is $trouble', async ({ status, headers, trouble }) => {
    server.faults.push({ on: LABELS, times: 9, answer: { status, ...(headers && { headers }) } });
    const error = await ask().catch((e) => e);
    expect(failureOf(error.cause)).toEqual({ trouble, status, message: 'provoked' });
  });

  test('a cut connection is trouble of the server, without a status', async () => {
    server.faults.push({ on: LABELS, times: 9, cut: 'half' });
    const error = await ask().catch((e) => e);
    const failure = failureOf(error.cause)!;
    expect(failure).toEqual({ trouble: 'server', message: expect.any(String) });
    expect(describe(failure)).toMatch(/^no whole answer from GitHub \(/);
  });

  test('an error of another kind is none, and goes on', () => {
    const bug = new TypeError('undefined is not a function');
    expect(failureOf(bug)).toBeUndefined();
    expect(() => callError('read it', bug)).toThrow(bug);
  });
});
