import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { baseFromCommit, baseFromDirectory, baseFromGit } from './base.ts';
import { checkedOut, gitIn, mergeBaseOf, messagesBetween } from './git.ts';

// main:  first - second          a topic that left at first: 'topic one', 'topic two'; merge: the two joined.
let folder = '';
let origin = '';
const commits: Record<string, string> = {};
const LOCAL = [['protocol.file.allow', 'always']] as const;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-git-'));
  origin = join(folder, 'origin');
  mkdirSync(join(origin, 'project'), { recursive: true });
  await run('init', '-q', '-b', 'main');
  commits.first = await commit('project/tollgate.yml', 'first');
  await run('checkout', '-q', '-b', 'topic');
  await commit('project/a.c', 'one', 'topic one\n\nTollgate-Accept: run_insns a it counts\n');
  commits.topic = await commit('project/a.c', 'two', 'topic two');
  await run('checkout', '-q', 'main');
  commits.second = await commit('project/b.c', 'second');
  await run('checkout', '-q', '-b', 'joined');
  await run('merge', '-q', '--no-edit', 'topic');
  commits.joined = await run('rev-parse', 'HEAD');
  await run('config', 'uploadpack.allowAnySHA1InWant', 'true');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<string> {
  const identity = [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.org',
    '-c',
    'protocol.file.allow=always',
  ];
  return (await execa('git', [...identity, ...args], { cwd: origin })).stdout;
}

async function commit(path: string, text: string, message = text): Promise<string> {
  writeFileSync(join(origin, path), `${text}\n`);
  await run('add', '.');
  await run('commit', '-q', '-m', message);
  return await run('rev-parse', 'HEAD');
}

async function clone(name: string, ...args: string[]): Promise<string> {
  await execa('git', ['clone', '-q', ...args, `file://${origin}`, join(folder, name)]);
  return join(folder, name);
}

test('the base is the merge base, in a folder of its own that goes away', async () => {
  const project = join(await clone('whole', '--branch=topic'), 'project');
  const base = await baseFromGit(project, 'origin/main');
  expect(base.commit).toBe(commits.first);
  expect(readdirSync(base.directory)).toEqual(['tollgate.yml']);
  await base.remove();
  expect(existsSync(base.directory)).toBe(false);
  expect(await gitIn(project)('worktree', 'list')).not.toContain('tollgate-base-');
  expect(await gitIn(project)('status', '--porcelain')).toBe('');
});

test('a commit that a shallow clone lacks is fetched by its name, without its history', async () => {
  const project = join(await clone('shallow', '--branch=joined', '--depth=1'), 'project');
  const { commit, parents } = await checkedOut(gitIn(project));
  expect([commit, parents]).toEqual([commits.joined, [commits.second, commits.topic]]);
  const base = await baseFromCommit(project, commits.second!);
  expect(readFileSync(join(base.directory, 'b.c'), 'utf8')).toBe('second\n');
  expect(await gitIn(project)('rev-list', '--count', commits.second!)).toBe('1');
  await base.remove();
});

test('a shallow clone has no merge base, a whole one has', async () => {
  const shallow = gitIn(await clone('shallow2', '--branch=joined', '--depth=1'));
  expect(await mergeBaseOf(shallow, 'HEAD', commits.first!)).toBeUndefined();
  const whole = gitIn(await clone('whole2', '--branch=topic'));
  expect(await mergeBaseOf(whole, 'HEAD', 'origin/main')).toBe(commits.first);
});

test('messages come whole, with the commits that they are of', async () => {
  const git = gitIn(await clone('whole3', '--branch=topic'));
  expect(await messagesBetween(git, 'origin/main', 'HEAD')).toEqual([
    { commit: commits.topic, message: 'topic two\n' },
    {
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      message: 'topic one\n\nTollgate-Accept: run_insns a it counts\n',
    },
  ]);
});

test('submodules that the project has checked out are there at base, too', async () => {
  const library = join(folder, 'library');
  mkdirSync(library);
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  await execa('git', ['init', '-q', '-b', 'main'], { cwd: library });
  writeFileSync(join(library, 'bpf.h'), '#pragma once\n');
  await execa('git', ['add', '.'], { cwd: library });
  await execa('git', [...identity, 'commit', '-q', '-m', 'library'], { cwd: library });
  await run('checkout', '-q', '-b', 'with-library', 'main');
  await run('submodule', '--quiet', 'add', `file://${library}`, 'lib');
  await run('commit', '-q', '-m', 'add a library');
  const project = await clone('modules', '--branch=with-library');
  await gitIn(project, { config: LOCAL })('submodule', 'update', '--init');
  const base = await baseFromCommit(project, 'HEAD', { config: LOCAL });
  expect(readdirSync(join(base.directory, 'lib'))).toContain('bpf.h');
  await base.remove();
});

test.each<[string, (project: string) => Promise<unknown>, string]>([
  [
    'an unknown reference',
    (project) => baseFromGit(project, 'origin/none'),
    "Cannot find base 'origin/none': git merge-base",
  ],
  [
    'an option',
    async (project) => baseFromGit(project, '--all'),
    "Cannot find base '--all': a git reference does not",
  ],
  [
    'an unknown commit',
    (project) => baseFromCommit(project, '0'.repeat(40)),
    `Cannot find base '${'0'.repeat(40)}': git fetch`,
  ],
  [
    'a missing folder',
    async () => baseFromDirectory('/nowhere/base'),
    "Cannot use base '/nowhere/base': no such folder",
  ],
])('%s is told, and nothing is left behind', async (name, work, message) => {
  const project = await clone(name.replaceAll(' ', '-'));
  const before = readdirSync(tmpdir()).filter((entry) => entry.startsWith('tollgate-base-'));
  await expect(work(project)).rejects.toThrow(message);
  expect(readdirSync(tmpdir()).filter((entry) => entry.startsWith('tollgate-base-'))).toEqual(before);
});
