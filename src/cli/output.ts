// Where renderings go: to files, by the flags of their names, or to the screen.

import { writeFileSync } from 'node:fs';
import type { Report } from '../model/report.ts';
import { RENDERERS } from '../report/index.ts';
import type { DocumentRenderer, RenderOptions } from '../report/renderer.ts';
import type { OutputFlags } from './flags.ts';

export function show(report: Report, flags: OutputFlags, how: 'render' | 'renderMeasure'): void {
  const renderers = RENDERERS.map(({ name, ...renderer }) => ({ name, render: renderer[how] }));
  writeAll(renderers, report, flags);
}

/** Every rendering of a document that is asked for: what goes into a file, by the flag of its name. */
export function writeAll<T>(
  renderers: readonly (Pick<DocumentRenderer<T>, 'render'> & { readonly name: string })[],
  document: T,
  flags: OutputFlags,
  files: Readonly<Record<string, string | undefined>> = filesOf(flags),
  more: Partial<RenderOptions> = {},
): void {
  for (const { name, render } of renderers)
    write(files[name], name === 'terminal', flags, (options) => render(document, { ...options, ...more }));
}

/** A file for each rendering that has a flag of its name. */
const filesOf = ({ json, markdown, flamegraph }: OutputFlags) => ({ json, markdown, flamegraph });

/** One rendering: to its file, or to the screen where that is its place and nothing else goes there. */
function write(
  file: string | undefined,
  isTerminal: boolean,
  flags: OutputFlags,
  render: (options: RenderOptions) => string,
): void {
  const taken = [flags.json, flags.markdown, flags.flamegraph].includes('-');
  if (file === undefined && (!isTerminal || flags.quiet || taken)) return;
  const text = render({
    ...(isTerminal && process.stdout.columns ? { width: process.stdout.columns } : {}),
    colour: isTerminal && process.stdout.isTTY === true && !process.env.NO_COLOR,
    verbose: flags.verbose === true,
  });
  if (file === undefined || file === '-') process.stdout.write(text);
  else writeFileSync(file, text);
}
