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
}

export interface Renderer {
  readonly name: 'terminal' | 'markdown' | 'json';
  /** A check: its verdicts, and what it takes to understand them. */
  readonly render: (report: Report, options?: RenderOptions) => string;
  /** A measurement: its figures, against the base's where there are any. */
  readonly renderMeasure: (report: Report, options?: RenderOptions) => string;
}
