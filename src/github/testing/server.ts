// A GitHub API on this machine for tests: one repository in memory, every request and every answer held against GitHub's
// own description, every call recorded, and whatever GitHub or the network does wrong on demand.

import { type Answer, type FakeServer, failure, type HttpRequest, startServer } from './http.ts';
import { type Call, component, judgeAnswer, judgeRequest } from './openapi.ts';

export interface FakePull {
  readonly number: number;
  readonly state?: 'open' | 'closed';
  /** `repository` as 'owner/name'; null for a fork that was deleted since. */
  readonly head: { readonly ref: string; readonly sha: string; readonly repository: string | null };
  readonly base: { readonly ref: string; readonly sha: string };
  readonly labels?: readonly string[];
  readonly commits?: readonly { readonly sha: string; readonly message: string }[];
}

export interface FakeComment {
  readonly id: number;
  readonly issue: number;
  readonly login: string;
  body: string;
}

export interface FakeArtifact {
  readonly id: number;
  readonly runId: number;
  readonly name: string;
  readonly sizeBytes: number;
  /** Where its zip lies, fetched without a token. */
  readonly url: string;
  /** As 'sha256:...'. */
  readonly digest?: string;
}

/** What the server knows; a test may change it at any time. */
export interface FakeState {
  owner: string;
  repo: string;
  /** What calls must present. */
  token: string;
  /** Whose token that is. */
  viewer: string;
  /** With 'read' whatever writes is answered 403, as for a forked pull request. */
  permissions: 'read' | 'write';
  pulls: FakePull[];
  comments: FakeComment[];
  /** The merge base of two references, undefined where they have none or one is unknown. */
  mergeBase: (base: string, head: string) => string | undefined;
  /** A file's bytes at a commit. */
  file: (commit: string, path: string) => Uint8Array | undefined;
  artifacts: () => readonly FakeArtifact[];
  /** What the branches hold that were written through the API: texts by path. */
  branches: Map<string, Files>;
  /** The trees and commits that were made through the API, by their object names. */
  objects: Map<string, Files>;
}

type Files = ReadonlyMap<string, string>;

