// What a rendering is: a report in, text out.

import type { Report } from '../model/report.ts';

export interface RenderOptions {
  /** Columns of the terminal; without it nothing is cut. */
  readonly width?: number;
  /** ANSI colours. */
  readonly colour?: boolean;
  /** Show what passed, too. */
  readonly verbose?: boolean;
  /** Rows of a section that are shown before the rest is counted. */
  readonly maxRows?: number;
  /** A check in markdown: bytes of UTF-8 it may take, from 8192 up. The least important is left out, and said. */
  readonly limitBytes?: number;
  /** Markdown: what is checked, in the title, where a project has several budget files. */
  readonly name?: string;
  /** Source files at hand, by the name that line information has: their lines. An explanation shows whole functions. */
  readonly sources?: ReadonlyMap<string, readonly string[]>;
  /** Addresses that the text links to. */
  readonly links?: Links;
}

export interface Links {
  /** The whole report, where a rendering had to leave out some of it. */
  readonly report?: string;
  /** The run that measured. */
  readonly run?: string;
}

type RendererName = 'terminal' | 'markdown' | 'json' | 'flamegraph';

/** One form of what a command other than measure and check tells. */
export interface DocumentRenderer<T> {
  readonly name: RendererName;
  readonly render: (document: T, options?: RenderOptions) => string;
}

export interface Renderer {
  readonly name: RendererName;
  /** A check: its verdicts, and what it takes to understand them. */
  readonly render: (report: Report, options?: RenderOptions) => string;
  /** A measurement: its figures, against the base's where there are any. */
  readonly renderMeasure: (report: Report, options?: RenderOptions) => string;
}
