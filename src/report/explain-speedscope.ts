// Call paths as speedscope's own file format (https://www.speedscope.app/file-format-schema.json): one profile for each
// kernel, side and input, which the viewer switches between.

import type { Explanations } from '../model/explanation.ts';
import { visible } from './escape.ts';
import { type Graph, graphsOf } from './explain-flamegraph.ts';

/** The steady runs' instructions; the weights of a profile add up to them. */
export function renderSpeedscope({ tool, explanations }: Explanations): string {
  const frames = new Map<string, number>();
  const frameOf = (name: string) => {
    const known = frames.get(name) ?? frames.size;
    frames.set(name, known);
    return known;
  };
  const profiles = explanations.flatMap(graphsOf).map((graph) => profileOf(graph, frameOf));
  return `${JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: `tollgate ${tool.version}`,
    name: visible(explanations[0]?.program ?? 'tollgate'),
    activeProfileIndex: 0,
    shared: { frames: [...frames.keys()].map((name) => ({ name })) },
    profiles,
  })}\n`;
}

function profileOf({ name, paths }: Graph, frameOf: (name: string) => number) {
  const weights = paths.map(({ warm }) => warm);
  return {
    type: 'sampled',
    name: visible(name),
    // Instructions: the format has no unit for them.
    unit: 'none',
    startValue: 0,
    endValue: weights.reduce((sum, weight) => sum + weight, 0),
    samples: paths.map((path) => path.frames.map((frame) => frameOf(visible(frame)))),
    weights,
  };
}
