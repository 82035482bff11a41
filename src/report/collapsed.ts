// Collapsed stacks ('a;b;c 42'), which flamegraph.pl, speedscope and inferno open.

import type { Report } from '../model/report.ts';
import { visible } from './escape.ts';

/** A line; the frames from the outermost on. */
export function collapsed(frames: readonly string[], count: number): string {
  return `${frames.map(frameText).join(';')} ${count}\n`;
}

/** A semicolon would end the frame. */
const frameText = (frame: string) => visible(frame).replaceAll(';', ',');

/** Instructions of a report's network loads, as 'debian:6.12/exact;head;load;tcp, 1 stream, 80 MiB;rx_softirq;TCP 12345'. */
export function renderLoads({ loads = [] }: Report): string {
  return loads
    .flatMap(({ target, side, program, input, stacks = [] }) =>
      stacks.map(({ event, part, insns }) => collapsed([target, side, program, input, event, part], insns)),
    )
    .join('');
}
