// Where an outcome goes: artifact, comment, summary, annotations, outputs. Each is tried whatever becomes of the others;
// what fails is a warning, and the exit code is decided when all of it is done.

import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { upsertComment } from '../github/comment.ts';
import { EXIT, messageOf } from '../model/errors.ts';
import type { Report } from '../model/report.ts';
import { annotationsOf } from '../report/annotations.ts';
import { COMMENT_LIMIT_BYTES, renderComment, SUMMARY_LIMIT_BYTES } from '../report/comment.ts';
import { faultTitle, isUsersFault, renderFault } from '../report/fault.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { Links, RenderOptions } from '../report/renderer.ts';
import { headline, isAccepted } from '../report/rows.ts';
import { CONFIG_FILE } from '../run/project.ts';
import { keepForTrends } from './history.ts';
import { artifactName, commentId, configNameOf } from './names.ts';
import {
  FAULT_JSON,
  type Outcome,
  REPORT_JSON,
  REPORT_MARKDOWN,
  withoutBuildOutput,
  withoutToken,
} from './outcome.ts';
import type { ActionContext } from './ports.ts';

/** Publishes and returns the job's exit code. */
export async function publish(context: ActionContext, found: Outcome): Promise<number> {
  const { inputs, runner } = context;
  const outcome = withoutToken(found, inputs.token);
  const shared = withoutBuildOutput(outcome);
  await logTails(context, outcome);
  const files = writeFiles(context, shared);
  const artifactUrl = await attempt(context, 'upload the artifact', () =>
    runner.group('Upload the report', () => upload(context, files)),
  );
  const links = { run: context.runUrl, ...(artifactUrl === undefined ? {} : { report: artifactUrl }) };
  const options = renderOptions(context, links);
  const body = commentText(shared, options);
  const event = context.event;
  if (event.kind === 'pull-request')
    await attempt(context, 'comment', () => commentOn(context, event.pullRequest.number, shared, body));
  await attempt(context, 'write the summary', () =>
    runner.writeSummary(markdownOf(outcome, { ...options, limitBytes: SUMMARY_LIMIT_BYTES })),
  );
  await attempt(context, 'annotate', async () => annotate(context, outcome));
  await attempt(context, 'keep the history', () =>
    keepForTrends(context, outcome, join(files.folder, REPORT_JSON)),
  );
  runner.setOutput('verdict', verdictOf(outcome));
  runner.setOutput('over-count', String(overCount(outcome)));
  runner.setOutput('report-path', join(files.folder, REPORT_MARKDOWN));
  runner.setOutput('json-path', outcome.kind === 'report' ? join(files.folder, REPORT_JSON) : '');
  runner.setOutput('comment-body', body);
  const title = outcome.kind === 'report' ? headline(outcome.report) : faultTitle(outcome.fault);
  runner.info(`${title}. The report is in the job's summary${artifactUrl ? ` and at ${artifactUrl}` : ''}.`);
  return exitCodeOf(outcome, inputs.failOn);
}

/** The last lines of a build or a console, where somebody looks who sees a red job. */
async function logTails({ runner }: ActionContext, outcome: Outcome): Promise<void> {
  if (outcome.kind === 'report') return;
  for (const { message, tail } of outcome.fault.errors)
    if (tail !== undefined) await runner.group(message, async () => tail.split('\n').forEach(runner.info));
}

/** How a report is shown: a budget file of another name than most is named, there may be several. */
export function renderOptions(context: ActionContext, links: Links): RenderOptions {
  const name = configNameOf(context);
  return { ...(name === CONFIG_FILE ? {} : { name }), links };
}

/** Posts or updates the comment of this budget file; a shard leaves that to the job that merges. */
export async function commentOn(
  context: ActionContext,
  pullRequest: number,
  outcome: Outcome,
  body: string,
): Promise<void> {
  const { inputs, runner, github, event } = context;
  if (inputs.comment === 'never' || inputs.shard !== undefined) return;
  if (!github) return runner.warning('no comment: there is no token');
  const result = await upsertComment(github, {
    owner: event.owner,
    repo: event.repo,
    pullRequest,
    id: commentId(context),
    body,
    create: inputs.comment === 'always' || isNews(outcome),
  });
  switch (result.kind) {
    case 'refused':
    case 'failed':
      return runner.warning(
        `The comment on #${pullRequest} was not written: ${result.reason}. The verdict stands; the report is in the job's summary.`,
      );
    case 'skipped':
      return runner.info(`comment: ${result.reason}`);
    default:
      return runner.info(`comment ${result.kind}: ${result.url}`);
  }
}

