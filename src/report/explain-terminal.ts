// An explanation as a programmer reads it: the dearest lines first, with what they call; with `verbose` all of them, in
// the source's order and with every instruction.

import type { Cause, Difference, ExplainedLine, Explanation, Explanations } from '../model/explanation.ts';
import { visible } from './escape.ts';
import {
  callsOf,
  callText,
  changePerPacket,
  costOf,
  differenceText,
  elsewhere,
  functionRows,
  type InPlaceRow,
  inPlaceText,
  linesByFunction,
  loopText,
  operationRows,
  perPacket,
  placeText,
  shareText,
} from './explain-rows.ts';
import type { RenderOptions } from './renderer.ts';
import { count, NOT_TIME, targetFacts } from './rows.ts';
import { alignTable, type Column } from './table.ts';

const DEAREST = 15;
const LOOPS = 5;

/** `maxRows` bounds the lines of each explanation (15); `verbose` lifts it. */
export function renderExplanationsTerminal(all: Explanations, options: RenderOptions = {}): string {
  const heads = all.explanations.filter(({ side }) => side === 'head');
  const blocks = heads.map((each) => {
    const difference = all.differences.find(
      ({ target, object, program, input }) =>
        target === each.target.id &&
        object === each.object &&
        program === each.program &&
        input === each.input,
    );
    return [
      ...explanationLines(each, options),
      ...(difference ? differenceLines(difference, options) : []),
    ].join('\n');
  });
  return `${[...blocks, NOT_TIME].join('\n\n')}\n`;
}

function explanationLines(explanation: Explanation, options: RenderOptions): string[] {
  const { target, object, program, input, absent } = explanation;
  const title = `${program} (${object}) on ${input}, ${target.id}: ${targetFacts(target)}`;
  if (absent)
    return [
      visible(title),
      `no profile: ${visible(absent.reason)}`,
      ...inPlaceLines(explanation, options),
      ...verifierLines(explanation, options),
    ];
  return [
    visible(title),
    ...inPlaceLines(explanation, options),
    headline(explanation),
    ...outsideLines(explanation),
    ...explanation.notes.map((note) => `note: ${visible(note)}`),
    '',
    ...(options.verbose ? annotated(explanation, options) : dearest(explanation, options)),
    ...tailCallLines(explanation),
    ...verifierLines(explanation, options),
  ];
}

function headline(explanation: Explanation): string {
  const { packets, insns } = explanation;
  const calls = explanation.calls.reduce((sum, call) => sum + call.insns.warm, 0);
  const mean = packets > 1 ? ` a packet, the mean of ${packets}` : '';
  return `${perPacket(insns.warm, explanation)} instructions${mean}: ${perPacket(insns.warm - calls, explanation)} of the programs' own, ${perPacket(calls, explanation)} in what they call${explanation.inPlace ? '' : `; the first run took ${insns.cold}`}`;
}

const OPERATION_COLUMNS: readonly Column[] = [
  { header: 'nothing', align: 'right' },
  { header: 'hook', align: 'right' },
  { header: 'program', align: 'right' },
  { header: 'spent on', align: 'left' },
];
const FUNCTION_COLUMNS: readonly Column[] = [
  ...OPERATION_COLUMNS,
  { header: 'function', align: 'left', shrinks: true },
];

/** What the hook adds to a packet, and what the program does, by kind of operation and by function. */
function inPlaceLines({ inPlace }: Explanation, options: RenderOptions): string[] {
  if (!inPlace) return [];
  const most = options.verbose ? inPlace.functions.length : (options.maxRows ?? DEAREST);
  const cells = ({ nothing, hook, program, operation, name }: InPlaceRow) =>
    [String(nothing), hook, program, operation, name].map(visible);
  return [
    inPlaceText(inPlace),
    '',
    ...alignTable(OPERATION_COLUMNS, operationRows(inPlace).map(cells), options.width),
    '',
    ...alignTable(FUNCTION_COLUMNS, functionRows(inPlace, most).map(cells), options.width),
    '',
  ];
}

/** A packet at a hook is no first run. */
function columnsFor({ inPlace }: Explanation, columns: readonly Column[]): readonly Column[] {
  return inPlace ? columns.filter(({ header }) => header !== 'cold') : columns;
}

function outsideLines(explanation: Explanation): string[] {
  const { warm } = explanation.outside;
  if (warm === 0) return [];
  const change = changePerPacket(warm, explanation);
  return [
    `run_insns has ${change} beyond the program: the kernel's way around it, next to an empty program's`,
  ];
}

