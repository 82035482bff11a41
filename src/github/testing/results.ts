// The runner's results service on this machine for tests: what @actions/cache (service v2) and @actions/artifact (v4)
// talk to. Two Twirp services that hand out signed URLs, and blobs behind those, as Azure's block blobs.
// The shapes are those of the packages' generated clients: lib/generated/results/api/v1 in each.

import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type Answer, type FakeServer, type HttpRequest, startServer } from './http.ts';
import type { FakeArtifact } from './server.ts';

export interface FakeResults extends FakeServer {
  /** What the runner sets for a run's jobs, so that the packages find this service. */
  env(runId: number): Readonly<Record<string, string>>;
  /** What is uploaded so far: for the state of a fake GitHub. */
  artifacts(): readonly FakeArtifact[];
  /** The cache's keys that can be restored, oldest first. */
  cacheKeys(): readonly string[];
}

interface Blob {
  readonly id: string;
  /** Its URLs hold it: without it there is no access. */
  readonly signature: string;
  readonly fileName: string;
  readonly blocks: Map<string, Buffer>;
  contentType: string;
  content?: Buffer;
}

interface CacheEntry {
  readonly id: number;
  readonly key: string;
  readonly version: string;
  readonly blob: Blob;
  finalized: boolean;
}

interface Artifact {
  readonly id: number;
  readonly runId: number;
  readonly job: string;
  readonly name: string;
  readonly blob: Blob;
  digest?: string;
  finalized: boolean;
}

interface State {
  readonly blobs: Blob[];
  readonly entries: CacheEntry[];
  readonly artifacts: Artifact[];
}

/** Starts one on a free port of 127.0.0.1. Every run sees the same cache, and its own artifacts. */
export async function startResults(): Promise<FakeResults> {
  const state: State = { blobs: [], entries: [], artifacts: [] };
  const server = await startServer((request, url) => answer(request, state, url), []);
  return {
    ...server,
    env: (runId) => ({
      ACTIONS_RUNTIME_TOKEN: runtimeToken(runId),
      ACTIONS_RESULTS_URL: `${server.url}/`,
      ACTIONS_CACHE_SERVICE_V2: 'true',
      // Of another host the packages say that it is an enterprise server, which has no such service.
      GITHUB_SERVER_URL: 'https://github.com',
    }),
    artifacts: () =>
      state.artifacts
        .filter(({ finalized }) => finalized)
        .map(({ id, runId, name, blob, digest }) => ({
          id,
          runId,
          name,
          sizeBytes: blob.content?.length ?? 0,
          url: signedUrl(blob, server.url),
          ...(digest && { digest }),
        })),
    cacheKeys: () => state.entries.filter(({ finalized }) => finalized).map(({ key }) => key),
  };
}

function answer(request: HttpRequest, state: State, url: string): Answer {
  const { pathname, searchParams } = new URL(request.path, url);
  if (pathname.startsWith(BLOBS)) return answerBlob(request, pathname, searchParams, state);
  const run = runOf(request.headers.authorization);
  if (!run) return twirpError(401, 'unauthenticated', 'no runtime token');
  const method = METHODS[pathname.replace('/twirp/github.actions.results.api.v1.', '')];
  if (!method) return twirpError(404, 'bad_route', `no handler for ${pathname}`);
  return method(JSON.parse(request.body.toString()), state, url, run);
}

interface Run {
  readonly runId: number;
  readonly job: string;
}

type Method = (body: unknown, state: State, url: string, run: Run) => Answer;

function method<T>(
  request: z.ZodType<T>,
  respond: (request: T, state: State, url: string, run: Run) => Answer,
): Method {
  return (body, ...rest) => {
    const parsed = request.safeParse(body);
    if (!parsed.success) return twirpError(400, 'malformed', z.prettifyError(parsed.error));
    return respond(parsed.data, ...rest);
  };
}

const Ids = { workflow_run_backend_id: z.string(), workflow_job_run_backend_id: z.string() };
const Int64 = z.string().regex(/^\d+$/);
const CacheKey = { key: z.string().min(1).max(512), version: z.string() };

