// The Action as its users run it: dist/action.js in an empty folder, on the sample project, with real machines, against
// services whose requests and answers are held to GitHub's descriptions.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FakeResults, startResults } from '../github/testing/results.ts';
import { type FakeGitHub, type FakePull, startGitHub } from '../github/testing/server.ts';
import { type Report, reportSchema } from '../model/report.ts';
import { nodeOf } from '../run/testing/nodes.ts';
import {
  dispatchEvent,
  mergeGroupEvent,
  pullRequestEvent,
  pushEvent,
  workflowRunEvent,
} from './testing/events.ts';
import { type JobOptions, type JobResult, runJob, temporaryFolder } from './testing/job.ts';
import { type SampleRepository, sampleRepository, withCounterAlone } from './testing/repository.ts';

const KERNEL = 'debian:6.12';
const folder = temporaryFolder();
let results: FakeResults;
let github: FakeGitHub;
/** What most tests are about is not what is measured: one instruction more in a small object. */
let plusOne: SampleRepository;
let balancer: SampleRepository;

beforeAll(async () => {
  const kernels = [KERNEL];
  plusOne = await sampleRepository(join(folder.path, 'plus-one'), {
    ...{ change: 'unchanged', kernels },
    edit: withCounterAlone,
  });
  balancer = await sampleRepository(join(folder.path, 'balancer'), { change: 'plus-1-insn', kernels });
});
afterAll(() => folder.remove());

beforeEach(async () => {
  results = await startResults();
  github = await startGitHub({ artifacts: results.artifacts });
});
afterEach(async () => {
  await results.close();
  await github.close();
});

let checkouts = 0;

/**
 * A step on what `commit` holds. Cached kernels and states are this machine's: nothing is put into GitHub's cache. Rows
 * that are over are explained where a test is about what users see: it takes as long again.
 */
async function job(
  repo: SampleRepository,
  commit: string,
  options: Pick<JobOptions, 'event' | 'payload' | 'ref'> & Partial<JobOptions>,
): Promise<JobResult> {
  const workspace = options.workspace ?? (await repo.checkout(`work-${checkouts++}`, commit));
  return await runJob(folder.path, {
    github,
    results,
    workspace,
    sha: commit,
    ...options,
    inputs: { cache: 'false', explain: 'false', ...options.inputs },
  });
}

const pullRequest = (repo: SampleRepository, options: Parameters<typeof pullRequestEvent>[1] = {}) => ({
  event: 'pull_request',
  payload: pullRequestEvent(repo, options),
  ref: 'refs/pull/7/merge',
});

function pull(
  repo: SampleRepository,
  message = 'Change the program',
  given: Partial<FakePull> = {},
): FakePull {
  return {
    number: 7,
    head: { ref: 'topic', sha: repo.head, repository: 'acme/lb' },
    base: { ref: 'main', sha: repo.main },
    commits: [{ sha: repo.head, message }],
    ...given,
  };
}

function reportOf({ outputs }: JobResult): Report {
  return reportSchema.parse(JSON.parse(readFileSync(outputs['json-path']!, 'utf8')));
}

/** The changes of the rows that are over, and whether they are accepted. */
const overRows = (report: Report) =>
  report.verdicts
    .filter(({ verdict }) => verdict === 'over')
    .map(({ program, metric, change, accepted }) => [program, metric, change, accepted?.reason]);

const firstLine = (text: string) => text.split('\n', 1)[0];
const commentsOf = () => github.state.comments.map(({ body }) => body);

const PLUS_ONE = [
  ['count_0', 'run_insns'],
  ['count_0', 'total_insns'],
];
const BALANCER = [
  ['xdp_lb', 'run_insns'],
  ['xdp_lb', 'run_insns'],
  ['xdp_lb', 'run_insns'],
  ['xdp_lb', 'run_insns'],
  ['xdp_lb', 'run_insns_max'],
  ['xdp_lb', 'run_insns_max'],
  ['xdp_lb', 'total_insns'],
];
const sorted = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).sort();
const plusOneRows = (reason?: string) => sorted(PLUS_ONE.map((row) => [...row, 1, reason]));
const balancerRows = () => sorted(BALANCER.map((row) => [...row, 1, undefined]));

