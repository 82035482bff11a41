import { afterAll, beforeAll, expect, test } from 'vitest';
import { payload } from '../github/testing/payloads.ts';
import { type FakeResults, startResults } from '../github/testing/results.ts';
import { type FakeGitHub, startGitHub } from '../github/testing/server.ts';
import { runJob, temporaryFolder } from './testing/job.ts';
import { sampleRepository } from './testing/repository.ts';

const folder = temporaryFolder();
let results: FakeResults;
let github: FakeGitHub;
beforeAll(async () => {
  results = await startResults();
  github = await startGitHub({ artifacts: () => results.artifacts() });
});
afterAll(async () => {
  folder.remove();
  await results.close();
  await github.close();
});

test('try', async () => {
  const repo = await sampleRepository(folder.path, { change: 'plus-1-insn', kernels: ['debian:6.12'] });
  const workspace = await repo.checkout('work', repo.merge);
  const repository = { name: 'lb', full_name: 'acme/lb', default_branch: 'main', owner: { login: 'acme' } };
  github.state.pulls.push({
    number: 7,
    head: { ref: 'topic', sha: repo.head, repository: 'acme/lb' },
    base: { ref: 'main', sha: repo.main },
    commits: [{ sha: repo.head, message: 'Change' }],
  });
  const job = await runJob(folder.path, {
    event: 'pull_request',
    payload: payload('pull_request$synchronize', {
      action: 'synchronize',
      number: 7,
      repository,
      pull_request: {
        number: 7,
        head: { ref: 'topic', sha: repo.head, repo: repository },
        base: { ref: 'main', sha: repo.main, repo: repository },
      },
    }),
    github,
    results,
    workspace,
    sha: repo.merge,
    ref: 'refs/pull/7/merge',
  });
  console.log(job.exitCode, job.log, job.stderr, job.outputs, job.summary.slice(0, 500), job.leftBehind);
  console.log(
    github.calls.map(({ method, path }) => `${method} ${path}`),
    results.artifacts(),
  );
  expect(job.exitCode).toBe(1);
});
