// What the verifier's work goes into: how often it visited each source line, and which lines made it visit more.

import type { ObjectSpec } from '../model/elf.ts';
import type { Cause, VerifierCost, VisitedLine } from '../model/explanation.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Where } from '../model/report.ts';
import { loopsOf } from './loops.ts';
import { matchSequences } from './sequence.ts';

/** The guest's count by source line, the most visited first; absent where it could not count, or not all. */
export function visitsByLine(
  records: readonly GuestRecord[],
  program: string,
  spec: Pick<ObjectSpec, 'lineInfo' | 'programs' | 'functions'>,
): VerifierCost {
  const found = records.find((record) => record.type === 'visits');
  if (!found) return { processed: 0, lines: [], loops: [], absent: { reason: reasonOf(records) } };
  const { processed, visits, absent } = found;
  if (absent !== undefined) return { processed, lines: [], loops: [], absent: { reason: absent } };
  const rows = new Map<string, VisitedLine>();
  for (let i = 0; i + 1 < visits.length; i += 2) {
    const source = spec.lineInfo(program, visits[i]!);
    const key = source ? `${source.file}\0${source.line}` : '';
    const known = rows.get(key);
    rows.set(key, {
      ...(source ? { file: source.file, line: source.line, text: source.text } : {}),
      visits: (known?.visits ?? 0) + visits[i + 1]!,
      instructions: (known?.instructions ?? 0) + 1,
    });
  }
  const lines = [...rows.values()].sort((a, b) => b.visits - a.visits || (a.line ?? 0) - (b.line ?? 0));
  const counts = new Map(
    Array.from({ length: visits.length >> 1 }, (_, i) => [visits[2 * i]!, visits[2 * i + 1]!]),
  );
  return { processed, lines, loops: loopsOf(program, spec, counts) };
}

function reasonOf(records: readonly GuestRecord[]): string {
  for (const record of records) {
    if (record.type === 'object-rejected') return record.reason.split('\n')[0]!.slice(0, 500);
    if (record.type === 'error') return record.message.split('\n')[0]!.slice(0, 500);
  }
  return 'the guest did not count';
}

/** Every line that the verifier visits more or less often, the greatest change first. */
export function diffVisits(base: VerifierCost, head: VerifierCost, program: string): Cause[] {
  const inOrder = ({ lines }: VerifierCost) =>
    [...lines].sort((a, b) => (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0));
  const steps = matchSequences(inOrder(base), inOrder(head), {
    text: ({ line, text }) => (line === undefined ? '' : text || `line ${line}`),
    agreement: (a, b) => (a.instructions === b.instructions ? 1 : 0),
  });
  return steps
    .flatMap(({ left, right }): Cause[] => {
      const change = (right?.visits ?? 0) - (left?.visits ?? 0);
      if (change === 0) return [];
      const { file, line, text } = (right ?? left)!;
      return [
        {
          program,
          function: program,
          ...(line === undefined ? {} : { file: file!, line, text: text! }),
          kind: !left || !right ? 'source' : left.instructions === right.instructions ? 'path' : 'compiler',
          change,
          what: whatChanged(left, right),
        },
      ];
    })
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || b.change - a.change);
}

function whatChanged(base: VisitedLine | undefined, head: VisitedLine | undefined): string {
  if (!base) return `new: ${instructions(head!)}, ${times(head!)}`;
  if (!head) return `gone: ${instructions(base)}, ${times(base)} before`;
  const code =
    base.instructions === head.instructions ? '' : `${instructions(head)} instead of ${base.instructions}, `;
  return `${code}${times(head)}, ${base.visits} before`;
}

const instructions = ({ instructions: count }: VisitedLine) =>
  `${count} instruction${count === 1 ? '' : 's'}`;
const times = ({ visits }: VisitedLine) => `visited ${visits} time${visits === 1 ? '' : 's'}`;

/** Where a program goes whose verification took too long: 'Visited most: ...'. */
export function dominantOf({
  lines,
  loops,
  processed,
}: VerifierCost): { why: string; where?: Where } | undefined {
  const [first] = lines;
  if (!first || processed === 0) return undefined;
  const place = ({ file = '', line }: Pick<VisitedLine, 'file' | 'line'>) =>
    line === undefined ? 'code without lines' : `${file.replace(/^.*\//, '')}:${line}`;
  const share = (visits: number) => `${Math.round((100 * visits) / processed)}%`;
  const [loop] = loops;
  const words = [
    ...(loop
      ? [
          `${share(loop.visits)} in the loop at ${place(loop)} (${loop.rounds} rounds${loop.text ? ` of ${loop.text}` : ''})`,
        ]
      : []),
    ...lines.slice(0, DOMINANT).map((line) => `${share(line.visits)} at ${place(line)} (${times(line)})`),
  ];
  const at = loop?.line === undefined ? first : loop;
  return {
    why: `Of ${processed} instructions that the verifier looked at: ${words.join('; ')}`,
    ...(at.file === undefined || at.line === undefined
      ? {}
      : { where: { file: at.file, line: at.line, ...(at.text ? { text: at.text } : {}) } }),
  };
}

const DOMINANT = 3;
