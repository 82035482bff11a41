// The event that started a run, as one of five kinds, from the name and the payload that the runner gives. Everybody who
// can open a pull request writes parts of a payload, so it is data: parsed, capped, and never believed about the base.

import * as z from 'zod';
import { messageOf, TollgateError } from '../model/errors.ts';
import type { RepositoryName } from './client.ts';

/** What the runner says, read by the entry. */
export interface EventSource {
  /** GITHUB_EVENT_NAME */
  readonly name: string;
  /** The text of the file GITHUB_EVENT_PATH. */
  readonly payload: string;
  /** GITHUB_REPOSITORY, 'owner/name' */
  readonly repository: string;
  /** GITHUB_SHA: what a checkout without further ado checks out. For a pull request its merge with the base branch. */
  readonly sha: string;
}

interface Common extends RepositoryName {
  /** The event's name, as in `on:`. */
  readonly name: string;
  /** The commit that the event is about: a pull request's own head, not its merge. */
  readonly headSha: string;
  /** GITHUB_SHA. */
  readonly sha: string;
  readonly defaultBranch?: string;
  /** Why nothing of the change may be built or run in this job; absent where it may. */
  readonly unsafe?: string;
}

export interface PullRequestEvent extends Common {
  readonly kind: 'pull-request';
  /** As 'opened', 'synchronize', 'labeled'. */
  readonly action: string;
  readonly pullRequest: {
    readonly number: number;
    readonly headRef: string;
    /** Absent when the fork was deleted. */
    readonly headRepository?: RepositoryName;
    readonly baseRef: string;
    /** From another repository: the job's token can only read. */
    readonly fork: boolean;
  };
}

export interface PushEvent extends Common {
  readonly kind: 'push';
  /** As 'refs/heads/main' or 'refs/tags/v1'. */
  readonly ref: string;
  readonly toDefaultBranch: boolean;
  /** What the branch was before; absent when it is new. After a forced push it need not be an ancestor, nor be there. */
  readonly before?: string;
}

export interface MergeGroupEvent extends Common {
  readonly kind: 'merge-group';
  readonly baseSha: string;
  readonly baseRef: string;
}

/** Started by hand or by the clock: there is no change. */
export interface ManualEvent extends Common {
  readonly kind: 'manual';
}

/** Another workflow's run has ended: where the report of a fork's pull request is posted. */
export interface WorkflowRunEvent extends Common {
  readonly kind: 'workflow-run';
  readonly action: string;
  readonly run: {
    readonly id: number;
    /** The event that started that run, as 'pull_request'. */
    readonly event: string;
    /** As 'success' or 'failure'; absent while it runs. */
    readonly conclusion?: string;
    /** Absent when it ran on no branch. */
    readonly headBranch?: string;
    /** Absent when the fork was deleted. */
    readonly headRepository?: RepositoryName;
  };
}

export type GitHubEvent = PullRequestEvent | PushEvent | MergeGroupEvent | ManualEvent | WorkflowRunEvent;

/** GitHub caps payloads at 25 MB for webhooks; those of our events are some ten kilobytes. */
export const PAYLOAD_LIMIT_BYTES = 8 * 1024 * 1024;

/** The event. Throws 'usage' for one that Tollgate does not run on, and for a payload that is not GitHub's. */
export function parseEvent(source: EventSource): GitHubEvent {
  const parse = PARSERS.get(source.name);
  if (!parse) {
    throw new TollgateError('usage', `Cannot run on the event '${source.name}'`, {
      hint: `events that Tollgate knows: ${[...PARSERS.keys()].join(', ')}`,
    });
  }
  const payload = parseJson(source);
  try {
    return parse(payload, source, commonOf(payload, source));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw unreadable(source, z.prettifyError(error).replaceAll('\n', ' '));
  }
}

const UNSAFE_TARGET =
  'pull_request_target runs with the base repository’s token and secrets, so nothing that a pull request brings is ' +
  'built or measured under it; use pull_request, and workflow_run with `mode: comment` for the comment';
const UNSAFE_RUN =
  'workflow_run runs with the base repository’s token and secrets, so it posts what another run has measured and builds ' +
  'nothing';

type Parse = (payload: unknown, source: EventSource, common: CommonFields) => GitHubEvent;
type CommonFields = Omit<Common, 'headSha'>;

const PARSERS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['pull_request', parsePullRequest],
  ['pull_request_target', (...given) => ({ ...parsePullRequest(...given), unsafe: UNSAFE_TARGET })],
  ['push', parsePush],
  ['merge_group', parseMergeGroup],
  ['workflow_dispatch', parseManual],
  ['schedule', parseManual],
  ['workflow_run', parseWorkflowRun],
]);

