// One job's step as the runner starts it: dist/action.js alone in a folder without packages, inputs in INPUT_*, files for
// outputs and summary, an event's payload, and services on this machine in the place of GitHub's.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse } from 'yaml';
import type { FakeResults } from '../../github/testing/results.ts';
import type { FakeGitHub } from '../../github/testing/server.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ACTION: { readonly inputs: Readonly<Record<string, { readonly default: string }>> } = parse(
  readFileSync(join(ROOT, 'action.yml'), 'utf8'),
);

export interface JobOptions {
  readonly event: string;
  readonly payload: unknown;
  readonly github: FakeGitHub;
  readonly results: FakeResults;
  readonly workspace: string;
  readonly inputs?: Readonly<Record<string, string>>;
  /** What the checkout checked out, as GITHUB_SHA and GITHUB_REF say. */
  readonly sha: string;
  readonly ref: string;
  readonly runId?: number;
  /** Another Node than this one. */
  readonly node?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Cancels the job, as the runner does, when this stands in its log. */
  readonly cancelAt?: string;
}

export interface JobResult {
  readonly exitCode: number;
  /** Standard output, workflow commands included, as the runner reads it. */
  readonly log: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What is left in the runner's folder for temporary files, but for the report. */
  readonly leftBehind: readonly string[];
}

/** Runs a step and returns what the runner would see. The temporary folder is the caller's to remove. */
export async function runJob(folder: string, options: JobOptions): Promise<JobResult> {
  const { event, payload, github, results, workspace, inputs = {}, sha, ref, runId = 4711 } = options;
  const home = mkdtempSync(join(folder, 'job-'));
  const files = Object.fromEntries(
    ['event', 'output', 'summary', 'env', 'path', 'state'].map((name) => [name, join(home, name)]),
  ) as Record<'event' | 'output' | 'summary' | 'env' | 'path' | 'state', string>;
  for (const path of Object.values(files)) writeFileSync(path, '');
  writeFileSync(files.event, typeof payload === 'string' ? payload : JSON.stringify(payload));
  const [dist, temp] = [join(home, 'dist'), join(home, 'temp')];
  cpSync(join(ROOT, 'dist'), dist, { recursive: true });
  mkdirSync(temp);
  const given = Object.entries(ACTION.inputs).map(([name, input]) => [
    `INPUT_${name.toUpperCase().replaceAll(' ', '_')}`,
    inputs[name] ?? (name === 'token' ? github.state.token : input.default),
  ]);
  const step = execa(options.node ?? process.execPath, [join(dist, 'action.js')], {
    cwd: workspace,
    extendEnv: false,
    reject: false,
    maxBuffer: 256 << 20,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      ...(process.env.TOLLGATE_CACHE_DIR ? { TOLLGATE_CACHE_DIR: process.env.TOLLGATE_CACHE_DIR } : {}),
      ...(process.env.TOLLGATE_MIRROR ? { TOLLGATE_MIRROR: process.env.TOLLGATE_MIRROR } : {}),
      TMPDIR: tmpdir(),
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: files.event,
      GITHUB_OUTPUT: files.output,
      GITHUB_STEP_SUMMARY: files.summary,
      GITHUB_ENV: files.env,
      GITHUB_PATH: files.path,
      GITHUB_STATE: files.state,
      GITHUB_REPOSITORY: `${github.state.owner}/${github.state.repo}`,
      GITHUB_SHA: sha,
      GITHUB_REF: ref,
      GITHUB_RUN_ID: String(runId),
      GITHUB_WORKSPACE: workspace,
      GITHUB_API_URL: github.url,
      GITHUB_GRAPHQL_URL: `${github.url}/graphql`,
      RUNNER_TEMP: temp,
      RUNNER_OS: 'Linux',
      RUNNER_ARCH: 'X64',
      ...results.env(runId),
      ...Object.fromEntries(given),
      ...options.env,
    },
  });
  const { cancelAt } = options;
  if (cancelAt !== undefined)
    step.stdout.on('data', (text: Buffer) => {
      if (text.includes(cancelAt)) step.kill('SIGINT');
    });
  const result = await step;
  return {
    exitCode: result.exitCode ?? -1,
    log: result.stdout,
    stderr: result.stderr,
    outputs: readOutputs(readFileSync(files.output, 'utf8')),
    summary: readFileSync(files.summary, 'utf8'),
    leftBehind: readdirSync(temp).filter((name) => !name.startsWith('tollgate-')),
  };
}

/** A folder that goes with the test. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'tollgate-job-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A GITHUB_OUTPUT file: 'NAME<<DELIMITER', the value's lines, 'DELIMITER'. */
function readOutputs(text: string): Record<string, string> {
  const found = text.matchAll(/^([\w-]+)<<(ghadelimiter_[\w-]+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...found].map(([, name, , value]) => [name!, value!]));
}
