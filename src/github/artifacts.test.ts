import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { artifactsOfRun, filesOfArtifact, type RunArtifact } from './artifacts.ts';
import type { GitHub } from './client.ts';
import { connect } from './testing/connect.ts';
import { type FakeResults, startResults } from './testing/results.ts';
import { type FakeGitHub, startGitHub } from './testing/server.ts';

const at = { owner: 'acme', repo: 'lb' };
const REPORT = '{"schema":1,"verdict":"über"}';
const BLOB = /^GET \/account\/results/;

let results: FakeResults;
let server: FakeGitHub;
let github: GitHub;

// Uploaded once, as a run does it.
beforeAll(async () => {
  results = await startResults();
  const folder = await mkdtemp(path.join(tmpdir(), 'tollgate-artifact-'));
  for (const [name, value] of Object.entries(results.env(42))) vi.stubEnv(name, value);
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await writeFile(path.join(folder, 'report.json'), REPORT);
    await writeFile(path.join(folder, 'report.md'), 'x'.repeat(100_000));
    const files = ['report.json', 'report.md'].map((name) => path.join(folder, name));
    await new DefaultArtifactClient().uploadArtifact('tollgate', files, folder);
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  }
});
afterAll(() => results.close());

beforeEach(async () => {
  server = await startGitHub({ artifacts: results.artifacts });
  github = connect(server);
});
afterEach(() => server.close());

const uploaded = async (): Promise<RunArtifact> => (await artifactsOfRun(github, at, 42))[0]!;

describe('the artifacts of a run', () => {
  test('are named, with their size', async () => {
    expect(await artifactsOfRun(github, at, 42)).toEqual([
      { id: 1, name: 'tollgate', sizeBytes: results.artifacts()[0]?.sizeBytes },
    ]);
  });

  test('are none for another run', async () => {
    expect(await artifactsOfRun(github, at, 43)).toEqual([]);
  });

  test('of 101 are on two pages', async () => {
    server.state.artifacts = () =>
      Array.from({ length: 101 }, (_, id) => ({ id, runId: 42, name: `${id}`, sizeBytes: 1, url: '' }));
    expect(await artifactsOfRun(github, at, 42)).toHaveLength(101);
  });
});

describe('the files of an artifact', () => {
  test('are those asked for that are there, none else', async () => {
    const files = await filesOfArtifact(github, at, await uploaded(), ['report.json', 'fault.json'], 1000);
    expect([...files]).toEqual([['report.json', REPORT]]);
  });

  test('are whole, though the first download was cut', async () => {
    results.faults.push({ on: BLOB, cut: 'half' });
    const files = await filesOfArtifact(github, at, await uploaded(), ['report.json'], 1000);
    expect([...files]).toEqual([['report.json', REPORT]]);
  });

  test.each<{ name: string; given: Partial<RunArtifact>; names: string[]; why: string }>([
    {
      name: 'a file over the cap',
      given: {},
      names: ['report.md'],
      why: "'report.md' is larger than 1000 bytes",
    },
    { name: 'an archive over the cap', given: { sizeBytes: 1e9 }, names: [], why: '1000000000 bytes exceed' },
    { name: 'an artifact that is gone', given: { id: 9 }, names: [], why: 'GitHub answered 404 (Not Found)' },
  ])('$name is refused', async ({ given, names, why }) => {
    const artifact = { ...(await uploaded()), ...given };
    await expect(filesOfArtifact(github, at, artifact, names, 1000)).rejects.toMatchObject({
      kind: 'infrastructure',
      message: expect.stringContaining(why),
    });
  });

  test('what is no archive is refused', async () => {
    results.faults.push({ on: BLOB, answer: { status: 200, body: Buffer.from('no zip') } });
    await expect(filesOfArtifact(github, at, await uploaded(), [], 1000)).rejects.toMatchObject({
      kind: 'infrastructure',
      message: expect.stringMatching(/^Cannot read artifact 'tollgate' of acme\/lb: /),
    });
  });
});
