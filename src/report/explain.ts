// Every rendering of explanations. A new one is a file and a line here.

import type { Explanations } from '../model/explanation.ts';
import { renderFlamegraph } from './explain-flamegraph.ts';
import { renderExplanationsMarkdown } from './explain-markdown.ts';
import { renderSpeedscope } from './explain-speedscope.ts';
import { renderExplanationsTerminal } from './explain-terminal.ts';
import type { RenderOptions } from './renderer.ts';

export interface ExplanationRenderer {
  readonly name: 'terminal' | 'markdown' | 'json' | 'flamegraph' | 'speedscope';
  readonly render: (explanations: Explanations, options?: RenderOptions) => string;
}

export const EXPLANATION_RENDERERS: readonly ExplanationRenderer[] = [
  { name: 'terminal', render: renderExplanationsTerminal },
  { name: 'markdown', render: renderExplanationsMarkdown },
  { name: 'json', render: (explanations) => `${JSON.stringify(explanations, null, 2)}\n` },
  { name: 'flamegraph', render: renderFlamegraph },
  { name: 'speedscope', render: renderSpeedscope },
];