describe('a pull request', () => {
  test('that adds an instruction is over, told in comment, summary, annotations, artifact and outputs', async () => {
    github.state.pulls.push(pull(balancer));
    const done = await job(balancer, balancer.merge, {
      ...pullRequest(balancer, { title: 'Faster `$(touch /tmp/tollgate-pwned)` | <b>' }),
      inputs: { explain: 'true' },
    });
    expect([done.exitCode, done.stderr]).toEqual([1, '']);
    const report = reportOf(done);
    expect(sorted(overRows(report))).toEqual(balancerRows());
    expect(report.commits).toEqual({ base: balancer.main, head: balancer.head });
    const dearer = report.verdicts.filter(
      ({ verdict, metric }) => verdict === 'over' && metric === 'run_insns',
    );
    expect(
      new Set(dearer.map(({ where, why }) => [where?.file, why.replace(/^.*?(?=Dearer: )/, '')].join(' '))),
    ).toEqual(new Set(['src/lb.bpf.c Dearer: +5 at lb.bpf.c:142 (new); -4 elsewhere (2 lines)']));

    const title = '## ❌ Tollgate: Over budget: 7 findings, 17 budgeted figures on 1 kernel';
    const [comment] = commentsOf();
    expect(commentsOf()).toHaveLength(1);
    expect(comment!.split('\n').slice(0, 2)).toEqual(['<!-- tollgate:tollgate.yml -->', title]);
    expect(firstLine(done.summary)).toBe(title);
    expect(done.outputs).toMatchObject({ verdict: 'over', 'over-count': '7' });
    expect(`${firstLine(comment!)}\n${done.outputs['comment-body']}`.trim()).toBe(comment!.trim());
    expect(results.artifacts().map(({ name, runId }) => [name, runId])).toEqual([['tollgate-report', 4711]]);
    const errors = done.log.split('\n').filter((line) => line.startsWith('::error'));
    expect(errors).toHaveLength(3);
    expect(errors[0]).toMatch(
      /^::error title=xdp_lb%3A \w+ over budget on debian%3A6\.12,file=src\/lb\.bpf\.c,line=\d+::/,
    );
    expect(existsSync('/tmp/tollgate-pwned')).toBe(false);
    expect(done.leftBehind).toEqual([]);
    // What it leaves in the user's repository: nothing.
    const workspace = join(folder.path, 'balancer', `work-${checkouts - 1}`);
    const git = async (...args: string[]) => (await execa('git', args, { cwd: workspace })).stdout;
    expect(await git('status', '--porcelain')).toBe('');
    expect((await git('worktree', 'list')).split('\n')).toHaveLength(1);
  });

  test('is held to what it was merged with: what main gained meanwhile is charged to nobody', async () => {
    github.state.pulls.push(pull(plusOne));
    const done = await job(plusOne, plusOne.merge, pullRequest(plusOne));
    expect(reportOf(done).commits?.base).toBe(plusOne.main);
    expect(done.log).toContain(`base: ${plusOne.main} (what GitHub merged the pull request with, of main)`);
  });

  test("whose own head is checked out, shallow, is held to GitHub's merge base", async () => {
    github.state.pulls.push(pull(plusOne));
    github.state.mergeBase = (base, head) =>
      base === 'main' && head === plusOne.head ? plusOne.parted : undefined;
    const done = await job(plusOne, plusOne.head, pullRequest(plusOne));
    expect(reportOf(done).commits).toEqual({ base: plusOne.parted, head: plusOne.head });
    expect(done.log).toContain(`base: ${plusOne.parted} (merge base with main, by GitHub)`);
    expect(sorted(overRows(reportOf(done)))).toEqual(plusOneRows());
  });

  test('is accepted by a trailer, then by a label, and the one comment follows', async () => {
    const trailer = 'Count packets\n\nTollgate-Accept: run_insns count_0 it counts | packets\n';
    github.state.pulls.push(pull(plusOne, trailer));
    const first = await job(plusOne, plusOne.merge, pullRequest(plusOne));
    // run_insns is taken, total_insns is not.
    expect([first.exitCode, first.outputs['over-count']]).toEqual([1, '1']);
    const taken = overRows(reportOf(first)).filter(([, metric]) => metric === 'run_insns');
    expect(taken.map(([, , , reason]) => reason)).toEqual(['it counts | packets']);

    github.state.pulls[0] = pull(plusOne, trailer, { labels: ['other', 'tollgate:accepted'] });
    const second = await job(plusOne, plusOne.merge, pullRequest(plusOne));
    expect([second.exitCode, second.outputs.verdict, second.outputs['over-count']]).toEqual([0, 'pass', '0']);
    expect(overRows(reportOf(second)).every(([, , , reason]) => reason !== undefined)).toBe(true);
    expect(commentsOf()).toHaveLength(1);
    expect(commentsOf()[0]).toContain('### Accepted on purpose');
    expect(commentsOf()[0]).toContain('| label | label tollgate:accepted on #');
  });

  test('that changes no figure gets no comment, unless asked for, and its old one is brought up to date', async () => {
    const same = await sampleRepository(join(folder.path, 'same'), {
      change: 'unchanged',
      kernels: [KERNEL],
      edit: (side, project) => withCounterAlone(side, project, false),
    });
    github.state.pulls.push(pull(same));
    const quiet = await job(same, same.merge, pullRequest(same));
    expect([quiet.exitCode, commentsOf()]).toEqual([0, []]);
    expect(firstLine(quiet.summary)).toMatch(/^## ✅ Tollgate: Within budget/);
    const always = await job(same, same.merge, { ...pullRequest(same), inputs: { comment: 'always' } });
    expect([always.exitCode, commentsOf().length]).toEqual([0, 1]);
    github.state.comments[0]!.body = '<!-- tollgate:tollgate.yml -->\nan older report';
    await job(same, same.merge, pullRequest(same));
    expect(commentsOf()).toEqual([expect.stringContaining('Within budget')]);
  });

  test('that loosens a budget to fit says so first, though it passes', async () => {
    const loose = await sampleRepository(join(folder.path, 'loose'), {
      change: 'unchanged',
      kernels: [KERNEL],
      edit: (side, project) => {
        withCounterAlone(side, project);
        const file = join(project, 'tollgate.yml');
        if (side === 'head')
          writeFileSync(file, readFileSync(file, 'utf8').replaceAll('increase: 0', 'increase: 1'));
      },
    });
    github.state.pulls.push(pull(loose));
    const done = await job(loose, loose.merge, pullRequest(loose));
    expect(done.exitCode).toBe(0);
    expect(commentsOf()).toHaveLength(1);
    const headings = commentsOf()[0]!
      .split('\n')
      .filter((line) => line.startsWith('#'));
    expect(headings.slice(0, 2)).toEqual([
      expect.stringContaining('## ✅ Tollgate'),
      expect.stringContaining('Budgets loosened by this change'),
    ]);
    expect(reportOf(done).budgetChanges?.filter(({ change }) => change === 'loosened').length).toBe(2);
  });

  test('builds both sides by the budget file; a base that does not build leaves the absolute budgets', async () => {
    const build = 'test -e buildable && cp -r prebuilt build && env > environment';
    const built = await sampleRepository(join(folder.path, 'built'), {
      change: 'unchanged',
      kernels: [KERNEL],
      edit: (side, project) => {
        withCounterAlone(side, project);
        const file = join(project, 'tollgate.yml');
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^objects:/m, `build: ${build}\nobjects:`));
        rmSync(join(project, 'prebuilt'), { recursive: true, force: true });
        mkdirSync(join(project, 'prebuilt'));
        for (const name of readdirSync(join(project, 'build')))
          writeFileSync(join(project, 'prebuilt', name), readFileSync(join(project, 'build', name)));
        rmSync(join(project, 'build'), { recursive: true });
        if (side === 'head') writeFileSync(join(project, 'buildable'), '');
      },
    });
    github.state.pulls.push(pull(built));
    const workspace = await built.checkout('work', built.merge);
    const done = await job(built, built.merge, { ...pullRequest(built), workspace });
    expect(done.exitCode).toBe(0);
    const [note] = reportOf(done).notes;
    expect(note).toMatch(/^No base: Cannot build base with '.*'.* Only absolute budgets were checked\.$/);
    expect(commentsOf()[0]!.split('\n').slice(0, 6).join('\n')).toContain('No base: Cannot build base');
    const environment = readFileSync(join(workspace, 'environment'), 'utf8');
    expect(environment).not.toContain(github.state.token);
    expect(environment).not.toMatch(/^(INPUT_|ACTIONS_RUNTIME|GITHUB_(OUTPUT|ENV|STEP_SUMMARY))/m);
    expect(environment).toMatch(/^GITHUB_ACTIONS=true$/m);
  });

  test('whose two sides are compiled from their sources is compared as built objects are', async () => {
    const lb = fileURLToPath(new URL('../../fixtures/lb/', import.meta.url));
    const sources = await sampleRepository(join(folder.path, 'sources'), {
      change: 'base',
      kernels: [KERNEL],
      edit: (side, project) => {
        rmSync(join(project, 'build'), { recursive: true });
        for (const name of ['src', 'Makefile'])
          cpSync(join(lb, 'base', name), join(project, name), { recursive: true, dereference: true });
        if (side === 'head')
          execaSync('git', ['apply', join(lb, 'heads/plus-1-insn.patch')], { cwd: project });
        const file = join(project, 'tollgate.yml');
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^objects:/m, 'build: make\nobjects:'));
      },
    });
    github.state.pulls.push(pull(sources));
    const done = await job(sources, sources.merge, pullRequest(sources));
    expect([done.exitCode, done.stderr]).toEqual([1, '']);
    expect(sorted(overRows(reportOf(done)))).toEqual(balancerRows());
  });

  test("whose budget file lies in a folder of its own is compared with the base's folder of that name", async () => {
    const nested = await sampleRepository(join(folder.path, 'nested'), {
      change: 'unchanged',
      kernels: [KERNEL],
      edit: (side, project) => {
        withCounterAlone(side, project);
        mkdirSync(join(project, 'ebpf'), { recursive: true });
        for (const name of ['tollgate.yml', 'build'])
          renameSync(join(project, name), join(project, 'ebpf', name));
      },
    });
    github.state.pulls.push(pull(nested));
    const done = await job(nested, nested.merge, {
      ...pullRequest(nested),
      inputs: { config: 'ebpf/tollgate.yml' },
    });
    expect([done.exitCode, reportOf(done).notes]).toEqual([1, []]);
    expect(sorted(overRows(reportOf(done)))).toEqual(plusOneRows());
    expect(commentsOf()[0]!.split('\n').slice(0, 2)).toEqual([
      '<!-- tollgate:ebpf%2Ftollgate.yml -->',
      expect.stringContaining('Tollgate of `ebpf/tollgate.yml`: Over budget'),
    ]);
  });

  test('with a base that another job built is compared with that', async () => {
    github.state.pulls.push(pull(plusOne));
    const workspace = await plusOne.checkout('prebuilt', plusOne.merge);
    const base = await plusOne.checkout('prebuilt-base', plusOne.main);
    // As download-artifact leaves them: without the folder that all of them share.
    await execa('cp', ['-r', join(base, 'build'), join(workspace, 'base-objects')]);
    const done = await job(plusOne, plusOne.merge, {
      ...pullRequest(plusOne),
      workspace,
      inputs: { 'base-objects': 'base-objects' },
    });
    expect(done.exitCode).toBe(1);
    expect(sorted(overRows(reportOf(done)))).toEqual(plusOneRows());
  });

  test('from a fork cannot be commented on, and its verdict stands; the companion posts its report', async () => {
    github.state.permissions = 'read';
    github.state.pulls.push(
      pull(plusOne, 'x', { head: { ref: 'topic', sha: plusOne.head, repository: 'mallory/lb' } }),
    );
    const done = await job(plusOne, plusOne.merge, pullRequest(plusOne, { fromFork: true }));
    expect(done.exitCode).toBe(1);
    expect(done.log).toMatch(
      /^::warning title=Tollgate::The comment on #7 was not written: .*403.* The verdict stands/m,
    );
    expect(firstLine(done.summary)).toContain('❌ Tollgate: Over budget');
    expect(commentsOf()).toEqual([]);

    github.state.permissions = 'write';
    const companion = await job(plusOne, plusOne.main, {
      event: 'workflow_run',
      payload: workflowRunEvent(4711, plusOne.head),
      ref: 'refs/heads/main',
      runId: 4712,
      inputs: { mode: 'comment' },
    });
    expect([companion.exitCode, companion.stderr]).toEqual([0, '']);
    expect(commentsOf()).toHaveLength(1);
    expect(commentsOf()[0]).toContain('## ❌ Tollgate: Over budget: 2 findings');
    expect(commentsOf()[0]).toContain('/actions/runs/4711');
  });

  test('that is cancelled, as by a newer push, says nothing and leaves nothing', async () => {
    github.state.pulls.push(pull(plusOne));
    const workspace = await plusOne.checkout('cancelled', plusOne.merge);
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('tollgate-base-'));
    const done = await job(plusOne, plusOne.merge, {
      ...pullRequest(plusOne),
      workspace,
      cancelAt: '::group::Measure',
    });
    expect([done.exitCode, done.summary, commentsOf(), results.artifacts()]).toEqual([3, '', [], []]);
    expect(done.log).toContain('The job was cancelled: nothing is posted');
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('tollgate-base-'))).toEqual(before);
    const { stdout } = await execa('git', ['worktree', 'list', '--porcelain'], { cwd: workspace });
    expect(stdout.match(/^worktree /gm)).toHaveLength(1);
  });

  test.each(['24.21.0', '20'])('is measured the same by Node %s', async (version) => {
    github.state.pulls.push(pull(plusOne));
    const node = await nodeOf(version === '20' ? process.versions.node : version);
    const done = await job(plusOne, plusOne.merge, { ...pullRequest(plusOne), node });
    expect([done.exitCode, done.stderr]).toEqual([1, '']);
    expect(sorted(overRows(reportOf(done)))).toEqual(plusOneRows());
  });
});

