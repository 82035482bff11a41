import { describe, expect, test } from 'vitest';
import { TollgateError } from '../model/errors.ts';
import { type EventSource, PAYLOAD_LIMIT_BYTES, parseEvent } from './events.ts';
import { payload } from './testing/payloads.ts';

const HEAD = 'a'.repeat(40);
const BASE = 'b'.repeat(40);
const MERGE = 'c'.repeat(40);
const ZERO = '0'.repeat(40);
const repository = { name: 'lb', full_name: 'acme/lb', default_branch: 'main', owner: { login: 'acme' } };
const fork = { ...repository, full_name: 'mallory/lb', owner: { login: 'mallory' } };
const common = { owner: 'acme', repo: 'lb', sha: MERGE, defaultBranch: 'main' };

const source = (name: string, content: unknown): EventSource => ({
  name,
  payload: JSON.stringify(content),
  repository: 'acme/lb',
  sha: MERGE,
});
const pullRequest = (given: object = {}, headRepository: object | null = repository) => ({
  action: 'synchronize',
  number: 7,
  before: BASE,
  after: HEAD,
  repository,
  pull_request: {
    number: 7,
    title: 'Faster `$(reboot)`',
    head: { ref: 'fast', sha: HEAD, repo: headRepository },
    base: { ref: 'main', sha: BASE, repo: repository },
    ...given,
  },
});

describe('a pull request', () => {
  const parsed = {
    ...common,
    kind: 'pull-request',
    name: 'pull_request',
    action: 'synchronize',
    headSha: HEAD,
    pullRequest: {
      number: 7,
      headRef: 'fast',
      headRepository: { owner: 'acme', repo: 'lb' },
      baseRef: 'main',
      fork: false,
    },
  };

  test('of the repository itself', () => {
    const content = payload('pull_request$synchronize', pullRequest());
    expect(parseEvent(source('pull_request', content))).toEqual(parsed);
  });

  test('of a fork', () => {
    const content = payload('pull_request$synchronize', pullRequest({}, fork));
    expect(parseEvent(source('pull_request', content))).toEqual({
      ...parsed,
      pullRequest: { ...parsed.pullRequest, headRepository: { owner: 'mallory', repo: 'lb' }, fork: true },
    });
  });

  test('of a fork that was deleted', () => {
    // The published schema knows no such head, GitHub sends it.
    const event = parseEvent(source('pull_request', pullRequest({}, null)));
    const { headRepository, ...rest } = parsed.pullRequest;
    expect(event).toEqual({ ...parsed, pullRequest: { ...rest, fork: true } });
  });

  test('under pull_request_target is unsafe to build', () => {
    const content = payload('pull_request$synchronize', pullRequest({}, fork));
    expect(parseEvent(source('pull_request_target', content))).toMatchObject({
      kind: 'pull-request',
      name: 'pull_request_target',
      unsafe: expect.stringContaining('nothing that a pull request brings is built'),
    });
  });

  test('has no base commit: the payload’s is none to compare with', () => {
    expect(JSON.stringify(parseEvent(source('pull_request', pullRequest())))).not.toContain(BASE);
  });
});

describe('a push', () => {
  const push = (given: object = {}) =>
    payload('push$event', {
      ref: 'refs/heads/main',
      before: BASE,
      after: HEAD,
      repository,
      pusher: { name: 'somebody' },
      ...given,
    });
  const parsed = {
    ...common,
    kind: 'push',
    name: 'push',
    ref: 'refs/heads/main',
    headSha: HEAD,
    toDefaultBranch: true,
    before: BASE,
  };

  test('to the default branch', () => {
    expect(parseEvent(source('push', push()))).toEqual(parsed);
  });

  test('to another branch', () => {
    expect(parseEvent(source('push', push({ ref: 'refs/heads/next' })))).toEqual({
      ...parsed,
      ref: 'refs/heads/next',
      toDefaultBranch: false,
    });
  });

  test('that creates a branch has nothing before it', () => {
    const { before, ...rest } = parsed;
    expect(parseEvent(source('push', push({ before: ZERO })))).toEqual(rest);
  });
});

