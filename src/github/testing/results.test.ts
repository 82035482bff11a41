import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { restoreCache, saveCache } from '@actions/cache';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakeResults, startResults } from './results.ts';
import { startGitHub } from './server.ts';

let results: FakeResults;
let folder: string;
let said: string;

beforeEach(async () => {
  results = await startResults();
  folder = await mkdtemp(path.join(tmpdir(), 'tollgate-results-'));
  await mkdir(path.join(folder, 'in/deep'), { recursive: true });
  runAs(42);
  vi.stubEnv('RUNNER_TEMP', path.join(folder, 'temp'));
  vi.stubEnv('GITHUB_WORKSPACE', folder);
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
  await results.close();
});

const runAs = (runId: number) => {
  for (const [name, value] of Object.entries(results.env(runId))) vi.stubEnv(name, value);
};
const file = (name: string) => path.join(folder, name);
const warnings = () => said.split('\n').filter((line) => /^::(warning|error)/.test(line));

// The toolkit's programs and a process of its own take a while on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

describe('the toolkit’s cache', () => {
  test('saves a folder and restores it, by its key or by the beginning of one', async () => {
    await writeFile(file('in/deep/a.txt'), 'hello');
    expect(await saveCache([file('in')], 'kernels-1')).toBe(1);
    await rm(file('in'), { recursive: true });
    expect(await restoreCache([file('in')], 'kernels-1')).toBe('kernels-1');
    expect(await readFile(file('in/deep/a.txt'), 'utf8')).toBe('hello');
    await rm(file('in'), { recursive: true });
    expect(await restoreCache([file('in')], 'kernels-2', ['kernels-'])).toBe('kernels-1');
    expect(await readFile(file('in/deep/a.txt'), 'utf8')).toBe('hello');
    expect(results.cacheKeys()).toEqual(['kernels-1']);
    expect(warnings()).toEqual([]);
  });

  test('finds nothing for another key, or for other paths', async () => {
    await writeFile(file('in/a.txt'), 'hello');
    await saveCache([file('in')], 'kernels-1');
    expect(await restoreCache([file('in')], 'kernels-2')).toBeUndefined();
    expect(await restoreCache([file('in'), file('temp')], 'kernels-1')).toBeUndefined();
  });

  test('keeps what was first saved under a key', async () => {
    await writeFile(file('in/a.txt'), 'first');
    await saveCache([file('in')], 'kernels-1');
    await writeFile(file('in/a.txt'), 'second');
    expect(await saveCache([file('in')], 'kernels-1')).toBe(-1);
    await restoreCache([file('in')], 'kernels-1');
    expect(await readFile(file('in/a.txt'), 'utf8')).toBe('first');
  });
});

describe('the toolkit’s artifacts', () => {
  const client = new DefaultArtifactClient();

  test('are uploaded, listed, downloaded and deleted within a run', async () => {
    // More than one block of 8 MB.
    const bytes = Buffer.alloc(9 * 1024 * 1024, 'random enough? '.repeat(3));
    await writeFile(file('in/deep/report.json'), bytes);
    const upload = await client.uploadArtifact('report', [file('in/deep/report.json')], file('in'), {
      compressionLevel: 0,
    });
    expect(upload).toMatchObject({ id: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect((await client.listArtifacts()).artifacts).toEqual([
      {
        id: 1,
        name: 'report',
        size: upload.size,
        digest: `sha256:${upload.digest}`,
        createdAt: new Date('2026-01-01T00:00:00Z'),
      },
    ]);
    const { downloadPath, digestMismatch } = await client.downloadArtifact(1, {
      path: file('out'),
      expectedHash: `sha256:${upload.digest}`,
    });
    expect(digestMismatch).toBe(false);
    expect((await readFile(path.join(downloadPath!, 'deep/report.json'))).equals(bytes)).toBe(true);
    expect(await client.deleteArtifact('report')).toEqual({ id: 1 });
    expect((await client.listArtifacts()).artifacts).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  test('of another run are not to be seen', async () => {
    await writeFile(file('in/report.json'), '{}');
    await client.uploadArtifact('report', [file('in/report.json')], file('in'));
    runAs(43);
    expect((await client.listArtifacts()).artifacts).toEqual([]);
  });

  test('have a name of their own in their run', async () => {
    await writeFile(file('in/report.json'), '{}');
    await client.uploadArtifact('report', [file('in/report.json')], file('in'));
    await expect(client.uploadArtifact('report', [file('in/report.json')], file('in'))).rejects.toThrow(
      'an artifact with this name already exists',
    );
  });

  test('of another run are found and downloaded through GitHub’s API with a token', async () => {
    const github = await startGitHub({ artifacts: results.artifacts });
    await writeFile(file('in/report.json'), '{"schema":1}');
    await client.uploadArtifact('report', [file('in/report.json')], file('in'));
    // The toolkit reads where the API is when it is loaded, so a process of its own.
    const script = `
      import { DefaultArtifactClient } from '@actions/artifact';
      const client = new DefaultArtifactClient();
      const [token, path] = process.argv.slice(-2);
      const findBy = { token, workflowRunId: 42, repositoryOwner: 'acme', repositoryName: 'lb' };
      const { artifact } = await client.getArtifact('report', { findBy });
      await client.listArtifacts({ findBy });
      await client.downloadArtifact(artifact.id, { findBy, path, expectedHash: artifact.digest });`;
    await execa('node', ['--input-type=module', '--eval', script, '--', github.state.token, file('out')], {
      env: { ...results.env(43), GITHUB_API_URL: github.url },
      cwd: import.meta.dirname,
    });
    expect(await readFile(file('out/report.json'), 'utf8')).toBe('{"schema":1}');
    expect(github.calls.map(({ method, path: at }) => `${method} ${at}`)).toEqual([
      'GET /repos/acme/lb/actions/runs/42/artifacts?name=report',
      'GET /repos/acme/lb/actions/runs/42/artifacts?per_page=100&page=1',
      'GET /repos/acme/lb/actions/artifacts/1/zip',
    ]);
    await github.close();
  });
});