describe('a base that is there and cannot be had is no pass:', () => {
  test.each<[string, (workspace: string) => Promise<unknown>, Record<string, string>, number, string]>([
    [
      'a remote that does not answer',
      (workspace) => execa('git', ['remote', 'set-url', 'origin', '/nowhere'], { cwd: workspace }),
      {},
      3,
      'Cannot have the base',
    ],
    [
      'a folder that is no clone',
      async (workspace) => rmSync(join(workspace, '.git'), { recursive: true }),
      {},
      3,
      'what is checked out is not known',
    ],
    [
      'a base-ref that is nowhere',
      async () => {},
      { 'base-ref': 'mian' },
      2,
      "Cannot use input 'base-ref: mian'",
    ],
  ])('%s', async (_, spoil, inputs, exitCode, words) => {
    github.state.pulls.push(pull(plusOne));
    const workspace = await plusOne.checkout(`spoilt-${checkouts++}`, plusOne.merge);
    await spoil(workspace);
    const done = await job(plusOne, plusOne.merge, { ...pullRequest(plusOne), workspace, inputs });
    expect([done.exitCode, done.outputs.verdict]).toEqual([exitCode, exitCode === 2 ? 'error' : 'failed']);
    expect(done.log).toContain(words);
    expect(commentsOf()[0]).not.toContain('Within');
  });
});

