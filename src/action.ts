// The Action: what the runner gives is read here, once, and what it offers is put behind small interfaces.

import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import * as cache from '@actions/cache';
import * as core from '@actions/core';
import { getOctokit } from '@actions/github';
import { defaults } from '@actions/github/lib/utils';
import { readInputs } from './action/inputs.ts';
import { logLine } from './action/log.ts';
import type { ActionContext, ArtifactStore, Runner } from './action/ports.ts';
import { runAction } from './action/run.ts';
import { clientSetup, type GitHub } from './github/client.ts';
import { PAYLOAD_LIMIT_BYTES, parseEvent } from './github/events.ts';
import { EXIT, formatError, TollgateError } from './model/errors.ts';
import { cacheDirOf, proxyOf } from './model/surroundings.ts';
import { faultOf, faultTitle, isUsersFault, renderFault } from './report/fault.ts';
import type { CacheStore } from './setup/cache.ts';

declare const TOLLGATE_VERSION: string;
const version = typeof TOLLGATE_VERSION === 'string' ? TOLLGATE_VERSION : '0.0.0-source';

const abort = new AbortController();
// A cancelled job gets SIGINT, and SIGTERM seconds later: machines end and folders go before the process does.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (abort.signal.aborted) process.exit(EXIT.infrastructure);
    abort.abort(new TollgateError('infrastructure', `Stopped by ${signal}`, { reason: 'stopped' }));
  });

// Node would end with 1, which is a verdict.
process.on('uncaughtException', async (error) => {
  process.exit(await refuse(error));
});

async function main(): Promise<void> {
  try {
    const token = core.getInput('token');
    if (token !== '') core.setSecret(token);
    process.exitCode = await runAction(contextFrom(process.env));
  } catch (error) {
    process.exitCode = await refuse(error);
  }
}

/** What went wrong before there was anything to publish, or in publishing itself. */
async function refuse(error: unknown): Promise<number> {
  const fault = faultOf(error);
  core.error(error instanceof TollgateError ? formatError(error) : stackOf(error), {
    title: faultTitle(fault),
  });
  core.setOutput('verdict', isUsersFault(fault) ? 'error' : 'failed');
  await core.summary
    .addRaw(renderFault(fault))
    .write()
    .catch(() => {}); // no file for it: the log has said it
  return error instanceof TollgateError ? error.exitCode : EXIT.infrastructure;
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

function contextFrom(env: NodeJS.ProcessEnv): ActionContext {
  const inputs = readInputs((name) => core.getInput(name));
  const required = (name: string) => {
    const value = env[name];
    if (value) return value;
    throw new TollgateError('usage', `Cannot run without ${name}`, {
      hint: 'this is the entry of a GitHub Action',
    });
  };
  const serverUrl = env.GITHUB_SERVER_URL || 'https://github.com';
  const repository = required('GITHUB_REPOSITORY');
  const ref = required('GITHUB_REF');
  const proxy = proxyOf(env);
  return {
    version,
    inputs,
    event: parseEvent({
      name: required('GITHUB_EVENT_NAME'),
      payload: readPayload(required('GITHUB_EVENT_PATH')),
      repository,
      sha: required('GITHUB_SHA'),
    }),
    ref,
    serverUrl,
    runUrl: `${serverUrl}/${repository}/actions/runs/${env.GITHUB_RUN_ID ?? ''}`,
    workspace: env.GITHUB_WORKSPACE || process.cwd(),
    tempDir: mkdtempSync(join(env.RUNNER_TEMP || tmpdir(), 'tollgate-')),
    cacheDir: cacheDirOf(env),
    distDir: __dirname,
    safeEnv: safeEnvironment(env),
    runner,
    artifacts,
    cache: cacheStore,
    signal: abort.signal,
    ...(inputs.token === '' ? {} : { github: clientFor(inputs.token) }),
    ...(env.TOLLGATE_MIRROR ? { mirror: env.TOLLGATE_MIRROR } : {}),
    ...(proxy ? { proxy } : {}),
  };
}

function readPayload(path: string): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined)
    throw new TollgateError('usage', `Cannot read GITHUB_EVENT_PATH '${path}': no such file`);
  if (size > PAYLOAD_LIMIT_BYTES)
    throw new TollgateError('usage', `Cannot read '${path}': ${size} bytes exceed ${PAYLOAD_LIMIT_BYTES}`);
  return readFileSync(path, 'utf8');
}

/** A build is the pull request's own code: it gets no token, and cannot write our outputs or the job's environment. */
function safeEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const withheld =
    /^(INPUT_|ACTIONS_(RUNTIME|RESULTS|CACHE|ID_TOKEN)|GITHUB_(ENV|PATH|OUTPUT|STATE|STEP_SUMMARY)$)/;
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || withheld.test(name) ? [] : [[name, value]],
    ),
  );
}

function clientFor(token: string): GitHub {
  // The toolkit's own fetch goes through the runner's proxy.
  const fetchByProxy = defaults.request?.fetch as typeof fetch | undefined;
  const setup = clientSetup({
    userAgent: `tollgate/${version}`,
    ...(fetchByProxy ? { fetch: fetchByProxy } : {}),
  });
  return getOctokit(token, setup.options, ...setup.plugins);
}

const runner: Runner = {
  info: (line) => core.info(logLine(line)),
  warning: (line) => core.warning(line, { title: 'Tollgate' }),
  group: async (name, work) =>
    await core.group(name, async () => {
      const started = performance.now();
      try {
        return await work();
      } finally {
        core.info(`${((performance.now() - started) / 1000).toFixed(1)} s`);
      }
    }),
  annotate: ({ level, message, title, file, line }) => {
    const write = { error: core.error, warning: core.warning, notice: core.notice }[level];
    write(message, {
      title,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { startLine: line }),
    });
  },
  writeSummary: async (markdown) => {
    await core.summary.addRaw(markdown).write();
  },
  setOutput: core.setOutput,
};

const artifacts: ArtifactStore = {
  upload: async (name, folder, files) => {
    const { id } = await new DefaultArtifactClient().uploadArtifact(name, [...files], folder);
    const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = process.env;
    return { url: `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}/artifacts/${id}` };
  },
  list: async () => {
    const { artifacts: found } = await new DefaultArtifactClient().listArtifacts({ latest: true });
    return found.map(({ name, id, size }) => ({ name, id, sizeBytes: size }));
  },
  download: async (id, folder) => {
    await new DefaultArtifactClient().downloadArtifact(id, { path: folder });
  },
};

const cacheStore: CacheStore = {
  restore: async (paths, key, restoreKeys) => cache.restoreCache([...paths], key, [...restoreKeys]),
  save: async (paths, key) => {
    await cache.saveCache([...paths], key);
  },
};

void main();