/** `url` is for `baseUrl`, or GITHUB_API_URL; `close` throws if a request or an answer was not as GitHub describes it. */
export interface FakeGitHub extends FakeServer {
  readonly state: FakeState;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startGitHub(given: Partial<FakeState> = {}): Promise<FakeGitHub> {
  const state: FakeState = {
    owner: 'acme',
    repo: 'lb',
    token: 'ghs_secret',
    viewer: 'github-actions[bot]',
    permissions: 'write',
    pulls: [],
    comments: [],
    mergeBase: () => undefined,
    file: () => undefined,
    artifacts: () => [],
    branches: new Map(),
    objects: new Map(),
    ...given,
  };
  const wrong: string[] = [];
  const server = await startServer((request, url) => {
    const { authorization } = request.headers;
    if (authorization !== `token ${state.token}` && authorization !== `Bearer ${state.token}`) {
      return failure(401, 'Bad credentials');
    }
    return answerRequest(request, state, url, wrong);
  }, wrong);
  return { ...server, state };
}

function answerRequest(
  { method, path, body }: HttpRequest,
  state: FakeState,
  url: string,
  wrong: string[],
): Answer {
  const text = body.toString();
  if (method === 'POST' && path === '/graphql') return answerGraphql(text, state);
  const { call, wrong: asked } = judgeRequest({ method, path, body: text });
  wrong.push(...asked);
  if (!call || asked.length > 0) return failure(501, `outside the description: ${asked.join('; ')}`);
  const answer = answerCall(call, state, url);
  wrong.push(...judgeAnswer(call, answer));
  return answer;
}

type Handler = (call: Call, state: FakeState, url: string) => Answer;

const HANDLERS: Readonly<Record<string, Handler>> = {
  'get /repos/{owner}/{repo}/issues/{issue_number}/comments': ({ params, query }, state, url) => {
    const issue = Number(params.issue_number);
    if (!hasPull(state, issue)) return failure(404, 'Not Found');
    const all = state.comments.filter((comment) => comment.issue === issue).sort((a, b) => a.id - b.id);
    return page(
      all.map((comment) => commentBody(comment, state)),
      query,
      url,
    );
  },
  'post /repos/{owner}/{repo}/issues/{issue_number}/comments': ({ params, body }, state) => {
    const issue = Number(params.issue_number);
    if (!hasPull(state, issue)) return failure(404, 'Not Found');
    const id = Math.max(1000, ...state.comments.map((comment) => comment.id)) + 1;
    const comment = { id, issue, login: state.viewer, body: textOf(body) };
    if (isTooLong(comment.body)) return tooLong();
    state.comments.push(comment);
    return { status: 201, body: commentBody(comment, state) };
  },
  'patch /repos/{owner}/{repo}/issues/comments/{comment_id}': ({ params, body }, state) => {
    const comment = state.comments.find(({ id }) => id === Number(params.comment_id));
    if (!comment) return failure(404, 'Not Found');
    if (isTooLong(textOf(body))) return tooLong();
    comment.body = textOf(body);
    return { status: 200, body: commentBody(comment, state) };
  },
  'delete /repos/{owner}/{repo}/issues/comments/{comment_id}': ({ params }, state) => {
    const index = state.comments.findIndex(({ id }) => id === Number(params.comment_id));
    if (index < 0) return failure(404, 'Not Found');
    state.comments.splice(index, 1);
    return { status: 204 };
  },
  'get /repos/{owner}/{repo}/issues/{issue_number}/labels': ({ params, query }, state, url) => {
    const pull = findPull(state, params.issue_number);
    return pull ? page((pull.labels ?? []).map(labelBody), query, url) : failure(404, 'Not Found');
  },
  'get /repos/{owner}/{repo}/pulls': ({ query }, state, url) => {
    const wanted = state.pulls.filter(
      (pull) =>
        (query.state === 'all' || (pull.state ?? 'open') === (query.state ?? 'open')) &&
        (!query.base || pull.base.ref === query.base) &&
        (!query.head || `${pull.head.repository?.split('/')[0]}:${pull.head.ref}` === query.head),
    );
    return page(
      wanted.map((pull) => component('pull-request-simple', pullFields(pull, state))),
      query,
      url,
    );
  },
  'get /repos/{owner}/{repo}/pulls/{pull_number}': ({ params }, state) => {
    const pull = findPull(state, params.pull_number);
    if (!pull) return failure(404, 'Not Found');
    const commits = pull.commits?.length ?? 1;
    return { status: 200, body: component('pull-request', { ...pullFields(pull, state), commits }) };
  },
  'get /repos/{owner}/{repo}/pulls/{pull_number}/commits': ({ params, query }, state, url) => {
    const pull = findPull(state, params.pull_number);
    if (!pull) return failure(404, 'Not Found');
    // GitHub lists no more than this, whatever page is asked for.
    const listed = (pull.commits ?? []).slice(0, 250);
    const bodies = listed.map(({ sha, message }) => component('commit', { sha, commit: { message } }));
    return page(bodies, query, url);
  },
  'get /repos/{owner}/{repo}/compare/{basehead}': ({ params }, state) => {
    const [base = '', head = ''] = (params.basehead ?? '').split('...');
    const sha = state.mergeBase(base, head);
    if (!sha) return failure(404, `No common ancestor between ${base} and ${head}.`);
    return { status: 200, body: component('commit-comparison', { merge_base_commit: { sha } }) };
  },
  'get /repos/{owner}/{repo}/contents/{path}': ({ params, query }, state) => {
    const bytes = state.file(query.ref ?? '', params.path ?? '');
    if (!bytes) return failure(404, 'Not Found');
    // Above 1 MB the bytes are to be had as `raw` alone.
    const inline = bytes.length <= 1024 * 1024;
    const lines = Buffer.from(bytes).toString('base64').replace(/.{60}/g, '$&\n');
    return {
      status: 200,
      body: component('content-file', {
        type: 'file',
        path: params.path,
        name: params.path?.split('/').at(-1),
        size: bytes.length,
        encoding: inline ? 'base64' : 'none',
        content: inline ? lines : '',
      }),
    };
  },
  'put /repos/{owner}/{repo}/contents/{path}': ({ params, body }, state) => {
    const { branch = 'main', content } = body as { branch?: string; content: string };
    const { path = '' } = params;
    const files = state.branches.get(branch);
    if (!files) return failure(404, `Branch ${branch} not found`);
    if (files.has(path)) return failure(422, 'Invalid request. "sha" wasn\'t supplied.');
    state.branches.set(branch, new Map([...files, [path, Buffer.from(content, 'base64').toString()]]));
    return { status: 201, body: component('file-commit', {}) };
  },
  'post /repos/{owner}/{repo}/git/trees': ({ body }, state) => {
    const { tree } = body as { tree: readonly { path: string; content: string }[] };
    const sha = addObject(state, new Map(tree.map(({ path, content }) => [path, content])));
    return { status: 201, body: component('git-tree', { sha }) };
  },
  'post /repos/{owner}/{repo}/git/commits': ({ body }, state) => {
    const files = state.objects.get((body as { tree: string }).tree);
    if (!files) return failure(422, 'Tree SHA does not exist');
    return { status: 201, body: component('git-commit', { sha: addObject(state, files) }) };
  },
  'post /repos/{owner}/{repo}/git/refs': ({ body }, state) => {
    const { ref, sha } = body as { ref: string; sha: string };
    const branch = ref.replace('refs/heads/', '');
    const files = state.objects.get(sha);
    if (!files) return failure(422, 'Object does not exist');
    if (state.branches.has(branch)) return failure(422, 'Reference already exists');
    state.branches.set(branch, files);
    return { status: 201, body: component('git-ref', { ref, object: { sha } }) };
  },
  'get /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts': ({ params, query }, state, url) => {
    const ofRun = state
      .artifacts()
      .filter(({ runId, name }) => runId === Number(params.run_id) && name === (query.name ?? name));
    const answer = page(ofRun.map(artifactBody), query, url);
    return { ...answer, body: { total_count: ofRun.length, artifacts: answer.body } };
  },
  'get /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}': ({ params }, state) => {
    const artifact = state.artifacts().find(({ id }) => id === Number(params.artifact_id));
    return artifact ? { status: 302, headers: { location: artifact.url } } : failure(404, 'Not Found');
  },
};

function answerCall(call: Call, state: FakeState, url: string): Answer {
  const { owner, repo } = call.params;
  if (owner !== state.owner || repo !== state.repo) return failure(404, 'Not Found');
  if (state.permissions === 'read' && !call.operation.startsWith('get ')) {
    return failure(403, 'Resource not accessible by integration');
  }
  const handler = HANDLERS[call.operation];
  if (!handler) throw new Error(`nothing answers ${call.operation}`);
  return handler(call, state, url);
}

/** GraphQL is not in the description; the one query there is asks whose token it is. */
function answerGraphql(body: string, state: FakeState): Answer {
  const { query } = JSON.parse(body) as { query: string };
  if (query.replaceAll(/\s/g, '') !== 'query{viewer{login}}') throw new Error(`unknown query: ${query}`);
  return { status: 200, body: { data: { viewer: { login: state.viewer } } } };
}

/** One page, with the links that GitHub sends. */
function page(items: readonly unknown[], query: Call['query'], url: string): Answer {
  const size = Math.min(100, Number(query.per_page ?? 30));
  const number = Number(query.page ?? 1);
  const more = number * size < items.length;
  return {
    status: 200,
    ...(more && { headers: { link: `<${url}/?per_page=${size}&page=${number + 1}>; rel="next"` } }),
    body: items.slice((number - 1) * size, number * size),
  };
}

function commentBody({ id, issue, login, body }: FakeComment, { owner, repo }: FakeState): unknown {
  const type = login.endsWith('[bot]') ? 'Bot' : 'User';
  const url = `https://github.com/${owner}/${repo}/pull/${issue}#issuecomment-${id}`;
  return component('issue-comment', { id, body, html_url: url, user: { login, type } });
}

function labelBody(name: string): unknown {
  return component('label', { name });
}

function pullFields({ number, state = 'open', head, base }: FakePull, { owner, repo }: FakeState): object {
  const repository = (fullName: string) => ({
    full_name: fullName,
    name: fullName.split('/')[1],
    owner: { login: fullName.split('/')[0] },
  });
  return {
    number,
    state,
    head: { ...head, repo: head.repository === null ? null : repository(head.repository) },
    base: { ...base, repo: repository(`${owner}/${repo}`) },
  };
}

function artifactBody({ id, name, sizeBytes, digest, runId }: FakeArtifact): unknown {
  return component('artifact', {
    id,
    name,
    size_in_bytes: sizeBytes,
    ...(digest && { digest }),
    workflow_run: { id: runId },
  });
}

function hasPull(state: FakeState, number: number): boolean {
  return state.pulls.some((pull) => pull.number === number);
}

function findPull(state: FakeState, number: string | undefined): FakePull | undefined {
  return state.pulls.find((pull) => pull.number === Number(number));
}

/** Adds a tree or a commit; the n-th has n for its name. */
function addObject({ objects }: FakeState, files: Files): string {
  const sha = `${objects.size + 1}`.padStart(40, '0');
  objects.set(sha, files);
  return sha;
}

function textOf(body: unknown): string {
  return (body as { body: string }).body;
}

/** GitHub counts characters; its limit is that of a MySQL text, 65,536. */
function isTooLong(body: string): boolean {
  return body.length > 65_536;
}

function tooLong(): Answer {
  return {
    status: 422,
    body: {
      message: 'Validation Failed',
      documentation_url: 'https://docs.github.com/rest',
      errors: [
        {
          resource: 'IssueComment',
          code: 'unprocessable',
          field: 'data',
          message: 'Body is too long (maximum is 65536 characters)',
        },
      ],
    },
  };
}
