// Which commit head is compared with. What is checked out decides: GitHub's merge of a pull request already holds the
// base branch's newest commits, which must not be charged to the pull request.

import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileAt } from '../github/contents.ts';
import { mergeBase } from '../github/mergebase.ts';
import { TollgateError } from '../model/errors.ts';
import { type Base, baseFromCommit, baseFromObjects, type NoBase } from '../run/base.ts';
import { checkedOut, ensureCommit, type Git, type GitOptions, gitIn, mergeBaseOf } from '../run/git.ts';
import { configNameOf, configPathOf, projectDirOf } from './names.ts';
import { credentialsOf } from './outcome.ts';
import type { ActionContext } from './ports.ts';

export interface Sides {
  readonly base: Base | NoBase;
  /** The commit that reports name: of a pull request its own, not GitHub's merge. Absent without a git repository. */
  readonly headCommit?: string;
}

/**
 * Finds and checks out the base. Some events have none, and say why. Where there should be one and it cannot be had,
 * that is no reason to compare less: throws TollgateError ('infrastructure', reason 'no-base'; 'usage' on a `base-ref`
 * that is nowhere).
 */
export async function findSides(context: ActionContext): Promise<Sides> {
  const { event, inputs, runner } = context;
  const folder = dirname(configPathOf(context));
  const options = gitOptions(context);
  const git = gitIn(folder, options);
  const head = await orFailure(() => checkedOut(git));
  const found = await whichBase(context, git, head);
  if ('commit' in found) runner.info(`base: ${found.commit} (${found.how})`);
  else if ('missing' in found) runner.info(`no base: ${found.missing}`);
  const isOwn = !(head instanceof TollgateError) && isMerge(head, event.headSha);
  const headCommit = head instanceof TollgateError ? {} : { headCommit: isOwn ? event.headSha : head.commit };

  if (inputs.baseObjects !== undefined) {
    const commit = 'commit' in found ? found.commit : undefined;
    const configText = commit && (await configAt(context, git, commit));
    const facts = { ...(commit ? { commit } : {}), ...(configText ? { configText } : {}) };
    const objects = resolve(projectDirOf(context), inputs.baseObjects);
    if (!existsSync(objects))
      throw new TollgateError(
        'usage',
        `Cannot use input 'base-objects: ${inputs.baseObjects}': no such folder`,
        {
          hint: 'it is relative to working-directory; the step that downloads the base comes before this one',
        },
      );
    return { base: baseFromObjects(objects, facts), ...headCommit };
  }
  if ('missing' in found) return { base: found, ...headCommit };
  if (found instanceof TollgateError) throw found;
  const base = await orFailure(() => baseFromCommit(folder, found.commit, options));
  if (base instanceof TollgateError) throw noBase(base.message, base);
  return { base, ...headCommit };
}

/** Base's budget file, from the clone or from GitHub. */
async function configAt(context: ActionContext, git: Git, commit: string): Promise<string | undefined> {
  const { event, github } = context;
  const name = basename(configPathOf(context));
  const fromGit = await orFailure(async () => {
    await ensureCommit(git, commit);
    return await git('show', `${commit}:./${name}`);
  });
  if (typeof fromGit === 'string') return fromGit;
  const prefix = await orFailure(() => git('rev-parse', '--show-prefix'));
  const path = typeof prefix === 'string' ? `${prefix}${name}` : configNameOf(context);
  const fromGitHub = github && (await orFailure(() => fileAt(github, event, path, commit)));
  return typeof fromGitHub === 'string' ? fromGitHub : undefined;
}

type Found = { readonly commit: string; readonly how: string } | NoBase | TollgateError;

async function whichBase(
  context: ActionContext,
  git: Git,
  head: Awaited<ReturnType<typeof checkedOut>> | TollgateError,
): Promise<Found> {
  const { event, inputs, github } = context;
  if (inputs.baseRef === undefined && event.kind === 'merge-group')
    return { commit: event.baseSha, how: 'what the merge queue put the change on' };
  const wanted = wantedBase(context);
  if ('missing' in wanted) return wanted;
  const { reference } = wanted;
  if (head instanceof TollgateError) return noBase(`what is checked out is not known: ${head.message}`, head);
  if (inputs.baseRef === undefined && event.kind === 'pull-request' && isMerge(head, event.headSha))
    return { commit: head.parents[0]!, how: `what GitHub merged the pull request with, of ${reference}` };

  for (const name of [`refs/remotes/origin/${reference}`, reference]) {
    const commit = await orFailure(() => mergeBaseOf(git, head.commit, name));
    if (typeof commit === 'string') return { commit, how: `merge base with ${reference}, by git` };
  }
  const why = github
    ? await orFailure(() => mergeBase(github, event, reference, head.commit))
    : new TollgateError(
        'usage',
        `'${reference}' is not in the clone's history, and there is no token to ask GitHub with`,
      );
  if (!(why instanceof TollgateError)) {
    if (why.kind === 'commit') return { commit: why.sha, how: `merge base with ${reference}, by GitHub` };
    return inputs.baseRef === undefined ? noBase(why.reason) : nowhere(reference, why.reason);
  }
  return inputs.baseRef !== undefined && !github ? nowhere(reference, why.message) : noBase(why.message, why);
}

function noBase(why: string, cause?: TollgateError): TollgateError {
  return new TollgateError('infrastructure', `Cannot have the base: ${why}`, {
    reason: 'no-base',
    hint: "the token needs 'contents: read', and the checkout has to be a git clone of this repository",
    cause,
  });
}

function nowhere(reference: string, why: string): TollgateError {
  return new TollgateError('usage', `Cannot use input 'base-ref: ${reference}': ${why}`, {
    hint: "a branch, tag or commit of this repository, without 'origin/'",
  });
}

/** Whether it is GitHub's merge of a pull request, the base branch's commit first. */
function isMerge({ parents }: { readonly parents: readonly string[] }, headSha: string): boolean {
  return parents.length === 2 && parents[1] === headSha;
}

/** The branch, tag or commit whose merge base with head is base. */
function wantedBase({ event, inputs, ref }: ActionContext): { readonly reference: string } | NoBase {
  if (inputs.baseRef !== undefined)
    return { reference: inputs.baseRef.replace(/^(refs\/remotes\/)?origin\//, '') };
  if (event.kind === 'pull-request') return { reference: event.pullRequest.baseRef };
  if (event.defaultBranch === undefined) return { missing: 'the event names no default branch' };
  if (ref === `refs/heads/${event.defaultBranch}`)
    return { missing: 'the default branch is measured, and compared with nothing' };
  return { reference: event.defaultBranch };
}

/**
 * For our calls alone: git may read the workspace though another user owns it, as in a container, and may fetch with the
 * token. The empty value takes out what actions/checkout has set: two such headers are refused.
 */
function gitOptions({ inputs, serverUrl, signal }: ActionContext): GitOptions {
  const header = `http.${serverUrl}/.extraheader`;
  return {
    config: [
      ['safe.directory', '*'],
      ...(inputs.token === ''
        ? []
        : ([
            [header, ''],
            [header, `AUTHORIZATION: basic ${credentialsOf(inputs.token)}`],
          ] as const)),
    ],
    ...(signal ? { signal } : {}),
  };
}

/** What `work` gives, or the TollgateError that it throws. A run that was stopped goes no further. */
async function orFailure<T>(work: () => Promise<T>): Promise<T | TollgateError> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TollgateError && cause.details.reason !== 'stopped') return cause;
    throw cause;
  }
}
