// One comment on a pull request that is written once and then kept up to date. It is found again by a hidden marker in
// its first line, whichever run, workflow or machine wrote it; nothing else is remembered anywhere.

import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { allPages, describe, failureOf, type GitHub, type RepositoryName, type Trouble } from './client.ts';

/** What became of the comment. None of these decides a verdict: 'refused' and 'failed' are warnings. */
export type CommentOutcome =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly url: string }
  /** There is none, and none was to be made. */
  | { readonly kind: 'skipped'; readonly reason: string }
  /** It would be no different next time: no permission, a locked or deleted conversation, a body that GitHub rejects. */
  | { readonly kind: 'refused'; readonly reason: string; readonly trouble: Trouble }
  /** It might work next time: a rate limit, an error of GitHub's, a cut connection. */
  | { readonly kind: 'failed'; readonly reason: string; readonly trouble: Trouble };

export interface CommentRequest extends RepositoryName {
  readonly pullRequest: number;
  /** Tells the comments of one repository's gates apart: the config's path, say. Any text. */
  readonly id: string;
  /** Markdown. With the marker's line it has to stay under GitHub's limit: `commentBody` is what will be sent. */
  readonly body: string;
  /** Whether one may be made where there is none; one that is there is updated in any case. */
  readonly create: boolean;
}

/**
 * Makes or updates the comment of `id`. Whatever GitHub answers is an outcome, never an error.
 *
 * Only comments of the token's own user count, so that nobody can put our marker into theirs and have it overwritten, or
 * hide ours behind it. Whose token it is, GraphQL's `viewer` says: REST's GET /user is closed to a job's own token.
 *
 * Two runs at once may both find none and both make one. So every run looks again when it has made one; the oldest stays,
 * takes the body of the run that came later, and the others go. The oldest is never deleted, and every other one is by
 * whoever sees it, so one is left, whoever is quicker; a run that dies in between leaves its own to the next run.
 */
export async function upsertComment(
  github: GitHub,
  request: CommentRequest,
  { pauseMs = 1000 }: { readonly pauseMs?: number } = {},
): Promise<CommentOutcome> {
  try {
    return await upsert(github, request, pauseMs);
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    const { trouble } = failure;
    return { kind: PASSING.includes(trouble) ? 'failed' : 'refused', reason: describe(failure), trouble };
  }
}

/** The body as it is sent: the marker's line, then the text. */
export function commentBody(id: string, body: string): string {
  return `${marker(id)}\n${body}`;
}

const PASSING: readonly Trouble[] = ['server', 'rate-limit', 'conflict'];

// After these the search starts again: what it found is gone, or an answer was lost and one may have been made.
const AGAIN = {
  update: ['missing', 'gone', 'conflict'],
  create: ['server', 'conflict'],
} as const satisfies Record<string, readonly Trouble[]>;
const ROUNDS = 3;

interface Comment {
  readonly id: number;
  readonly url: string;
  readonly body: string;
  readonly login?: string | undefined;
}

async function upsert(github: GitHub, request: CommentRequest, pauseMs: number): Promise<CommentOutcome> {
  const body = commentBody(request.id, request.body);
  for (let round = 1; ; round++) {
    const [kept, ...extra] = await findOwn(github, request);
    if (!kept && !request.create) return { kind: 'skipped', reason: 'there is no comment to update' };
    try {
      if (!kept) return await create(github, request, body);
      const outcome = await update(github, request, kept, body);
      await removeAll(github, request, extra);
      return outcome;
    } catch (error) {
      const again: readonly Trouble[] = kept ? AGAIN.update : AGAIN.create;
      const failure = failureOf(error);
      if (!failure || !again.includes(failure.trouble) || round === ROUNDS) throw error;
      await sleep(pauseMs * round ** 2);
    }
  }
}

async function update(
  github: GitHub,
  { owner, repo }: RepositoryName,
  comment: Comment,
  body: string,
): Promise<CommentOutcome> {
  if (isSameText(comment.body, body)) return { kind: 'unchanged', url: comment.url };
  await github.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
    owner,
    repo,
    comment_id: comment.id,
    body,
  });
  return { kind: 'updated', url: comment.url };
}

