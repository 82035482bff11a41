// The smallest GitHub client that serves: one typed `request`, as an Octokit has it. The entry makes the Octokit; here is
// how it has to be set up, so that every call survives what GitHub's API is known to do to a job that calls it once, and
// what its errors mean.

import type { Octokit } from '@octokit/core';
import { retry } from '@octokit/plugin-retry';
import * as z from 'zod';
import { TollgateError } from '../model/errors.ts';

/** GitHub's REST API, typed by its routes; any Octokit is one. */
export interface GitHub {
  readonly request: Octokit['request'];
}

export interface RepositoryName {
  readonly owner: string;
  readonly repo: string;
}

export interface ClientOptions {
  /** Fetches a URL; the toolkit's own goes through the runner's proxy. Default: Node's. */
  readonly fetch?: typeof fetch;
  readonly userAgent?: string;
  /** How often a call is tried again. Default 3. */
  readonly retries?: number;
  /** The n-th new try waits for n * n times this. Default 1000; tests take 1, which shortens Retry-After alike. */
  readonly baseDelayMs?: number;
  /** A rate limit that asks for more than this is an error at once. Default 60. */
  readonly longestWaitSeconds?: number;
  /** How long one try may take, its whole body included. Default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Options and plugins for `getOctokit(token, setup.options, ...setup.plugins)`.
 *
 * Tried again, at most `retries` times: answers of 5xx, calls that end without an answer or with half of one, and
 * rate limits (429, or 403 that says so) after the wait that GitHub asks for. Never: 400, 401, 403, 404, 409, 410, 422. A call
 * that must not run twice asks with `request: { retries: 0 }`; a rate limit is still waited for, as nothing has happened.
 */
export function clientSetup(options: ClientOptions = {}) {
  const { retries = 3, baseDelayMs = 1000, longestWaitSeconds = 60, timeoutMs = 30_000 } = options;
  return {
    options: {
      userAgent: options.userAgent ?? 'tollgate',
      request: { fetch: wholeFetch(options.fetch ?? fetch, timeoutMs) },
      retry: {
        retries,
        retryAfterBaseValue: baseDelayMs,
        doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451],
      },
    },
    // The first plugin's hook is the innermost: it marks an error for `retry`, which waits.
    plugins: [waitForRateLimit(retries, longestWaitSeconds), retry] as const,
  };
}

/** What a failed call means for the one who made it. */
export type Trouble =
  /** The token may not do it, or there is no valid one: 401, 403. */
  | 'permission'
  /** It does not exist, or the token may not know that it does: 404. */
  | 'missing'
  | 'conflict'
  /** It was deleted, or the feature is switched off: 410. */
  | 'gone'
  /** GitHub does not take what was sent: 400, 422. */
  | 'invalid'
  | 'rate-limit'
  /** 5xx, no answer, or half of one. */
  | 'server';

const TROUBLES: Readonly<Record<number, Trouble>> = {
  400: 'invalid',
  401: 'permission',
  403: 'permission',
  404: 'missing',
  409: 'conflict',
  410: 'gone',
  422: 'invalid',
  429: 'rate-limit',
};

export interface CallFailure {
  readonly trouble: Trouble;
  /** Absent where no answer came, or half of one. */
  readonly status?: number;
  /** GitHub's own words, or what broke the connection. */
  readonly message: string;
}

/** What a caught value of `request` means; undefined for what no call throws, as an error in our own code. */
export function failureOf(error: unknown): CallFailure | undefined {
  if (!isRequestError(error)) return undefined;
  const { status, response } = error;
  const trouble = rateLimitSeconds(error) !== undefined ? 'rate-limit' : TROUBLES[status];
  return {
    trouble: trouble ?? (status >= 500 ? 'server' : 'invalid'),
    ...(response && { status }),
    message: wordsOf(response?.data) ?? error.message,
  };
}

