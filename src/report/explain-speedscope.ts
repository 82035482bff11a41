// Call paths as speedscope's own file format (https://www.speedscope.app/file-format-schema.json): one profile for each
// kernel, side and input, which the viewer switches between.

import type { Explanation, Explanations } from '../model/explanation.ts';
import { visible } from './escape.ts';

/** The steady runs' instructions; the weights of a profile add up to them. */
export function renderSpeedscope({ tool, explanations }: Explanations): string {
  const frames = new Map<string, number>();
  const frameOf = (name: string) => {
    const known = frames.get(name) ?? frames.size;
    frames.set(name, known);
    return known;
  };
  const profiles = explanations.filter(({ absent }) => !absent).map((each) => profileOf(each, frameOf));
  return `${JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: `tollgate ${tool.version}`,
    name: visible(explanations[0]?.program ?? 'tollgate'),
    activeProfileIndex: 0,
    shared: { frames: [...frames.keys()].map((name) => ({ name })) },
    profiles,
  })}\n`;
}

function profileOf({ target, side, input, stacks }: Explanation, frameOf: (name: string) => number) {
  const paths = stacks.filter(({ insns }) => insns.warm > 0);
  const weights = paths.map(({ insns }) => insns.warm);
  return {
    type: 'sampled',
    name: visible(`${target.kernel} ${side} ${input}`),
    // Instructions: the format has no unit for them.
    unit: 'none',
    startValue: 0,
    endValue: weights.reduce((sum, weight) => sum + weight, 0),
    samples: paths.map((path) => path.frames.map((frame) => frameOf(visible(frame)))),
    weights,
  };
}
