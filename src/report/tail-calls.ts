// Tail-call sites as lines of text: where, through which map and slot, what the JIT made of it, and what went nowhere.

import { mean } from '../model/percentile.ts';
import type { Report, TailCall } from '../model/report.ts';
import { placeText } from './place.ts';

/**
 * Head's sites on a target, a line each: those that cost more than they need or that end nowhere; with `verbose` all.
 * Text from outside is not escaped yet.
 */
export function tailCallLines({ tailCalls = [] }: Report, target: string, verbose: boolean): string[] {
  return tailCalls
    .filter((site) => site.side === 'head' && site.target === target)
    .filter((site) => verbose || site.jit !== 'direct' || lossesOf(site).length > 0)
    .map(lineOf);
}

function lineOf(site: TailCall): string {
  const { program, jit, why, maps, slots, filled, isFilled, runs } = site;
  const slotText = slots ? `[${slots.join(' or ')}]` : '[computed]';
  const programs = [...new Set(filled.map((each) => each.program))];
  const inside =
    isFilled === 'none' ? 'nothing in it' : `${programs.join(', ')}${isFilled === 'all' ? '' : ' in some'}`;
  const taken = runs.flatMap((run) =>
    run.taken === 0 ? [] : [`${perPacket(run.taken, run.packets)} a packet in ${run.program} (${run.input})`],
  );
  return [
    `tail call ${jit ? `(${jit}) ` : ''}in ${program}, ${placeText(site)}: ${(maps ?? ['?']).join(' or ')}${slotText}, ${inside}`,
    ...(jit === 'direct' ? [] : [why]),
    ...(taken.length === 0 ? [] : [taken.join(', ')]),
    ...lossesOf(site),
  ].join('; ');
}

/** Calls that went on behind the call, as 'an empty slot: 1 a packet in xdp_lb (udp:64)'. */
function lossesOf({ runs }: TailCall): string[] {
  return (
    [
      ['empty', 'an empty slot'],
      ['limit', 'over the limit of 33'],
      ['beyond', 'beyond the end of the map'],
    ] as const
  ).flatMap(([key, words]) =>
    runs
      .filter((run) => run[key] > 0)
      .map(
        (run) =>
          `went on behind the call, ${words}: ${perPacket(run[key], run.packets)} a packet in ${run.program} (${run.input})`,
      ),
  );
}

const perPacket = (count: number, packets: number) => mean([count / packets]);
