// Call paths as collapsed stacks.

import type { Explanation, Explanations } from '../model/explanation.ts';
import { collapsed } from './collapsed.ts';

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
  return graphs
    .flatMap(({ name, paths }) =>
      paths.map(({ frames, warm }) => collapsed(graphs.length > 1 ? [name, ...frames] : frames, warm)),
    )
    .join('');
}
