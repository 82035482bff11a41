// What tail calls cost, as a table for the terminal, in markdown and as JSON.

import type { ChainCost, TailCallCost, TailCallCosts } from '../model/tail-call-cost.ts';
import { figuresRenderers } from './figures-table.ts';
import { NOT_TIME, targetFacts } from './rows.ts';
import { type Column, left, right } from './table.ts';

export const TAIL_CALL_COST_RENDERERS = figuresRenderers(({ costs }: TailCallCosts) => {
  const isInPlace = costs.some(({ chains }) => chains.some(({ inPlace }) => inPlace));
  const columns = isInPlace ? [...COLUMNS, ...IN_PLACE_COLUMNS] : COLUMNS;
  const rows = costs.flatMap((cost) =>
    cost.chains.map((chain) => [...rowOf(cost, chain), ...(isInPlace ? inPlaceOf(chain) : [])]),
  );
  return {
    tables: [{ columns, rows }],
    words: isInPlace ? `${WORDS} ${IN_PLACE_WORDS}` : WORDS,
    facts: factsOf(costs),
    note: NOT_TIME,
  };
});

const COLUMNS: readonly Column[] = [
  left('kernel'),
  left('set-up'),
  left('hook'),
  left('slot'),
  left('function called before'),
  left('jit'),
  right('tail_call_insns'),
  right('residual'),
  right('call itself'),
];

/** Besides, where one chain at least was measured in place. */
const IN_PLACE_COLUMNS: readonly Column[] = [
  right('in place'),
  right('residual'),
  right('by bpf_stats'),
  right('hits'),
  left('agree'),
];

function rowOf({ target, setup }: TailCallCost, chain: ChainCost): string[] {
  return [
    target.kernel,
    setup,
    chain.hook,
    chain.slot,
    chain.afterCall ? 'yes' : 'no',
    chain.jit ?? '-',
    number(chain.tail_call_insns),
    number(chain.residual),
    number(chain.call_insns),
  ];
}

function inPlaceOf({ inPlace, tail_call_insns }: ChainCost): string[] {
  if (!inPlace || 'reason' in inPlace) return IN_PLACE_COLUMNS.map(() => '-');
  const { residual, statsSlope, hits } = inPlace;
  return [
    ...[inPlace.tail_call_insns, residual, statsSlope, hits].map(number),
    inPlace.tail_call_insns === tail_call_insns ? 'yes' : 'no',
  ];
}

const number = (value: number | undefined) => (value === undefined ? '-' : String(value));

/** What the rows were measured on, and why some have no figures. */
function factsOf(costs: readonly TailCallCost[]): string[] {
  return costs.flatMap(({ target, setup, says, spectreV2, chains }) => [
    `${target.id}, ${setup} (${says}): ${targetFacts(target)}; spectre_v2: ${spectreV2 ?? 'not told'}`,
    ...(target.error ? [`failed: ${target.error.reason}: ${target.error.message}`] : []),
    ...chains.flatMap(({ hook, slot, absent, inPlace }) => [
      ...(absent ? [`${hook}, ${slot}: ${absent.reason}`] : []),
      ...(inPlace ? [`${slot}, in place: ${inPlaceFact(inPlace)}`] : []),
    ]),
  ]);
}

function inPlaceFact(inPlace: NonNullable<ChainCost['inPlace']>): string {
  if ('reason' in inPlace) return inPlace.reason;
  const { at, bytes, hits, otherHits, insns, statsInsns } = inPlace;
  return `kprobes at ${at}, iperf3 sends ${bytes >> 20} MiB; ${hits} hits of each chain, of all of them ${otherHits} off the figure of its length: ${insns.join(', ')}; by bpf_stats ${statsInsns.join(', ')}`;
}

const IN_PLACE_WORDS =
  'In place: the same of chains that probe a function of the kernel under network load, each hit counted from outside; by bpf_stats: as the kernel accounts for them by its own clock; agree: whether a call costs the same in place and by test run.';

const WORDS =
  'tail_call_insns: instructions that each call more adds to a chain of 0 to 33, by least squares; residual: the chain farthest from that line; call itself: those of the call, without arguments and the next program.';