// Git's object names, SHA-1 or SHA-256. Whatever else is there must not become an argument of git.
const Sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const Ref = z
  .string()
  .min(1)
  .max(1024)
  .refine((ref) => !ref.startsWith('-'), 'a ref does not begin with -');
const Repository = z.object({ name: z.string(), owner: z.object({ login: z.string() }) });

const PullRequestPayload = z.object({
  action: z.string(),
  pull_request: z.object({
    number: z.int().positive(),
    head: z.object({ ref: Ref, sha: Sha, repo: Repository.nullable() }),
    base: z.object({ ref: Ref, repo: Repository }),
  }),
});

function parsePullRequest(payload: unknown, _: EventSource, common: CommonFields): PullRequestEvent {
  const { action, pull_request: pull } = PullRequestPayload.parse(payload);
  const headRepository = pull.head.repo ? nameOf(pull.head.repo) : undefined;
  const base = nameOf(pull.base.repo);
  return {
    ...common,
    kind: 'pull-request',
    action,
    headSha: pull.head.sha,
    pullRequest: {
      number: pull.number,
      headRef: pull.head.ref,
      ...(headRepository && { headRepository }),
      baseRef: pull.base.ref,
      fork: headRepository?.owner !== base.owner || headRepository.repo !== base.repo,
    },
  };
}

const PushPayload = z.object({ ref: Ref, before: Sha, after: Sha });

function parsePush(payload: unknown, _: EventSource, common: CommonFields): PushEvent {
  const { ref, before, after } = PushPayload.parse(payload);
  const isNew = /^0+$/.test(before);
  return {
    ...common,
    kind: 'push',
    ref,
    toDefaultBranch: ref === `refs/heads/${common.defaultBranch}`,
    headSha: after,
    ...(!isNew && { before }),
  };
}

const MergeGroupPayload = z.object({
  merge_group: z.object({ head_sha: Sha, base_sha: Sha, base_ref: Ref }),
});

function parseMergeGroup(payload: unknown, _: EventSource, common: CommonFields): MergeGroupEvent {
  const { merge_group: group } = MergeGroupPayload.parse(payload);
  return {
    ...common,
    kind: 'merge-group',
    headSha: group.head_sha,
    baseSha: group.base_sha,
    baseRef: group.base_ref.replace(/^refs\/heads\//, ''),
  };
}

function parseManual(_: unknown, { sha }: EventSource, common: CommonFields): ManualEvent {
  return { ...common, kind: 'manual', headSha: sha };
}

const WorkflowRunPayload = z.object({
  action: z.string(),
  workflow_run: z.object({
    id: z.int().positive(),
    event: z.string(),
    conclusion: z.string().nullable(),
    head_sha: Sha,
    head_branch: Ref.nullable(),
    head_repository: Repository.nullish(),
  }),
});

function parseWorkflowRun(payload: unknown, _: EventSource, common: CommonFields): WorkflowRunEvent {
  const { action, workflow_run: run } = WorkflowRunPayload.parse(payload);
  return {
    ...common,
    kind: 'workflow-run',
    action,
    headSha: run.head_sha,
    unsafe: UNSAFE_RUN,
    run: {
      id: run.id,
      event: run.event,
      ...(run.conclusion !== null && { conclusion: run.conclusion }),
      ...(run.head_branch !== null && { headBranch: run.head_branch }),
      ...(run.head_repository && { headRepository: nameOf(run.head_repository) }),
    },
  };
}

// A scheduled run's payload has little more than its schedule.
const CommonPayload = z.object({ repository: z.object({ default_branch: Ref.optional() }).optional() });

function commonOf(payload: unknown, source: EventSource): CommonFields {
  const [owner, repo, ...more] = source.repository.split('/');
  if (!owner || !repo || more.length > 0) {
    throw new TollgateError(
      'usage',
      `Cannot read GITHUB_REPOSITORY '${source.repository}': expected owner/name`,
    );
  }
  const { repository } = CommonPayload.parse(payload);
  return {
    owner,
    repo,
    name: source.name,
    sha: source.sha,
    ...(repository?.default_branch && { defaultBranch: repository.default_branch }),
  };
}

function nameOf({ owner, name }: z.infer<typeof Repository>): RepositoryName {
  return { owner: owner.login, repo: name };
}

function parseJson(source: EventSource): unknown {
  const sizeBytes = Buffer.byteLength(source.payload);
  if (sizeBytes > PAYLOAD_LIMIT_BYTES) {
    throw unreadable(source, `${sizeBytes} bytes are more than ${PAYLOAD_LIMIT_BYTES}`);
  }
  try {
    return JSON.parse(source.payload);
  } catch (error) {
    throw unreadable(source, messageOf(error));
  }
}

function unreadable({ name }: EventSource, why: string): TollgateError {
  return new TollgateError(
    'usage',
    `Cannot read the payload of the event '${name}' (GITHUB_EVENT_PATH): ${why}`,
  );
}