const COLUMNS: readonly Column[] = [
  { header: 'insns', align: 'right' },
  { header: 'share', align: 'right' },
  { header: 'cold', align: 'right' },
  { header: 'program', align: 'left' },
  { header: 'line', align: 'left' },
  { header: 'source', align: 'left', shrinks: true },
];

function dearest(explanation: Explanation, options: RenderOptions): string[] {
  const shown = explanation.lines.slice(0, options.maxRows ?? DEAREST);
  const rest = explanation.lines.slice(shown.length);
  const lines = table(
    explanation,
    columnsFor(explanation, COLUMNS),
    shown.map((line) => ({ line, cells: [...figures(line, explanation), programOf(line), placeText(line)] })),
    options,
  );
  const left = rest.reduce((sum, line) => sum + costOf(line).warm, 0);
  return rest.length === 0
    ? lines
    : [
        ...lines,
        `and ${count(rest.length, 'more line')} with ${perPacket(left, explanation)} instructions (--verbose shows all)`,
      ];
}

/** Each function as its source has it, where that is at hand; else its lines as they follow there. */
function annotated(explanation: Explanation, options: RenderOptions): string[] {
  const columns = columnsFor(explanation, COLUMNS).filter(({ header }) => header !== 'program');
  return linesByFunction(explanation).flatMap(({ name, lines }) => {
    const own = lines.filter(({ near, line }) => !near && line !== undefined);
    const source = options.sources?.get(own[0]?.file ?? '');
    const inSource = source ? own.filter(({ file }) => file === own[0]!.file) : [];
    const others = lines.filter((line) => !inSource.includes(line));
    return [
      `${visible(name)}:`,
      ...(source ? marginLines(explanation, inSource, source, options) : []),
      ...(source && others.length > 0 ? ['', 'put into it by inline functions:'] : []),
      ...(others.length > 0
        ? table(
            explanation,
            columns,
            others.map((line) => ({ line, cells: [...figures(line, explanation), placeText(line)] })),
            options,
          )
        : []),
      ...instructionLines(explanation, lines),
      '',
    ];
  });
}

const MARGIN_COLUMNS: readonly Column[] = [
  { header: 'insns', align: 'right' },
  { header: 'share', align: 'right' },
  { header: 'line', align: 'right' },
  { header: 'source', align: 'left', shrinks: true },
];
const TAB = '    ';

/** A function from its first line to the brace that ends it, with counts in the margin of what ran. */
function marginLines(
  explanation: Explanation,
  lines: readonly ExplainedLine[],
  source: readonly string[],
  { width }: RenderOptions,
): string[] {
  const byNumber = new Map(lines.map((line) => [line.line!, line]));
  const [first, lastRun] = [Math.min(...byNumber.keys()), Math.max(...byNumber.keys())];
  const end = source.findIndex((text, i) => i >= lastRun - 1 && text.startsWith('}'));
  const last = end < 0 ? lastRun : end + 1;
  const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const rows = numbers.map((number) => {
    const line = byNumber.get(number);
    const [insns = '', share = ''] = line ? figures(line, explanation) : [];
    return [insns, share, String(number), visible((source[number - 1] ?? '').replaceAll('\t', TAB))];
  });
  const [header, ...texts] = alignTable(MARGIN_COLUMNS, rows, width);
  return [
    header!,
    ...texts.flatMap((text, i) => {
      const line = byNumber.get(numbers[i]!);
      return [text, ...(line ? callLines(line, explanation) : [])];
    }),
  ];
}

interface Row {
  readonly line: ExplainedLine;
  /** All but the last. */
  readonly cells: readonly string[];
}

function table(
  explanation: Explanation,
  columns: readonly Column[],
  rows: readonly Row[],
  { width }: RenderOptions,
): string[] {
  const cells = rows.map(({ line, cells: first }) => [...first, line.text ?? ''].map(visible));
  const [header, ...lines] = alignTable(columns, cells, width);
  return [header!, ...lines.flatMap((text, i) => [text, ...callLines(rows[i]!.line, explanation)])];
}

function callLines(line: ExplainedLine, explanation: Explanation): string[] {
  return callsOf(line, explanation).map(
    (call) =>
      `${perPacket(call.insns.warm, explanation).padStart(CALL_INDENT)} in ${visible(callText(call, explanation))}`,
  );
}

const CALL_INDENT = 24;

function figures(line: ExplainedLine, explanation: Explanation): string[] {
  const cost = costOf(line);
  const cold = explanation.inPlace ? [] : [String(cost.cold)];
  return [perPacket(cost.warm, explanation), shareText(cost.warm, explanation.insns.warm), ...cold];
}

