// What GitHub, forks and users do wrong, done to dist/action.js as the runner starts it. No machine boots: the report to
// post is another run's, as for a pull request from a fork.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../github/testing/http.ts';
import { type FakeResults, startResults } from '../github/testing/results.ts';
import { type FakeGitHub, startGitHub } from '../github/testing/server.ts';
import { pullRequestEvent, workflowRunEvent } from './testing/events.ts';
import { type JobResult, runJob, temporaryFolder } from './testing/job.ts';
import { reportOfManyRows } from './testing/reports.ts';

// Waits that GitHub asks for are waited for.
vi.setConfig({ testTimeout: 60_000 });

const HEAD = 'a'.repeat(40);
const MAIN = 'b'.repeat(40);
const MERGE = 'c'.repeat(40);
const RUN = 4711;
const MARKER = '<!-- tollgate:tollgate.yml -->';

const folder = temporaryFolder();
let workspace: string;
let results: FakeResults;
let github: FakeGitHub;

beforeAll(() => {
  workspace = join(folder.path, 'workspace');
  mkdirSync(workspace);
});
afterAll(() => folder.remove());
beforeEach(async () => {
  results = await startResults();
  github = await startGitHub({
    artifacts: results.artifacts,
    pulls: [
      {
        number: 7,
        head: { ref: 'topic', sha: HEAD, repository: 'mallory/lb' },
        base: { ref: 'main', sha: MAIN },
      },
    ],
  });
});
afterEach(async () => {
  await results.close();
  await github.close();
});

/** What a run uploads under a name, as the packages do it. */
async function upload(files: Readonly<Record<string, string>>, runId = RUN, name = 'tollgate-report') {
  const from = mkdtempSync(join(tmpdir(), 'tollgate-upload-'));
  for (const [key, value] of Object.entries(results.env(runId))) vi.stubEnv(key, value);
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(from, file), text);
    const paths = Object.keys(files).map((file) => join(from, file));
    await new DefaultArtifactClient().uploadArtifact(name, paths, from);
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    rmSync(from, { recursive: true });
  }
}

const post = (inputs: Readonly<Record<string, string>> = {}): Promise<JobResult> =>
  runJob(folder.path, {
    event: 'workflow_run',
    payload: workflowRunEvent(RUN, HEAD),
    ref: 'refs/heads/main',
    sha: MAIN,
    runId: RUN + 1,
    github,
    results,
    workspace,
    inputs: { mode: 'comment', ...inputs },
  });

const json = (report: unknown) => JSON.stringify(report);
const OVER = reportOfManyRows({ over: 1, pass: 1 });
const bodies = () => github.state.comments.map(({ body }) => body);
const lines = ({ log }: JobResult, command: string) =>
  log.split('\n').filter((line) => line.startsWith(`::${command}`));

const CREATE = /^POST .*\/issues\/7\/comments/;
const failing = (status: number, times = 1, headers: Record<string, string> = {}) => ({
  on: CREATE,
  times,
  answer: { status, body: { message: `provoked ${status}` }, headers },
});