describe('a runner without QEMU', () => {
  /** All of this machine's programs but QEMU. */
  function pathWithoutQemu(): string {
    const bin = join(folder.path, 'bin');
    mkdirSync(bin);
    for (const place of ['/usr/bin', '/usr/sbin', '/usr/local/bin'])
      for (const name of readdirSync(place))
        if (!name.startsWith('qemu-') && !existsSync(join(bin, name)))
          symlinkSync(join(place, name), join(bin, name));
    return bin;
  }

  test('fetches it once; the next runner takes it, the kernel and the saved state from the cache', async () => {
    github.state.pulls.push(pull(plusOne));
    const cacheDir = join(folder.path, 'cache');
    const env = { PATH: pathWithoutQemu(), TOLLGATE_CACHE_DIR: cacheDir };
    const run = () =>
      job(plusOne, plusOne.merge, {
        ...pullRequest(plusOne),
        env,
        inputs: { cache: 'true', explain: 'true' },
      });
    const cold = await run();
    expect([cold.exitCode, cold.stderr]).toEqual([1, '']);
    expect(cold.log).toContain('missing: qemu-system-x86_64 (qemu-system-x86): boots the kernels');
    expect(cold.log).toContain('fetched and unpacked; nothing was installed');
    expect(cold.log).toContain(`${KERNEL}: booting`);
    expect(results.cacheKeys()).toHaveLength(1);

    rmSync(cacheDir, { recursive: true });
    const started = performance.now();
    const warm = await run();
    const seconds = (performance.now() - started) / 1000;
    expect([warm.exitCode, warm.stderr]).toEqual([1, '']);
    expect(warm.log).toContain('taken from the cache, where they lie unpacked');
    expect(warm.log).toContain('the cache has all of this already');
    expect(warm.log).not.toMatch(/: (booting|downloading)/);
    const plain = ({ measurements, verdicts }: Report) => ({ measurements, verdicts });
    expect(plain(reportOf(warm))).toEqual(plain(reportOf(cold)));
    const steps = [...warm.log.matchAll(/^::group::(.*)$[\s\S]*?^([\d.]+ s)$/gm)].map((step) =>
      step.slice(1).join(' '),
    );
    console.log(`with a warm cache ${seconds.toFixed(1)} s: ${steps.join(', ')}`);
  });
});