/** Called right after a search that found none: nothing is between that and the POST. */
async function create(github: GitHub, request: CommentRequest, body: string): Promise<CommentOutcome> {
  const { owner, repo, pullRequest } = request;
  const { data } = await github.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    owner,
    repo,
    issue_number: pullRequest,
    body,
    // Trying again blindly would make two: the search starts again instead.
    request: { retries: 0 },
  });
  const mine = asComment(data);
  try {
    return await settle(github, request, mine, body);
  } catch (error) {
    // It is there; should there be another one, the next run settles it.
    if (!failureOf(error)) throw error;
    return { kind: 'created', url: mine.url };
  }
}

/** Leaves one of the comments that runs at once may have made. Nothing is deleted before its text is elsewhere. */
async function settle(
  github: GitHub,
  request: CommentRequest,
  mine: Comment,
  body: string,
): Promise<CommentOutcome> {
  const all = (await findMarked(github, request)).filter(({ login }) => login === mine.login);
  const [oldest = mine, ...others] = all;
  const outcome: CommentOutcome =
    oldest.id === mine.id ? { kind: 'created', url: mine.url } : await update(github, request, oldest, body);
  await removeAll(github, request, others);
  return outcome;
}

async function findOwn(github: GitHub, request: CommentRequest): Promise<Comment[]> {
  const marked = await findMarked(github, request);
  if (marked.length === 0) return [];
  const login = await viewer(github);
  return marked.filter((comment) => comment.login === login);
}

/** Every comment that begins with the marker, oldest first. */
async function findMarked(github: GitHub, request: CommentRequest): Promise<Comment[]> {
  const { owner, repo, pullRequest, id } = request;
  const all = await allPages((page) =>
    github.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      owner,
      repo,
      issue_number: pullRequest,
      ...page,
    }),
  );
  return all
    .map(asComment)
    .filter((comment) => comment.body.startsWith(marker(id)))
    .sort((a, b) => a.id - b.id);
}

/**
 * The login of the token's user, as comments name it. Where GitHub does not say, it is taken for a job's own token, whose
 * comments only workflows of this repository can write.
 */
async function viewer(github: GitHub): Promise<string> {
  try {
    const { data } = await github.request('POST /graphql', { query: 'query { viewer { login } }' });
    const answer = VIEWER.safeParse(data);
    return answer.success ? answer.data.data.viewer.login : JOB_LOGIN;
  } catch (error) {
    const failure = failureOf(error);
    if (!failure || PASSING.includes(failure.trouble)) throw error;
    return JOB_LOGIN;
  }
}

const JOB_LOGIN = 'github-actions[bot]';
const VIEWER = z.object({ data: z.object({ viewer: z.object({ login: z.string() }) }) });

function asComment(comment: {
  readonly id: number | bigint;
  readonly html_url: string;
  readonly body?: string | undefined;
  readonly user: { readonly login: string } | null;
}): Comment {
  const { id, html_url, body = '', user } = comment;
  return { id: Number(id), url: html_url, body, login: user?.login };
}

/** Deletes what should not be there. One that cannot be deleted is left to the next run: it is no reason to warn. */
async function removeAll(
  github: GitHub,
  { owner, repo }: RepositoryName,
  comments: readonly Comment[],
): Promise<void> {
  for (const { id } of comments) {
    try {
      await github.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        owner,
        repo,
        comment_id: id,
      });
    } catch (error) {
      if (!failureOf(error)) throw error;
    }
  }
}

/** Nothing in it can end the HTML comment, and no marker begins with another. */
function marker(id: string): string {
  return `<!-- tollgate:${encodeURIComponent(Buffer.from(id).toString()).replaceAll('-', '%2D')} -->`;
}

/** Equal but for line ends and space at the end, which GitHub may rewrite. */
function isSameText(a: string, b: string): boolean {
  const plain = (text: string) => text.replaceAll('\r\n', '\n').trimEnd();
  return plain(a) === plain(b);
}