describe('a comment that GitHub', () => {
  test.each<[string, Fault]>([
    ['answers with two errors of its own first', failing(502, 2)],
    ['asks to wait for, once', failing(429, 1, { 'retry-after': '1' })],
    ['takes for too many at once, and asks to wait for', failing(403, 1, { 'retry-after': '1' })],
    ['never hears of the first time', { on: CREATE, cut: 'unheard' }],
    ['takes, and cuts the connection in the middle of saying so', { on: CREATE, cut: 'half' }],
  ])('%s is there once in the end', async (_, fault) => {
    await upload({ 'report.json': json(OVER) });
    github.faults.push(fault);
    const done = await post();
    expect([done.exitCode, lines(done, 'warning')]).toEqual([0, []]);
    expect(bodies()).toEqual([expect.stringMatching(new RegExp(`^${MARKER}\\n## ❌ Tollgate: Over budget`))]);
  });

  test.each<[number, string]>([
    [403, 'provoked 403'],
    [404, 'provoked 404'],
    [409, 'provoked 409'],
    [422, 'provoked 422'],
    [410, 'provoked 410'],
  ])('refuses with %d is a warning with its words, and fails nothing', async (status, words) => {
    await upload({ 'report.json': json(OVER) });
    github.faults.push(failing(status, 99));
    const done = await post();
    expect([done.exitCode, bodies()]).toEqual([0, []]);
    expect(lines(done, 'warning')).toEqual([
      expect.stringMatching(new RegExp(`The comment on #7 was not written: .*${status}.*${words}.*`)),
    ]);
  });

  test('has among 250 others is found and updated, not made again', async () => {
    const others = Array.from({ length: 250 }, (_, i) => ({
      id: i + 1,
      issue: 7,
      login: 'somebody',
      body: `comment ${i}`,
    }));
    const ours = { id: 600, issue: 7, login: 'github-actions[bot]', body: `${MARKER}\nold` };
    github.state.comments.push(...others, ours);
    await upload({ 'report.json': json(OVER) });
    await post();
    expect(github.state.comments).toHaveLength(251);
    expect(ours.body).toContain('Over budget');
  });

  test('has of somebody else, with our marker, stays as it is', async () => {
    const theirs = { id: 5, issue: 7, login: 'mallory', body: `${MARKER}\n## ✅ all is well` };
    github.state.comments.push(theirs);
    await upload({ 'report.json': json(OVER) });
    await post();
    expect(theirs.body).toBe(`${MARKER}\n## ✅ all is well`);
    expect(github.state.comments.map(({ login }) => login)).toEqual(['mallory', 'github-actions[bot]']);
  });

  test('is asked for by two runs at once is one comment', async () => {
    await upload({ 'report.json': json(OVER) });
    // Both have searched before either has written.
    github.faults.push({ on: CREATE, times: 2, delayMs: 700 });
    const both = await Promise.all([post(), post()]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(bodies()).toEqual([expect.stringContaining('Over budget')]);
  });
});

describe('the report of a fork', () => {
  test('of 5 MB, full of markup, is one comment that GitHub takes, with its failures and no markup', async () => {
    const hostile = [
      '|<img src=x onerror=alert(1)>',
      '::error::owned',
      '`$(reboot)`',
      '@team ```\n</details>',
    ];
    const report = reportOfManyRows({ over: 40, pass: 16_000, programs: hostile });
    expect(json(report).length).toBeGreaterThan(5_000_000);
    await upload({ 'report.json': json(report) });
    const done = await post();
    expect(done.exitCode).toBe(0);
    const [body] = bodies();
    expect(Buffer.byteLength(body!)).toBeLessThan(65_536);
    expect(body).toContain('Over budget: 40 findings');
    expect(body).not.toMatch(/<img|^::error|@team\b(?!`)/m);
    expect(lines(done, 'error')).toEqual([]);
  });

  test('that repeats the token shows it nowhere', async () => {
    await upload({
      'report.json': json(reportOfManyRows({ over: 1, pass: 0, programs: [github.state.token] })),
    });
    const done = await post();
    expect(bodies()[0]).not.toContain(github.state.token);
    expect(bodies()[0]).toContain('***');
    expect(done.log.split('\n')[0]).toBe(`::add-mask::${github.state.token}`);
    expect(done.log.split('\n').slice(1).join('\n')).not.toContain(github.state.token);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'that is no report',
      { 'report.json': '{"schema":1}' },
      "Cannot read report 'tollgate-report/report.json'",
    ],
    ['that is no JSON', { 'report.json': '<html>' }, 'it is no JSON'],
    ['that is not there', { 'report.md': '# pass' }, 'it holds neither report.json nor fault.json'],
  ])('%s is refused, and nothing is posted', async (_, files, words) => {
    await upload(files);
    const done = await post();
    expect(done.exitCode).not.toBe(0);
    expect(lines(done, 'error').join('\n')).toContain(words);
    expect(bodies()).toEqual([]);
  });

  test('is posted on no other pull request than that of its commit and repository', async () => {
    await upload({ 'report.json': json(OVER) });
    github.state.pulls = [
      { ...github.state.pulls[0]!, head: { ref: 'topic', sha: 'd'.repeat(40), repository: 'mallory/lb' } },
    ];
    const done = await post();
    expect([done.exitCode, bodies()]).toEqual([0, []]);
    expect(done.log).toContain(`no open pull request has ${HEAD} as its head any more`);
  });

  test('whose run broke says so', async () => {
    const fault = {
      kind: 'config',
      errors: [{ message: "Cannot build head with 'make'", tail: 'cc1: error' }],
    };
    await upload({ 'fault.json': json(fault) });
    expect((await post()).exitCode).toBe(0);
    expect(bodies()[0]).toContain('🔧 Tollgate: Configuration error');
    expect(bodies()[0]).toContain('cc1: error');
  });
});

describe('a job that is set up wrong', () => {
  const start = (event: string, inputs: Readonly<Record<string, string>>, budgets?: string) => {
    if (budgets !== undefined) writeFileSync(join(workspace, 'tollgate.yml'), budgets);
    else rmSync(join(workspace, 'tollgate.yml'), { force: true });
    return runJob(folder.path, {
      event,
      payload: pullRequestEvent({ head: HEAD, main: MAIN }),
      ref: 'refs/pull/7/merge',
      sha: MERGE,
      github,
      results,
      workspace,
      inputs: { cache: 'false', ...inputs },
    });
  };

  test.each<[string, string, Record<string, string>, string | undefined, string]>([
    ['by an input', 'pull_request', { mode: 'exakt' }, undefined, "Cannot use input 'mode: exakt'"],
    [
      'without a budget file',
      'pull_request',
      {},
      undefined,
      "Cannot read budget file 'tollgate.yml': no such file",
    ],
    [
      'with a wrong budget file',
      'pull_request',
      {},
      'version: 1\nkernels: [debian:6.12]\nobjects: [a.o]\nbudget: {}\n',
      'tollgate.yml:4:1',
    ],
    [
      'on pull_request_target, which would build a stranger’s code with the token',
      'pull_request_target',
      {},
      'version: 1\nkernels: [debian:6.12]\nobjects: [a.o]\n',
      'pull_request_target runs with the base repository’s token',
    ],
    [
      'with more shards than kernels',
      'pull_request',
      { shard: '2/2' },
      'version: 1\nkernels: [debian:6.12]\nobjects: [a.o]\n',
      'Cannot make 2 shards of one kernel',
    ],
  ])(
    '%s fails with exit code 2 and says what to do, in the summary, too',
    async (_, event, inputs, budgets, words) => {
      const done = await start(event, { 'fail-on': 'never', ...inputs }, budgets);
      expect([done.exitCode, done.outputs.verdict]).toEqual([2, 'error']);
      expect(done.summary).toMatch(/^## 🔧 Tollgate: (Configuration|Usage) error/);
      const said = done.summary.replace(/&#8203;|&#96;|`/g, '');
      expect(said.replaceAll('&#95;', '_')).toContain(words.replaceAll('`', ''));
      expect(lines(done, 'error').length).toBeGreaterThan(0);
    },
  );

  test('whose build fails has what it printed in the log and the summary, and in nothing that others read', async () => {
    await execa('git', ['init', '-q'], { cwd: workspace });
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
    await execa('git', [...identity, 'commit', '-q', '--allow-empty', '-m', 'x'], { cwd: workspace });
    const { stdout: head } = await execa('git', ['rev-parse', 'HEAD'], { cwd: workspace });
    github.state.mergeBase = () => head;
    const budgets =
      'version: 1\nkernels: [debian:6.12]\nobjects: [a.o]\nbuild: echo hunter2 from make; false\n';
    const done = await start('pull_request', {}, budgets);
    rmSync(join(workspace, '.git'), { recursive: true });
    expect([done.exitCode, done.outputs.verdict]).toEqual([2, 'error']);
    expect(done.log).toContain('\nhunter2 from make\n');
    expect(done.summary).toContain('hunter2');
    expect(bodies().join()).toContain('Cannot build head with');
    expect(bodies().join() + done.outputs['comment-body']).not.toContain('hunter2 from make\n```');
    expect(readFileSync(done.outputs['report-path']!, 'utf8')).not.toMatch(/^hunter2/m);
  });

  test('with a wrong budget file has that said in a comment, where an old verdict may stand', async () => {
    const old = { id: 9, issue: 7, login: 'github-actions[bot]', body: `${MARKER}\n## ✅ within budget` };
    github.state.comments.push(old);
    await start('pull_request', {}, 'version: 1\n');
    expect(old.body).toContain('🔧 Tollgate: Configuration error');
  });
});