test('a merge group has a base of its own', () => {
  const content = payload('merge_group$checks_requested', {
    repository,
    merge_group: {
      head_sha: HEAD,
      head_ref: 'refs/heads/gh-readonly-queue/main/pr-7',
      base_sha: BASE,
      base_ref: 'refs/heads/main',
    },
  });
  expect(parseEvent(source('merge_group', content))).toEqual({
    ...common,
    kind: 'merge-group',
    name: 'merge_group',
    headSha: HEAD,
    baseSha: BASE,
    baseRef: 'main',
  });
});

describe('without a change', () => {
  test('a run by hand is of the commit that was checked out', () => {
    const content = payload('workflow_dispatch$event', { ref: 'refs/heads/main', repository });
    expect(parseEvent(source('workflow_dispatch', content))).toEqual({
      ...common,
      kind: 'manual',
      name: 'workflow_dispatch',
      headSha: MERGE,
    });
  });

  test('so is one by the clock, whose payload may name no repository', () => {
    const { defaultBranch, ...rest } = common;
    expect(parseEvent(source('schedule', { schedule: '0 4 * * 1' }))).toEqual({
      ...rest,
      kind: 'manual',
      name: 'schedule',
      headSha: MERGE,
    });
  });
});

describe('the end of another run', () => {
  const run = (given: object = {}) =>
    payload('workflow_run$completed', {
      repository,
      workflow_run: {
        id: 42,
        event: 'pull_request',
        conclusion: 'failure',
        head_sha: HEAD,
        head_branch: 'fast',
        head_repository: { name: 'lb', full_name: 'mallory/lb', owner: { login: 'mallory' } },
        pull_requests: [],
        ...given,
      },
    });

  test('says whose head it was, and is unsafe to build', () => {
    expect(parseEvent(source('workflow_run', run()))).toEqual({
      ...common,
      kind: 'workflow-run',
      name: 'workflow_run',
      action: 'completed',
      headSha: HEAD,
      unsafe: expect.stringContaining('builds nothing'),
      run: {
        id: 42,
        event: 'pull_request',
        conclusion: 'failure',
        headBranch: 'fast',
        headRepository: { owner: 'mallory', repo: 'lb' },
      },
    });
  });
});

describe('what is refused', () => {
  const huge = 'x'.repeat(PAYLOAD_LIMIT_BYTES);
  test.each<[string, EventSource, RegExp]>([
    ['an event that is none of ours', source('issue_comment', {}), /Cannot run on the event 'issue_comment'/],
    ['an event named as a part of every object', source('constructor', {}), /Cannot run on the event/],
    [
      'a payload that is no JSON',
      { ...source('push', {}), payload: '{' },
      /Cannot read the payload of .* 'push'/,
    ],
    ['a payload that is too large', source('push', huge), /more than 8388608/],
    ['a payload that is a list', source('push', []), /Cannot read the payload/],
    ['a payload without its pull request', source('pull_request', { action: 'opened' }), /pull_request/],
    [
      'a head that is an option to git',
      source('pull_request', pullRequest({ head: { ref: 'x', sha: '--upload-pack=reboot', repo: fork } })),
      /pull_request\.head\.sha/,
    ],
    [
      'a branch that is an option to git',
      source('pull_request', pullRequest({ head: { ref: '--exec=reboot', sha: HEAD, repo: fork } })),
      /a ref does not begin with -/,
    ],
    ['a repository without an owner', { ...source('push', {}), repository: 'lb' }, /expected owner\/name/],
  ])('%s', (_, given, message) => {
    const error = catching(() => parseEvent(given));
    expect(error).toBeInstanceOf(TollgateError);
    expect(error).toMatchObject({ kind: 'usage', message: expect.stringMatching(message) });
  });
});

function catching(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