/** An error of ours for a call that had to succeed. `action` follows "Cannot": 'read the labels of acme/lb#7'. */
export function callError(action: string, error: unknown): TollgateError {
  const failure = failureOf(error);
  if (!failure) throw error;
  return new TollgateError('infrastructure', `Cannot ${action}: ${describe(failure)}`, {
    ...(HINTS[failure.trouble] && { hint: HINTS[failure.trouble] }),
    cause: error,
  });
}

/** As "GitHub answered 403 (Resource not accessible by integration)". */
export function describe({ status, message }: CallFailure): string {
  if (status === undefined) return `no whole answer from GitHub (${message})`;
  return `GitHub answered ${status} (${message.trim() || 'without a reason'})`;
}

const HINTS: Readonly<Partial<Record<Trouble, string>>> = {
  permission:
    'see which permissions the job needs under `permissions:`, and that the token is of this repository',
  missing: 'GitHub says 404 also for what the token may not see: check the job’s `permissions:`',
  'rate-limit': 'run the job again later',
  server: 'https://www.githubstatus.com may know more; run the job again',
};

/** All items of a list, page by page until one is not full. */
export async function allPages<T>(
  get: (page: { per_page: 100; page: number }) => Promise<{ readonly data: readonly T[] }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let page = 1; ; page++) {
    const { data } = await get({ per_page: 100, page });
    items.push(...data);
    if (data.length < 100) return items;
  }
}

/**
 * A fetch that ends when the body is there, and fails when that was cut, took too long, or is the page of a proxy.
 * Octokit reads the body later and takes a broken one for a text, so that half a list would count as its end.
 */
function wholeFetch(get: typeof fetch, timeoutMs: number): typeof fetch {
  return async (url, init) => {
    const response = await get(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const isPage = response.headers.get('content-type')?.startsWith('text/html');
    if (response.ok && isPage) throw new Error('a web page, not an answer');
    await response.clone().arrayBuffer();
    return response;
  };
}

interface RequestError extends Error {
  readonly status: number;
  readonly request: { readonly request?: unknown };
  readonly response?: {
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly data?: unknown;
  };
}

/** The parts of an Octokit that a plugin of ours meets; `retry` is there once a call is made. */
interface Hooked {
  readonly hook: {
    error(name: 'request', handle: (error: unknown) => never): unknown;
  };
  readonly retry?: { retryRequest(error: unknown, retries: number, afterSeconds: number): unknown };
}

function waitForRateLimit(retries: number, longestWaitSeconds: number) {
  return (octokit: object) => {
    const { hook } = octokit as Hooked;
    hook.error('request', (error) => {
      const seconds = isRequestError(error) ? rateLimitSeconds(error) : undefined;
      const { retry: retrier } = octokit as Hooked;
      if (seconds === undefined || seconds > longestWaitSeconds || !retrier) throw error;
      throw retrier.retryRequest(error, retries, Math.max(1, Math.ceil(seconds)));
    });
  };
}

/** How long GitHub wants us to wait; undefined where it is no rate limit. A minute is what its documentation advises. */
function rateLimitSeconds({ status, response, message }: RequestError): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const after = Number(headers['retry-after']);
  if (headers['retry-after'] !== undefined && after >= 0) return after;
  if (headers['x-ratelimit-remaining'] === '0') {
    return Math.max(0, Number(headers['x-ratelimit-reset'] ?? 0) - Date.now() / 1000);
  }
  return status === 429 || /secondary rate limit/i.test(message) ? 60 : undefined;
}

const Words = z.object({
  message: z.string(),
  errors: z.array(z.object({ message: z.string().optional(), code: z.string().optional() })).optional(),
});

/** "Validation Failed: Body is too long (maximum is 65536 characters)" */
function wordsOf(body: unknown): string | undefined {
  const words = Words.safeParse(body);
  if (!words.success) return undefined;
  const { message, errors = [] } = words.data;
  const details = errors.flatMap((each) => each.message ?? each.code ?? []);
  return details.length > 0 ? `${message}: ${details.join(', ')}` : message;
}

function isRequestError(error: unknown): error is RequestError {
  return (
    error instanceof Error && 'status' in error && typeof error.status === 'number' && 'request' in error
  );
}