function programOf({ program, function: name }: ExplainedLine): string {
  return program === name ? program : `${program}/${name}`;
}

/** For code without source lines, where a function is one line: each of its instructions. */
function instructionLines(explanation: Explanation, lines: readonly ExplainedLine[]): string[] {
  if (lines.some(({ line }) => line !== undefined)) return [];
  const own = explanation.instructions.filter(({ program, function: name }) =>
    lines.some((line) => line.program === program && line.function === name),
  );
  return own.map(
    ({ insn, code, own: { warm } }) =>
      `${perPacket(warm, explanation).padStart(CALL_INDENT)} at instruction ${insn} (${code})`,
  );
}

function tailCallLines(explanation: Explanation): string[] {
  return explanation.tailCalls.map(({ program, to, direct, times, ...place }) => {
    const went =
      to === undefined
        ? 'fell through: an empty slot, or the limit of 33'
        : `to ${to} (${direct ? 'direct' : 'indirect'})`;
    return visible(
      `tail call ${went}: x${perPacket(times.warm, explanation)} from ${program}, ${placeText(place)}`,
    );
  });
}

const VISIT_COLUMNS: readonly Column[] = [
  { header: 'visits', align: 'right' },
  { header: 'share', align: 'right' },
  { header: 'insns', align: 'right' },
  { header: 'line', align: 'left' },
  { header: 'source', align: 'left', shrinks: true },
];

function verifierLines({ verifier, program }: Explanation, options: RenderOptions): string[] {
  if (!verifier) return [];
  if (verifier.absent) return ['', `the verifier's visits are not known: ${visible(verifier.absent.reason)}`];
  const shown = verifier.lines.slice(0, options.verbose ? undefined : (options.maxRows ?? DEAREST));
  const rows = shown.map(({ visits, instructions, text, ...place }) => [
    String(visits),
    shareText(visits, verifier.processed),
    String(instructions),
    placeText({ ...place, function: program }),
    text ?? '',
  ]);
  const more = verifier.lines.length - shown.length;
  return [
    '',
    `The verifier looked at instructions ${verifier.processed} times (total_insns):`,
    ...alignTable(
      VISIT_COLUMNS,
      rows.map((row) => row.map(visible)),
      options.width,
    ),
    ...(more > 0 ? [`and ${count(more, 'more line')} (--verbose shows all)`] : []),
    ...verifier.loops
      .slice(0, options.verbose ? undefined : LOOPS)
      .map((loop) => visible(loopText(loop, verifier))),
  ];
}

const CAUSES = 10;

const CAUSE_COLUMNS: readonly Column[] = [
  { header: 'change', align: 'right' },
  { header: 'program', align: 'left' },
  { header: 'line', align: 'left' },
  { header: 'why', align: 'left', shrinks: true },
];

/** The steady runs' causes; the first run's where only that changed. */
function differenceLines(difference: Difference, options: RenderOptions): string[] {
  const visits = difference.verifier ?? [];
  const verifier =
    visits.length === 0
      ? []
      : ['', "Against the base, the verifier's visits:", ...causeLines(visits, { packets: 1 }, options)];
  if (difference.absent)
    return ['', `no difference to the base: ${visible(difference.absent.reason)}`, ...verifier];
  const title = `Against the base: ${differenceText(difference)}`;
  const isWarm = difference.warm.length > 0;
  const causes = isWarm ? difference.warm : difference.cold;
  if (causes.length === 0) return ['', `${title}. No line takes more or less.`, ...verifier];
  return [
    '',
    `${title}${isWarm ? '' : '. Of the first run'}:`,
    ...causeLines(causes, isWarm ? difference : { packets: 1 }, options),
    ...verifier,
  ];
}

function causeLines(
  causes: readonly Cause[],
  of: Pick<Difference, 'packets'>,
  options: RenderOptions,
): string[] {
  const shown = causes.slice(0, options.verbose ? undefined : (options.maxRows ?? CAUSES));
  const rows = shown.map((cause) => [
    changePerPacket(cause.change, of),
    cause.program === cause.function ? cause.program : `${cause.program}/${cause.function}`,
    placeText(cause),
    `${cause.what}${cause.text ? `: ${cause.text}` : ''}`,
  ]);
  return [
    ...alignTable(
      CAUSE_COLUMNS,
      rows.map((row) => row.map(visible)),
      options.width,
    ),
    ...elsewhere(causes.slice(shown.length), of).map((text) => `${text} (--verbose shows all)`),
  ];
}
