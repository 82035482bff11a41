// Every rendering of a report. A new one is a file and a line here.

import { renderLoads } from './collapsed.ts';
import { renderJson } from './json.ts';
import { renderMarkdown } from './markdown.ts';
import { renderMeasure, renderMeasureMarkdown } from './measure.ts';
import type { Renderer } from './renderer.ts';
import { renderTerminal } from './terminal.ts';

export const RENDERERS = [
  { name: 'terminal', render: renderTerminal, renderMeasure },
  { name: 'markdown', render: renderMarkdown, renderMeasure: renderMeasureMarkdown },
  { name: 'json', render: renderJson, renderMeasure: renderJson },
  { name: 'flamegraph', render: renderLoads, renderMeasure: renderLoads },
] as const satisfies readonly Renderer[];