/** The comment's text for an outcome. */
export function commentText(outcome: Outcome, options: RenderOptions): string {
  return outcome.kind === 'report'
    ? renderComment(outcome.report, options)
    : renderFault(outcome.fault, { ...options, limitBytes: COMMENT_LIMIT_BYTES });
}

/** Whether a pull request without a comment gets one: anything but figures that stayed what they were. */
function isNews(outcome: Outcome): boolean {
  if (outcome.kind === 'fault') return true;
  const { verdict, verdicts, budgetChanges = [] } = outcome.report;
  return verdict !== 'pass' || budgetChanges.length > 0 || verdicts.some(isChange);
}

const isChange = ({ verdict, change }: Report['verdicts'][number]) =>
  (verdict !== 'pass' && verdict !== 'unmeasured') || (change ?? 0) !== 0;

interface Files {
  readonly folder: string;
  readonly names: readonly string[];
}

function writeFiles({ tempDir }: ActionContext, outcome: Outcome): Files {
  const folder = join(tempDir, 'tollgate-report');
  mkdirSync(folder, { recursive: true });
  const name = outcome.kind === 'report' ? REPORT_JSON : FAULT_JSON;
  const data = outcome.kind === 'report' ? outcome.report : outcome.fault;
  writeFileSync(join(folder, name), `${JSON.stringify(data, null, 2)}\n`);
  writeFileSync(join(folder, REPORT_MARKDOWN), markdownOf(outcome, {}));
  return { folder, names: [name, REPORT_MARKDOWN] };
}

async function upload(context: ActionContext, { folder, names }: Files): Promise<string | undefined> {
  const name = artifactName(context);
  if (name === undefined) return undefined;
  const { url } = await context.artifacts.upload(
    name,
    folder,
    names.map((each) => join(folder, each)),
  );
  context.runner.info(`artifact '${name}': ${url}`);
  return url;
}

function markdownOf(outcome: Outcome, options: RenderOptions): string {
  if (outcome.kind === 'fault') return renderFault(outcome.fault, options);
  return renderMarkdown(outcome.report, options);
}

function annotate({ inputs, runner, workspace }: ActionContext, outcome: Outcome): void {
  if (outcome.kind === 'fault') {
    for (const { message, place, hint } of outcome.fault.errors.slice(0, 10))
      runner.annotate({
        level: 'error',
        title: faultTitle(outcome.fault),
        message: hint === undefined ? message : `${message} (${hint})`,
        ...(place ? { file: place.file, line: place.line } : {}),
      });
    return;
  }
  const isFile = (path: string) => existsSync(path) && statSync(path).isFile();
  const options = { workspace, directory: workspace, isFile, most: inputs.annotations };
  for (const each of annotationsOf(outcome.report, options)) runner.annotate(each);
}

export function verdictOf(outcome: Outcome): 'pass' | 'over' | 'failed' | 'error' {
  if (outcome.kind === 'report') return outcome.report.verdict;
  return isUsersFault(outcome.fault) ? 'error' : 'failed';
}

function overCount(outcome: Outcome): number {
  if (outcome.kind === 'fault') return 0;
  return outcome.report.verdicts.filter((row) => row.verdict === 'over' && !isAccepted(row)).length;
}

/** What its user can mend is excused by no `fail-on`. */
function exitCodeOf(outcome: Outcome, failOn: ReadonlySet<string>): number {
  const verdict = verdictOf(outcome);
  if (verdict === 'error') return EXIT.usage;
  if (verdict === 'over' && failOn.has('over')) return EXIT.over;
  if (verdict === 'failed' && failOn.has('failed')) return EXIT.infrastructure;
  const open =
    outcome.kind === 'report' && outcome.report.verdicts.some((row) => row.verdict === 'inconclusive');
  return open && failOn.has('inconclusive') ? EXIT.over : EXIT.pass;
}

async function attempt<T>(
  context: ActionContext,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (cause) {
    context.runner.warning(`Could not ${what}: ${messageOf(cause)}`);
    return undefined;
  }
}
