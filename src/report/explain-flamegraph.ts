// Call paths as collapsed stacks ('a;b;c 42'), which flamegraph.pl, speedscope and inferno open.

import type { Explanations } from '../model/explanation.ts';
import { visible } from './escape.ts';

/**
 * The steady runs' instructions. Kernel and input stand in front of each path where there is more than one of them.
 */
export function renderFlamegraph({ explanations }: Explanations): string {
  const several = explanations.length > 1;
  const lines = explanations.flatMap(({ target, side, input, stacks }) =>
    stacks
      .filter(({ insns }) => insns.warm > 0)
      .map(({ frames, insns }) => {
        const path = several ? [`${target.kernel} ${side} ${input}`, ...frames] : frames;
        return `${path.map(frameText).join(';')} ${insns.warm}`;
      }),
  );
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** A semicolon would end the frame. */
const frameText = (frame: string) => visible(frame).replaceAll(';', ',');