describe('another event', () => {
  test('a push to the default branch is measured, compared with nothing, and kept for trends', async () => {
    const done = await job(plusOne, plusOne.main, {
      event: 'push',
      payload: pushEvent('refs/heads/main', plusOne.main),
      ref: 'refs/heads/main',
      inputs: { history: 'branch' },
    });
    expect([done.exitCode, done.outputs.verdict]).toEqual([0, 'pass']);
    expect(reportOf(done).notes).toEqual([
      'No base: the default branch is measured, and compared with nothing. Only absolute budgets were checked.',
    ]);
    const kept = [...github.state.branches.get('tollgate-history')!];
    const [path, text] = kept.find(([name]) => name.endsWith('.json'))!;
    expect(path).toMatch(new RegExp(`^tollgate\\.yml/\\d{4}-\\d\\d-\\d\\d-${plusOne.main}\\.json$`));
    expect(reportSchema.parse(JSON.parse(text)).commits).toEqual({ head: plusOne.main });
    expect(commentsOf()).toEqual([]);
  });

  test('a push to another branch is compared with where it left the default branch', async () => {
    github.state.mergeBase = (base, head) =>
      base === 'main' && head === plusOne.head ? plusOne.parted : undefined;
    const done = await job(plusOne, plusOne.head, {
      event: 'push',
      payload: pushEvent('refs/heads/topic', plusOne.head),
      ref: 'refs/heads/topic',
    });
    expect([done.exitCode, reportOf(done).commits?.base]).toEqual([1, plusOne.parted]);
  });

  test("a merge queue's change is accepted by the trailers of its pull request, whatever the checkout holds", async () => {
    github.state.pulls.push(pull(plusOne, 'x\n\nTollgate-Accept: * count_0 it counts'));
    const done = await job(plusOne, plusOne.merge, {
      event: 'merge_group',
      payload: mergeGroupEvent(plusOne.merge, plusOne.main),
      ref: `refs/heads/gh-readonly-queue/main/pr-7-${plusOne.main}`,
    });
    expect(done.exitCode).toBe(0);
    expect(sorted(overRows(reportOf(done)))).toEqual(plusOneRows('it counts'));
  });

  test("a merge queue's change is compared with what it was put on, and its pull request's label counts", async () => {
    github.state.pulls.push(pull(plusOne, 'x', { labels: ['tollgate:accepted'] }));
    const done = await job(plusOne, plusOne.merge, {
      event: 'merge_group',
      payload: mergeGroupEvent(plusOne.merge, plusOne.main),
      ref: `refs/heads/gh-readonly-queue/main/pr-7-${plusOne.main}`,
    });
    expect([done.exitCode, reportOf(done).commits]).toEqual([0, { base: plusOne.main, head: plusOne.merge }]);
    expect(sorted(overRows(reportOf(done)))).toEqual(plusOneRows('label tollgate:accepted on #7'));
    expect(commentsOf()).toEqual([]);
  });

  test('a run by hand takes the base that it is told', async () => {
    github.state.mergeBase = () => plusOne.main;
    const done = await job(plusOne, plusOne.merge, {
      event: 'workflow_dispatch',
      payload: dispatchEvent('refs/heads/main'),
      ref: 'refs/heads/main',
      inputs: { 'base-ref': 'release', 'fail-on': 'never' },
    });
    // Over, and asked not to fail for it.
    expect([done.exitCode, done.outputs.verdict, reportOf(done).commits?.base]).toEqual([
      0,
      'over',
      plusOne.main,
    ]);
  });
});

