// What is marked in the changed files of a pull request: the worst few findings, each where a reader can mend it. A
// finding is one for all kernels: GitHub shows ten of a level for each step, and they should not be ten times the same.

import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { Report, Verdict } from '../model/report.ts';
import { clip, visible } from './escape.ts';
import { groupBy } from './group.ts';
import { acceptedBy, type Labels, labelsOf, loosenedBudgets, sections } from './rows.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  /** Relative to the workspace. */
  readonly file?: string;
  readonly line?: number;
  /** Neither holds a line break or any other control character. */
  readonly title: string;
  readonly message: string;
}

export interface AnnotationOptions {
  /** The checkout's folder, absolute: only files in it can be marked. */
  readonly workspace: string;
  /** Where the report's relative paths start, absolute. */
  readonly directory: string;
  /** Whether there is a file of this absolute path. */
  readonly isFile: (path: string) => boolean;
  /** Of each level; default 10, as GitHub shows. */
  readonly most?: number;
}

/** Errors for failures, the worst first; warnings for loosened budgets; notices for accepted costs. */
export function annotationsOf(report: Report, options: AnnotationOptions): Annotation[] {
  const { failures, accepted } = sections(report);
  const labels = labelsOf(report);
  const most = options.most ?? MOST;
  const findings = (rows: readonly Verdict[]) => [...groupBy(rows, findingKey).values()].slice(0, most);
  return [
    ...findings(failures).map((rows) => failureOf(rows, labels, report, options)),
    ...loosenedBudgets(report)
      .slice(0, most)
      .map(({ subject, kernels, base = 'none', head = 'none' }): Annotation => {
        const on = kernels === undefined ? '' : ` on ${listed(kernels)}`;
        return {
          level: 'warning',
          ...placeOf([configPlace(report, options)]),
          title: 'Budget loosened',
          message: text(`${subject}${on}: ${base} -> ${head}`),
        };
      }),
    ...findings(accepted).map((rows): Annotation => {
      const { accepted } = rows[0]!;
      return {
        ...failureOf(rows, labels, report, options),
        level: 'notice',
        message: text(`${rows[0]!.why} (accepted by ${acceptedBy(accepted!)}: ${accepted!.reason})`),
      };
    }),
  ];
}

const MOST = 10;
const TITLE_LENGTH = 200;
const MESSAGE_LENGTH = 1500;
const KERNELS_IN_TITLE = 6;

/** Kernels and inputs of one program's metric are one finding; a kernel without figures is one by itself. */
function findingKey({ verdict, target, object, program, metric, why }: Verdict): string {
  return JSON.stringify(verdict === 'failed' ? [target, why] : [object, program, metric]);
}

function failureOf(
  rows: readonly Verdict[],
  labels: Labels,
  report: Report,
  options: AnnotationOptions,
): Annotation {
  const worst = rows[0]!;
  const kernels = listed([...new Set(rows.map(({ target }) => labels.target(target)))]);
  const others = rows.length === 1 ? '' : ` (and ${rows.length - 1} more like it)`;
  // A kernel that failed is the fault of no line.
  if (worst.verdict === 'failed')
    return { level: 'error', title: 'No verdict', message: text(`${worst.why}${others}`) };
  const title = `${labels.program(worst)}: ${worst.metric} over budget on ${kernels}`;
  return {
    level: 'error',
    ...placeOf([
      ...rows.map(({ where }) => where && sourcePlace(where, report, options)),
      ...rows.map(({ budget }) => budget && budgetPlace(budget, options)),
      configPlace(report, options),
    ]),
    title: clip(visible(title), TITLE_LENGTH),
    message: text(`${worst.why}${others}`),
  };
}

interface FilePlace {
  readonly file: string;
  readonly line?: number;
}

/** The first that can be marked. */
function placeOf(places: readonly (FilePlace | undefined)[]): Pick<Annotation, 'file' | 'line'> {
  return places.find((place) => place !== undefined) ?? {};
}

/** BTF names a file as it was given to the compiler, which ran somewhere in the project, or in another place. */
function sourcePlace(
  { file, line }: NonNullable<Verdict['where']>,
  { config }: Report,
  options: AnnotationOptions,
): FilePlace | undefined {
  const { directory, workspace } = options;
  const project = config === undefined ? directory : dirname(resolve(directory, config.file));
  const found = [project, directory, workspace]
    .map((folder) => inWorkspace(resolve(folder, file), options))
    .find((each) => each !== undefined);
  return found === undefined ? undefined : { file: found, line };
}

function budgetPlace(
  { file, line }: NonNullable<Verdict['budget']>,
  options: AnnotationOptions,
): FilePlace | undefined {
  const found = file === undefined ? undefined : inWorkspace(resolve(options.directory, file), options);
  return found === undefined ? undefined : { file: found, ...(line === undefined ? {} : { line }) };
}

function configPlace({ config }: Report, options: AnnotationOptions): FilePlace | undefined {
  return config && budgetPlace({ text: '', file: config.file }, options);
}

function inWorkspace(path: string, { workspace, isFile }: AnnotationOptions): string | undefined {
  const inside = relative(workspace, path);
  const isOutside = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return isOutside || visible(inside) !== inside || !isFile(path) ? undefined : inside;
}

function listed(kernels: readonly string[]): string {
  const more = kernels.length - KERNELS_IN_TITLE;
  const shown = kernels.slice(0, KERNELS_IN_TITLE).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function text(message: string): string {
  return clip(visible(message), MESSAGE_LENGTH);
}