const METHODS: Readonly<Record<string, Method>> = {
  'CacheService/CreateCacheEntry': method(z.strictObject(CacheKey), ({ key, version }, state, url) => {
    if (state.entries.some((entry) => entry.key === key && entry.version === version)) {
      return twirpError(409, 'already_exists', 'cache entry with the same key and version already exists');
    }
    const blob = newBlob(state, 'cache.tzst');
    state.entries.push({ id: state.entries.length + 1, key, version, blob, finalized: false });
    return ok({ ok: true, signed_upload_url: signedUrl(blob, url) });
  }),
  'CacheService/FinalizeCacheEntryUpload': method(
    z.strictObject({ ...CacheKey, size_bytes: Int64.optional() }),
    ({ key, version, size_bytes = '0' }, state) => {
      const entry = state.entries.find((each) => each.key === key && each.version === version);
      if (entry?.blob.content?.length !== Number(size_bytes)) return ok({ ok: false, message: 'wrong size' });
      entry.finalized = true;
      return ok({ ok: true, entry_id: `${entry.id}` });
    },
  ),
  'CacheService/GetCacheEntryDownloadURL': method(
    z.strictObject({ ...CacheKey, restore_keys: z.array(z.string()).optional() }),
    ({ key, version, restore_keys = [] }, state, url) => {
      const whole = state.entries.filter((entry) => entry.finalized && entry.version === version).reverse();
      const exact = whole.find((entry) => entry.key === key);
      const byPrefix = restore_keys.map((prefix) => whole.find((entry) => entry.key.startsWith(prefix)));
      const found = exact ?? byPrefix.find((entry) => entry !== undefined);
      return found
        ? ok({ ok: true, signed_download_url: signedUrl(found.blob, url), matched_key: found.key })
        : ok({ ok: false });
    },
  ),
  'ArtifactService/CreateArtifact': method(
    z.strictObject({
      ...Ids,
      name: z.string().min(1),
      expires_at: z.iso.datetime().optional(),
      version: z.literal(7),
      mime_type: z.string().optional(),
    }),
    ({ name }, state, url, { runId, job }) => {
      if (state.artifacts.some((each) => each.runId === runId && each.name === name)) {
        return twirpError(
          409,
          'already_exists',
          'an artifact with this name already exists on the workflow run',
        );
      }
      const blob = newBlob(state, `${name}.zip`);
      state.artifacts.push({ id: state.artifacts.length + 1, runId, job, name, blob, finalized: false });
      return ok({ ok: true, signed_upload_url: signedUrl(blob, url) });
    },
  ),
  'ArtifactService/FinalizeArtifact': method(
    z.strictObject({
      ...Ids,
      name: z.string(),
      size: Int64.optional(),
      hash: z.string().startsWith('sha256:').optional(),
    }),
    ({ name, size = '0', hash }, state, _, { runId }) => {
      const artifact = state.artifacts.find((each) => each.runId === runId && each.name === name);
      const content = artifact?.blob.content;
      if (!artifact || content?.length !== Number(size)) {
        return twirpError(400, 'invalid_argument', 'wrong size');
      }
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      if (hash !== undefined && hash !== digest) return twirpError(400, 'invalid_argument', 'wrong hash');
      artifact.digest = digest;
      artifact.finalized = true;
      return ok({ ok: true, artifact_id: `${artifact.id}` });
    },
  ),
  'ArtifactService/ListArtifacts': method(
    z.strictObject({ ...Ids, name_filter: z.string().optional(), id_filter: Int64.optional() }),
    ({ name_filter, id_filter }, state, _, { runId }) => {
      const found = state.artifacts.filter(
        (each) =>
          each.finalized &&
          each.runId === runId &&
          each.name === (name_filter ?? each.name) &&
          `${each.id}` === (id_filter ?? `${each.id}`),
      );
      return ok({
        artifacts: found.map(({ id, job, name, blob, digest }) => ({
          workflow_run_backend_id: backendId(runId),
          workflow_job_run_backend_id: job,
          database_id: `${id}`,
          name,
          size: `${blob.content?.length ?? 0}`,
          created_at: '2026-01-01T00:00:00Z',
          digest,
        })),
      });
    },
  ),
  'ArtifactService/GetSignedArtifactURL': method(
    z.strictObject({ ...Ids, name: z.string() }),
    ({ name }, state, url, { runId }) => {
      const found = state.artifacts.find((each) => each.runId === runId && each.name === name);
      return found ? ok({ signed_url: signedUrl(found.blob, url) }) : twirpError(404, 'not_found', name);
    },
  ),
  'ArtifactService/DeleteArtifact': method(
    z.strictObject({ ...Ids, name: z.string() }),
    ({ name }, state, _, { runId }) => {
      const index = state.artifacts.findIndex((each) => each.runId === runId && each.name === name);
      if (index < 0) return twirpError(404, 'not_found', name);
      const [gone] = state.artifacts.splice(index, 1);
      return ok({ ok: true, artifact_id: `${gone?.id}` });
    },
  ),
};

