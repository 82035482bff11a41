// A row's causes as the end of one sentence: the three dearest lines, and the rest in one figure, so that what is shown
// adds up to what the row says.

import type { Cause } from '../model/explanation.ts';
import type { Where } from '../model/report.ts';

export interface CausesOfRow {
  /** Over all packets. */
  readonly causes: readonly Cause[];
  readonly packets: number;
  /** The row's own change, a packet; absent where the causes are of another figure: of the mean, under a percentile. */
  readonly change?: number | undefined;
}

/** Causes named in a row. */
const NAMED = 3;

/** Where the dearest change is, and all of them in words; undefined where nothing became dearer. */
export function whyOf({ causes, packets, change }: CausesOfRow): { why: string; where?: Where } | undefined {
  const dearest = causes
    .filter((cause) => cause.change > 0)
    .sort((a, b) => b.change - a.change)
    .slice(0, NAMED);
  const [first] = dearest;
  if (!first) return undefined;
  const mean = (value: number) => thousandths(value / packets);
  const all = causes.reduce((sum, cause) => sum + cause.change, 0);
  const rest = causes.filter((cause) => !dearest.includes(cause));
  const named = rest.length === 1 ? [...dearest, rest[0]!] : dearest;
  const told = named.reduce((sum, cause) => sum + mean(cause.change), 0);
  const elsewhere = thousandths(mean(all) - told);
  const around = thousandths((change ?? mean(all)) - mean(all));
  const words = [
    ...named.map((cause) => `${signed(mean(cause.change))} at ${placeOf(cause)} (${cause.what})`),
    ...(elsewhere === 0 ? [] : [`${signed(elsewhere)} elsewhere (${rest.length} lines)`]),
    ...(around === 0 ? [] : [`${signed(around)} around the program`]),
  ];
  const lead = change === undefined ? `In the mean of ${packets} packets, dearer` : 'Dearer';
  return { why: `${lead}: ${words.join('; ')}`, ...whereOf(first) };
}

/** A row's two figures, or what was explained of them; absent where there is none. */
export interface Sides {
  readonly base?: number | undefined;
  readonly head?: number | undefined;
}

/** Where what was explained is not what the row has: '. What is explained took 812 at head, not 808'; else ''. */
export function disagreement(row: Sides, explained: Sides): string {
  const wrong = (['head', 'base'] as const).filter(
    (side) => row[side] !== undefined && explained[side] !== undefined && row[side] !== explained[side],
  );
  const words = wrong.map((side) => `${explained[side]} at ${side}, not ${row[side]}`);
  return words.length === 0 ? '' : `. What is explained took ${words.join(', and ')}`;
}

function whereOf({ file, line, text }: Cause): { where?: Where } {
  return file === undefined || line === undefined ? {} : { where: { file, line, ...(text ? { text } : {}) } };
}

/** 'lb.bpf.c:98, near line 135'. */
export function placeOf({
  file,
  line,
  near,
  function: name,
}: Omit<Cause, 'change' | 'what' | 'kind'>): string {
  if (line === undefined) return name;
  const base = (path: string | undefined) => (path ?? '').replace(/^.*\//, '');
  const about = near ? `, near ${near.file === file ? 'line ' : `${base(near.file)}:`}${near.line}` : '';
  return `${base(file)}:${line}${about}`;
}

const thousandths = (value: number) => Math.round(1000 * value) / 1000;
const signed = (value: number) => `${value > 0 ? '+' : ''}${value}`;