describe('shards', () => {
  const KERNELS = ['debian:6.12', 'debian:5.10'];
  let broken: SampleRepository;
  beforeAll(async () => {
    broken = await sampleRepository(join(folder.path, 'broken'), {
      change: 'no-load-5.10',
      kernels: KERNELS,
      isWhole: true,
    });
  });
  const shard = (repo: SampleRepository, text: string) =>
    job(repo, repo.merge, { ...pullRequest(repo), inputs: { shard: text, explain: 'true' } });
  const merge = (repo: SampleRepository) =>
    job(repo, repo.merge, { ...pullRequest(repo), inputs: { mode: 'merge' } });

  test('are one verdict and one comment, as of one job', async () => {
    github.state.pulls.push(pull(broken));
    const parts = [await shard(broken, '1/2'), await shard(broken, '2/2')];
    expect(parts.map(({ exitCode }) => exitCode)).toEqual([1, 1]);
    expect(commentsOf()).toEqual([]);
    const merged = await merge(broken);
    expect([merged.exitCode, merged.outputs.verdict, commentsOf().length]).toEqual([1, 'over', 1]);
    const whole = await job(broken, broken.merge, {
      ...pullRequest(broken),
      inputs: { explain: 'true' },
    });
    expect(whole.exitCode).toBe(1);
    const plain = (report: Report) => ({
      ...report,
      targets: report.targets.map((target) => ({ ...target, seconds: 0 })),
    });
    expect(plain(reportOf(merged))).toEqual(plain(reportOf(whole)));
    if (process.env.UPDATE_EXAMPLE === '1') {
      const page = fileURLToPath(new URL('../../docs/example-comment.md', import.meta.url));
      writeFileSync(page, `${EXAMPLE}\n${whole.outputs['comment-body']}\n`);
    }
  });

  test('of which one is missing are no pass', async () => {
    const same = await sampleRepository(join(folder.path, 'same-shards'), {
      change: 'unchanged',
      kernels: KERNELS,
    });
    github.state.pulls.push(pull(same));
    expect((await shard(same, '1/2')).exitCode).toBe(0);
    const merged = await merge(same);
    expect([merged.exitCode, merged.outputs.verdict]).toEqual([3, 'failed']);
    expect(commentsOf()[0]).toContain('shard 2 of 2');
    expect(commentsOf()[0]).toContain('debian:5.10');
  });

  test('that nobody uploaded are an infrastructure failure', async () => {
    github.state.pulls.push(pull(broken));
    const merged = await merge(broken);
    expect([merged.exitCode, merged.outputs.verdict]).toEqual([3, 'failed']);
    expect(firstLine(merged.summary)).toContain('⚠️ Tollgate: No verdict: infrastructure failure');
  });
});

const EXAMPLE = `<!-- What the Action wrote on a pull request of the sample project whose program 5.10 does not load.
Made by: UPDATE_EXAMPLE=1 npx vitest run --project vm src/action/action.vm.test.ts -->
`;