// An account in the path is how Azure's SDK knows a storage by its address alone.
const BLOBS = '/account/results/';

function newBlob({ blobs }: State, fileName: string): Blob {
  const blob: Blob = {
    id: `${blobs.length + 1}`,
    signature: randomUUID(),
    fileName,
    blocks: new Map(),
    contentType: 'application/octet-stream',
  };
  blobs.push(blob);
  return blob;
}

function signedUrl({ id, signature, fileName }: Blob, url: string): string {
  return `${url}${BLOBS}${id}/${encodeURIComponent(fileName)}?sig=${signature}`;
}

/** PUT of a whole blob, of a block, of the list of blocks; GET, whole or a range; HEAD. */
function answerBlob(
  request: HttpRequest,
  pathname: string,
  query: URLSearchParams,
  { blobs }: State,
): Answer {
  const blob = blobs.find(({ id }) => id === pathname.slice(BLOBS.length).split('/')[0]);
  if (!blob || query.get('sig') !== blob.signature) return { status: 403 };
  if (request.method === 'PUT') return putBlob(request, query, blob);
  const { content, contentType } = blob;
  if (!content) return { status: 404 };
  const headers = { ...AZURE, 'content-type': contentType, 'accept-ranges': 'bytes' };
  const wanted = request.headers.range ?? request.headers['x-ms-range'];
  const range = /^bytes=(\d+)-(\d*)$/.exec(typeof wanted === 'string' ? wanted : '');
  if (!range) return { status: 200, headers, body: content };
  const start = Number(range[1]);
  const part = content.subarray(start, range[2] ? Number(range[2]) + 1 : undefined);
  const contentRange = `bytes ${start}-${start + part.length - 1}/${content.length}`;
  return { status: 206, headers: { ...headers, 'content-range': contentRange }, body: part };
}

const AZURE = {
  etag: '"0x1"',
  'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
  'x-ms-blob-type': 'BlockBlob',
  'x-ms-version': '2025-01-05',
};

function putBlob({ headers, body }: HttpRequest, query: URLSearchParams, blob: Blob): Answer {
  const created = { status: 201, headers: AZURE };
  const type = headers['x-ms-blob-content-type'];
  if (typeof type === 'string') blob.contentType = type;
  switch (query.get('comp')) {
    case 'block':
      blob.blocks.set(query.get('blockid') ?? '', body);
      return created;
    case 'blocklist': {
      const ids = [...body.toString().matchAll(/<Latest>([^<]*)<\/Latest>/g)].map((match) => match[1] ?? '');
      const blocks = ids.map((id) => blob.blocks.get(id));
      if (blocks.some((block) => !block)) return { status: 400 };
      blob.content = Buffer.concat(blocks as Buffer[]);
      return created;
    }
    default:
      if (headers['x-ms-blob-type'] !== 'BlockBlob') return { status: 400 };
      blob.content = body;
      return created;
  }
}

function ok(body: object): Answer {
  return { status: 200, body };
}

function twirpError(status: number, code: string, msg: string): Answer {
  return { status, body: { code, msg } };
}

const backendId = (runId: number) => `run-${runId}`;

/** Unsigned: neither the packages nor this service verify it, they read the run and the job from its scopes. */
function runtimeToken(runId: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ scp: `Actions.Results:${backendId(runId)}:job-1` })}.x`;
}

function runOf(authorization: string | undefined): Run | undefined {
  const payload = authorization?.replace('Bearer ', '').split('.')[1];
  if (!payload) return undefined;
  const { scp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { scp: string };
  const [, run = '', job = ''] = scp.split(':');
  return { runId: Number(run.replace('run-', '')), job };
}
