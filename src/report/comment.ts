// The comment on a pull request: the report, what a reader can do about it, and where all of it came from.

import { TRAILER } from '../model/accept.ts';
import type { Report } from '../model/report.ts';
import { folded, markdownBlock } from './escape.ts';
import type { Part } from './fit.ts';
import { bodyParts, footer } from './markdown.ts';
import { assemble, fixed, GIVES_WAY } from './parts.ts';
import type { RenderOptions } from './renderer.ts';
import { sections } from './rows.ts';

/** GitHub takes 65,536 bytes; some are kept for the hidden marker by which the comment is found again. */
export const COMMENT_LIMIT_BYTES = 65_536 - 256;

/** GitHub takes 1 MiB of job summary per step; some is kept for what else the step says. */
export const SUMMARY_LIMIT_BYTES = (1 << 20) - 4096;

/** Markdown that ends with a line break, within COMMENT_LIMIT_BYTES unless `limitBytes` says otherwise. */
export function renderComment(report: Report, options: RenderOptions = {}): string {
  const parts = [...bodyParts(report, options), ...helpParts(report), ...footer(report, options).map(fixed)];
  return assemble(parts, { limitBytes: COMMENT_LIMIT_BYTES, ...options });
}

function helpParts(report: Report): Part[] {
  const trailers = acceptTrailers(report);
  return [
    ...(trailers.length === 0
      ? []
      : [
          help(
            'Is this cost taken on purpose?',
            `Put these lines at the end of a commit message of this pull request, with the reason, and push; or only those of the costs that are worth it. The rows are then shown as accepted, with that reason.\n\n${markdownBlock(trailers.join('\n'))}`,
          ),
        ]),
    help(
      'How to see this on your machine',
      `In a clone of this repository, on this branch with the base merged into it; \`tollgate\` is \`node dist/cli.js\` of a clone of Tollgate.\n\n${markdownBlock(command(report))}`,
    ),
  ];
}

function help(summary: string, body: string): Part {
  const text = folded(summary, body);
  return {
    givesWay: GIVES_WAY.help,
    size: 1,
    render: (shown) => (shown === 0 ? '' : text),
    leftOut: () => `the help '${summary}'`,
  };
}

const TRAILERS_SHOWN = 10;

/** The commit trailers that accept the costs that are over, the worst first; none for names that are not plain. */
function acceptTrailers(report: Report): readonly string[] {
  // That a program does not load is no cost: it can be accepted, and is not offered.
  const rows = sections(report).failures.filter(
    ({ verdict, metric, program }) =>
      verdict === 'over' && metric !== 'load_ok' && PLAIN.test(metric) && PLAIN.test(program),
  );
  const lines = rows.map(({ metric, program }) => `${TRAILER}: ${metric} ${program} REASON`);
  return [...new Set(lines)].slice(0, TRAILERS_SHOWN);
}

function command({ config, commits }: Report): string {
  const base = commits?.base;
  return [
    'tollgate check',
    ...(config === undefined ? [] : [`--config ${shellQuoted(config.file)}`]),
    ...(base !== undefined && /^[0-9a-f]{7,64}$/.test(base) ? [`--base-ref ${base}`] : []),
  ].join(' ');
}

/** A name that needs no quoting, in a trailer or a shell, and that fits a line. */
const PLAIN = /^[\w./:][\w./:@+-]{0,199}$/;

function shellQuoted(text: string): string {
  return PLAIN.test(text) ? text : `'${text.slice(0, 200).replaceAll("'", "'\\''")}'`;
}
