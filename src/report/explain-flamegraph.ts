// Call paths as collapsed stacks ('a;b;c 42'), which flamegraph.pl, speedscope and inferno open.

import type { Explanation, Explanations } from '../model/explanation.ts';
import { visible } from './escape.ts';

/** Call paths that add up to one figure. */
export interface Graph {
  readonly name: string;
  readonly paths: readonly { readonly frames: readonly string[]; readonly warm: number }[];
}

/** The steady runs' paths; at a hook those of a packet in each arm. Nothing where there is no profile. */
export function graphsOf({ target, side, input, absent, inPlace, stacks }: Explanation): Graph[] {
  const name = `${target.kernel} ${side} ${input}`;
  const graph = (text: string, paths: Graph['paths']) => ({
    name: text,
    paths: paths.filter(({ warm }) => warm > 0),
  });
  if (!inPlace)
    return absent
      ? []
      : [
          graph(
            name,
            stacks.map(({ frames, insns }) => ({ frames, warm: insns.warm })),
          ),
        ];
  const arms = [
    ['nothing', 'nothing attached'],
    ['empty', 'an empty program'],
    ['own', 'the program'],
  ] as const;
  return arms
    .filter(([arm]) => inPlace[arm] !== undefined)
    .map(([arm, words]) =>
      graph(
        `${name}: ${words}`,
        inPlace.stacks.map(({ frames, ...counts }) => ({ frames, warm: counts[arm] ?? 0 })),
      ),
    );
}

/**
 * The steady runs' instructions. Kernel and input stand in front of each path where there is more than one of them.
 */
export function renderFlamegraph({ explanations }: Explanations): string {
  const graphs = explanations.flatMap(graphsOf);
  const lines = graphs.flatMap(({ name, paths }) =>
    paths.map(({ frames, warm }) => {
      const path = graphs.length > 1 ? [name, ...frames] : frames;
      return `${path.map(frameText).join(';')} ${warm}`;
    }),
  );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** A semicolon would end the frame. */
const frameText = (frame: string) => visible(frame).replaceAll(';', ',');
