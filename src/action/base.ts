// Which commit head is compared with. What is checked out decides: GitHub's merge of a pull request already holds the
// base branch's newest commits, which must not be charged to the pull request.

import { join, resolve } from 'node:path';
import { fileAt } from '../github/contents.ts';
import { mergeBase } from '../github/mergebase.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import { type Base, baseFromCommit, baseFromObjects, type NoBase } from '../run/base.ts';
import { checkedOut, type Git, type GitOptions, gitIn, mergeBaseOf } from '../run/git.ts';
import type { ActionContext } from './ports.ts';

export interface Sides {
  readonly base: Base | NoBase;
  /** The commit that reports name: of a pull request its own, not GitHub's merge. Absent without a git repository. */
  readonly headCommit?: string;
}

/** Finds and checks out the base; what is in the way becomes the reason why there is none. */
export async function findSides(context: ActionContext): Promise<Sides> {
  const { event, inputs, runner } = context;
  const projectDir = projectDirOf(context);
  const options = gitOptions(context);
  const git = gitIn(projectDir, options);
  const head = await orUndefined(() => checkedOut(git));
  const found = await whichBase(context, git, head);
  if ('commit' in found) runner.info(`base: ${found.commit} (${found.how})`);
  const headCommit = head ? { headCommit: isMerge(head, event.headSha) ? event.headSha : head.commit } : {};

  if (inputs.baseObjects !== undefined) {
    const commit = 'commit' in found ? found.commit : undefined;
    const configText = commit && (await configAt(context, git, commit));
    const facts = { ...(commit ? { commit } : {}), ...(configText ? { configText } : {}) };
    return { base: baseFromObjects(join(projectDir, inputs.baseObjects), facts), ...headCommit };
  }
  if ('missing' in found) return { base: found, ...headCommit };
  try {
    return { base: await baseFromCommit(projectDir, found.commit, options), ...headCommit };
  } catch (cause) {
    context.signal?.throwIfAborted();
    if (!(cause instanceof TollgateError)) throw cause;
    return { base: { missing: messageOf(cause) }, ...headCommit };
  }
}

/** Base's budget file, from the clone or from GitHub. */
async function configAt({ inputs, event, github }: ActionContext, git: Git, commit: string) {
  const path = join(inputs.workingDirectory, inputs.config);
  return (
    (await orUndefined(() => git('show', `${commit}:./${inputs.config}`))) ??
    (github && (await orUndefined(() => fileAt(github, event, path, commit))))
  );
}

/** Where the project lies, which the budget file's path is relative to. */
export function projectDirOf({ workspace, inputs }: ActionContext): string {
  return resolve(workspace, inputs.workingDirectory);
}

type Found = { readonly commit: string; readonly how: string } | NoBase;

async function whichBase(
  context: ActionContext,
  git: Git,
  head: Awaited<ReturnType<typeof checkedOut>> | undefined,
): Promise<Found> {
  const { event, inputs, github } = context;
  if (inputs.baseRef === undefined && event.kind === 'merge-group')
    return { commit: event.baseSha, how: 'what the merge queue put the change on' };
  const wanted = wantedBase(context);
  if ('missing' in wanted) return wanted;
  if (inputs.baseRef === undefined && event.kind === 'pull-request' && head && isMerge(head, event.headSha))
    return {
      commit: head.parents[0]!,
      how: `what GitHub merged the pull request with, of ${wanted.reference}`,
    };

  const { reference } = wanted;
  for (const name of [`refs/remotes/origin/${reference}`, reference]) {
    const commit = head && (await orUndefined(() => mergeBaseOf(git, head.commit, name)));
    if (commit) return { commit, how: `merge base with ${reference}, by git` };
  }
  if (!github)
    return {
      missing: `'${reference}' is not in the clone's history, and without a token GitHub was not asked`,
    };
  try {
    const found = await mergeBase(github, event, reference, head?.commit ?? event.sha);
    if (found.kind === 'none') return { missing: found.reason };
    return { commit: found.sha, how: `merge base with ${reference}, by GitHub` };
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    return { missing: cause.message };
  }
}

/** Whether it is GitHub's merge of a pull request, the base branch's commit first. */
function isMerge({ parents }: { readonly parents: readonly string[] }, headSha: string): boolean {
  return parents.length === 2 && parents[1] === headSha;
}

/** The branch, tag or commit whose merge base with head is base. */
function wantedBase({ event, inputs, ref }: ActionContext): { readonly reference: string } | NoBase {
  if (inputs.baseRef !== undefined) return { reference: inputs.baseRef };
  if (event.kind === 'pull-request') return { reference: event.pullRequest.baseRef };
  if (event.defaultBranch === undefined) return { missing: 'the event names no default branch' };
  if (ref === `refs/heads/${event.defaultBranch}`)
    return { missing: 'the default branch is measured, and compared with nothing' };
  return { reference: event.defaultBranch };
}

/**
 * For this workspace alone: git may read it though another user owns it, as in a container, and may fetch with the
 * token. The empty value takes out what actions/checkout has set: two such headers are refused.
 */
function gitOptions({ workspace, inputs, serverUrl, signal }: ActionContext): GitOptions {
  const header = `http.${serverUrl}/.extraheader`;
  const credentials = Buffer.from(`x-access-token:${inputs.token}`).toString('base64');
  return {
    config: [
      ['safe.directory', workspace],
      ...(inputs.token === ''
        ? []
        : ([
            [header, ''],
            [header, `AUTHORIZATION: basic ${credentials}`],
          ] as const)),
    ],
    ...(signal ? { signal } : {}),
  };
}

async function orUndefined<T>(work: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof TollgateError)) throw cause;
    return undefined;
  }
}
