// What every rendering of an explanation shares: figures per packet, shares, and which lines come first.

import type {
  Cause,
  Difference,
  ExplainedCall,
  ExplainedLine,
  Explanation,
  InPlace,
  Pair,
  VerifierCost,
  VisitedLoop,
} from '../model/explanation.ts';
import { count } from './rows.ts';

type Place = Pick<ExplainedLine, 'function' | 'file' | 'line' | 'near'>;

/** 'lb.bpf.c:193', or 'bpf_helpers.h:154 near lb.bpf.c:164'; for a line without a source its function. */
export function placeText({ file, line, function: name, near }: Place): string {
  if (line === undefined) return name;
  return `${baseName(file)}:${line}${near ? ` near ${near.file === file ? '' : `${baseName(near.file)}:`}${near.line}` : ''}`;
}

const baseName = (file: string | undefined) => (file ?? '').replace(/^.*\//, '');

/** The mean over the packets, to 3 decimals. */
export function perPacket(warm: number, { packets }: Pick<Explanation, 'packets'>): string {
  return String(Math.round((1000 * warm) / Math.max(1, packets)) / 1000);
}

export function shareText(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)}%`;
}

export function costOf({ own, called }: ExplainedLine): Pair {
  return { cold: own.cold + called.cold, warm: own.warm + called.warm };
}

function isSameLine(a: ExplainedCall, b: ExplainedLine): boolean {
  return (
    a.program === b.program &&
    a.function === b.function &&
    a.file === b.file &&
    a.line === b.line &&
    a.near?.file === b.near?.file &&
    a.near?.line === b.near?.line
  );
}

/** The calls of a line. */
export function callsOf(line: ExplainedLine, { calls }: Explanation): ExplainedCall[] {
  return calls.filter((call) => isSameLine(call, line));
}

/** Lines by function, in the source's order: the explained program first, then as tail calls and names have it. */
export function linesByFunction({ lines, program }: Explanation): { name: string; lines: ExplainedLine[] }[] {
  const groups = new Map<string, ExplainedLine[]>();
  for (const line of lines) {
    const name = line.program === line.function ? line.program : `${line.program}/${line.function}`;
    groups.set(name, [...(groups.get(name) ?? []), line]);
  }
  const first = (name: string) => (name === program ? 0 : name.startsWith(`${program}/`) ? 1 : 2);
  return [...groups]
    .sort(([a], [b]) => first(a) - first(b) || (a < b ? -1 : 1))
    .map(([name, own]) => ({
      name,
      lines: own.sort((a, b) => (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0)),
    }));
}

/** 'called 2 times: bpf_map_lookup_elem 150, jhash 115'; an inlined one says so. */
export function callText(call: ExplainedCall, explanation: Explanation, most = 4): string {
  if (call.functions.length === 0) return `${call.name}: replaced by the line's own instructions`;
  const own = call.functions.filter(({ insns }) => insns.warm > 0);
  const listed = own
    .slice(0, most)
    .map(({ name, insns }) => `${name} ${perPacket(insns.warm, explanation)}`)
    .join(', ');
  const more = own.length > most ? `, and ${own.length - most} more` : '';
  const times = call.times.warm === explanation.packets ? '' : ` x${perPacket(call.times.warm, explanation)}`;
  return `${call.name}${times}: ${listed}${more}`;
}

/** '+38' or '-4.5', a packet. */
export function changePerPacket(change: number, of: Pick<Explanation, 'packets'>): string {
  return `${change > 0 ? '+' : ''}${perPacket(change, of)}`;
}

/** '948 to 969 instructions (+21)'. */
export function differenceText(difference: Difference): string {
  const { base, head, cold } = difference;
  const change = changePerPacket(head.warm - base.warm, difference);
  if (base.cold === 0 && head.cold === 0)
    return `${perPacket(base.warm, difference)} to ${perPacket(head.warm, difference)} instructions (${change})`;
  const first =
    cold.length === 0 ? 'the first run is the same' : `the first run ${base.cold} to ${head.cold}`;
  return `${perPacket(base.warm, difference)} to ${perPacket(head.warm, difference)} instructions (${change}); ${first}`;
}

/** 'the loop at lb.bpf.c:289 to 294: 620 visits (64%) of 12 instructions in 34 rounds: for (...)'. */
export function loopText(loop: VisitedLoop, { processed }: Pick<VerifierCost, 'processed'>): string {
  const { line, lastLine, text, visits, instructions, rounds } = loop;
  const place = line === undefined ? 'a loop' : `the loop at ${baseName(loop.file)}:${line} to ${lastLine}`;
  return `${place}: ${visits} visits (${shareText(visits, processed)}) of ${instructions} instructions in ${rounds} rounds${text ? `: ${text}` : ''}`;
}

/** What is not shown, in one figure, so that all that is shown adds up: '-4 in 3 more lines'. */
export function elsewhere(rest: readonly Cause[], of: Pick<Explanation, 'packets'>): string[] {
  if (rest.length === 0) return [];
  const change = rest.reduce((sum, cause) => sum + cause.change, 0);
  return [`${changePerPacket(change, of)} in ${count(rest.length, 'more line')}`];
}

type Arms = Pick<InPlace, 'nothing' | 'empty' | 'own'>;

export interface InPlaceRow {
  readonly name: string;
  readonly operation: string;
  readonly nothing: number;
  /** What the hook adds, and what the program does beyond an empty one; signed. */
  readonly hook: string;
  readonly program: string;
}

/** '10674 instructions a packet: 7713 with nothing attached, +2849 by the hook (hook_insns), ...'. */
export function inPlaceText({ nothing, empty, own }: Arms): string {
  const parts = [`${nothing} with nothing attached`, `${signed(empty - nothing)} by the hook (hook_insns)`];
  if (own !== undefined) parts.push(`${signed(own - empty)} by the program (hook_program_insns)`);
  return `${own ?? empty} instructions a packet: ${parts.join(', ')}`;
}

/** By kind of operation, those that there are. */
export function operationRows({ operations }: InPlace): InPlaceRow[] {
  return operations
    .filter(({ nothing, empty, own = 0 }) => nothing + empty + own > 0)
    .map((row) => inPlaceRow('', row));
}

/** The functions that hook or program change, the greatest change first; the last row has what `most` leaves out. */
export function functionRows({ functions }: InPlace, most: number): InPlaceRow[] {
  const changed = functions.filter(({ nothing, empty, own = empty }) => empty !== nothing || own !== empty);
  const rest = changed.slice(most);
  const sum = (of: (row: Arms) => number) => rest.reduce((all, row) => all + of(row), 0);
  const left = {
    operation: '',
    nothing: sum(({ nothing }) => nothing),
    empty: sum(({ empty }) => empty),
    own: sum(({ empty, own = empty }) => own),
  };
  return [
    ...changed.slice(0, most).map((row) => inPlaceRow(row.name, row)),
    ...(rest.length > 0 ? [inPlaceRow(`in ${count(rest.length, 'more function')}`, left)] : []),
  ];
}

function inPlaceRow(
  name: string,
  { operation, nothing, empty, own = empty }: Arms & { readonly operation: string },
): InPlaceRow {
  return { name, operation, nothing, hook: signed(empty - nothing), program: signed(own - empty) };
}

const signed = (value: number) => `${value > 0 ? '+' : ''}${value}`;
