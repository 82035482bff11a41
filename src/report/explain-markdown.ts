// Explanations for a pull request: the dearest lines, the rest folded away.

import { markdownTable } from 'markdown-table';
import type { Cause, Difference, ExplainedLine, Explanation, Explanations } from '../model/explanation.ts';
import { folded, markdownCode, markdownText } from './escape.ts';
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
  loopText,
  operationRows,
  perPacket,
  placeText,
  shareText,
} from './explain-rows.ts';
import type { RenderOptions } from './renderer.ts';
import { count, NOT_TIME, targetFacts } from './rows.ts';

const DEAREST = 10;
const LOOPS = 5;
const FOLDED = 200;

/** `maxRows`: lines that are not folded (10). */
export function renderExplanationsMarkdown(all: Explanations, options: RenderOptions = {}): string {
  const rows = options.maxRows ?? DEAREST;
  const heads = all.explanations.filter(({ side }) => side === 'head');
  const blocks = [
    ...all.differences.flatMap((each) => differenceBlocks(each, rows)),
    ...heads.flatMap((each) => explanationBlocks(each, rows)),
  ];
  const version = markdownText(`Tollgate ${all.tool.version}`);
  return `${['## Tollgate: explained', ...blocks, NOT_TIME, `<sub>${version}</sub>`].join('\n\n')}\n`;
}

function explanationBlocks(explanation: Explanation, dearest: number): string[] {
  const { target, object, program, input, absent, lines, packets, insns } = explanation;
  const title = `### ${markdownCode(program)} on ${markdownCode(input)}, ${markdownCode(target.id)}`;
  const facts = `${markdownCode(object)}, ${markdownText(targetFacts(target))}`;
  if (absent)
    return [
      title,
      facts,
      `No profile: ${markdownText(absent.reason)}`,
      ...inPlaceBlocks(explanation, dearest),
      ...verifierBlocks(explanation, dearest),
    ];
  const mean = packets > 1 ? ` a packet (the mean of ${packets})` : '';
  const rest = lines.slice(dearest, dearest + FOLDED);
  const cut = lines.length - dearest - rest.length;
  return [
    title,
    facts,
    ...(explanation.inPlace
      ? [
          ...inPlaceBlocks(explanation, dearest),
          `${insns.warm} of them are the program's, and of what it calls:`,
        ]
      : [`**${perPacket(insns.warm, explanation)} instructions${mean}**; the first run took ${insns.cold}.`]),
    ...explanation.notes.map((note) => `> ${markdownText(note)}`),
    lineTable(lines.slice(0, dearest), explanation),
    ...(rest.length > 0
      ? [
          folded(
            count(rest.length, 'more line'),
            `${lineTable(rest, explanation)}${cut > 0 ? `\n\nand ${count(cut, 'more line')}` : ''}`,
          ),
        ]
      : []),
    ...(explanation.tailCalls.length > 0 ? [tailCallTable(explanation)] : []),
    ...verifierBlocks(explanation, dearest),
  ];
}

function inPlaceBlocks({ inPlace }: Explanation, dearest: number): string[] {
  if (!inPlace) return [];
  const table = (header: string, rows: readonly InPlaceRow[], firstOf: (row: InPlaceRow) => string[]) =>
    markdownTable(
      [
        [...header.split(' | '), 'Nothing', 'Hook', 'Program'],
        ...rows.map((row) => [...firstOf(row), String(row.nothing), row.hook, row.program]),
      ],
      {
        align: [...header.split(' | ').map(() => 'l'), 'r', 'r', 'r'],
        alignDelimiters: false,
      },
    );
  return [
    `**${inPlaceText(inPlace)}.**`,
    table('Spent on', operationRows(inPlace), ({ operation }) => [operation]),
    table('Function | Spent on', functionRows(inPlace, dearest), ({ name, operation }) => [
      operation === '' ? markdownText(name) : markdownCode(name),
      operation,
    ]),
  ];
}

function verifierBlocks({ verifier, program }: Explanation, dearest: number): string[] {
  if (!verifier) return [];
  if (verifier.absent)
    return [`The verifier's visits are not known: ${markdownText(verifier.absent.reason)}`];
  const rows = verifier.lines
    .slice(0, dearest)
    .map(({ visits, instructions, text, ...place }) => [
      String(visits),
      shareText(visits, verifier.processed),
      String(instructions),
      markdownCode(placeText({ ...place, function: program })),
      markdownCode(text ?? ''),
    ]);
  const more = verifier.lines.length - rows.length;
  return [
    `The verifier looked at instructions ${verifier.processed} times (\`total_insns\`).`,
    markdownTable([['Visits', 'Share', 'Insns', 'Line', 'Source'], ...rows], {
      align: ['r', 'r', 'r', 'l', 'l'],
      alignDelimiters: false,
    }),
    ...(more > 0 ? [`and ${count(more, 'more line')}`] : []),
    ...verifier.loops.slice(0, LOOPS).map((loop) => `- ${markdownText(loopText(loop, verifier))}`),
  ];
}

function lineTable(lines: readonly ExplainedLine[], explanation: Explanation): string {
  const rows = lines.map((line) => {
    const { cold, warm } = costOf(line);
    const calls = callsOf(line, explanation).map((call) => markdownText(callText(call, explanation)));
    return [
      perPacket(warm, explanation),
      shareText(warm, explanation.insns.warm),
      ...(explanation.inPlace ? [] : [String(cold)]),
      markdownCode(line.program),
      markdownCode(placeText(line)),
      markdownCode(line.text ?? ''),
      calls.join('; '),
    ];
  });
  const cold = explanation.inPlace ? [] : ['Cold'];
  return markdownTable([['Insns', 'Share', ...cold, 'Program', 'Line', 'Source', 'Calls'], ...rows], {
    align: ['r', 'r', ...cold.map(() => 'r'), 'l', 'l', 'l', 'l'],
    alignDelimiters: false,
  });
}

function tailCallTable(explanation: Explanation): string {
  const rows = explanation.tailCalls.map(({ program, to, direct, times, ...place }) => [
    perPacket(times.warm, explanation),
    markdownCode(program),
    markdownCode(placeText(place)),
    to === undefined
      ? 'nowhere: an empty slot, or the limit of 33'
      : `${markdownCode(to)} (${direct ? 'direct' : 'indirect'})`,
  ]);
  return markdownTable([['Tail calls', 'From', 'Line', 'To'], ...rows], {
    align: ['r', 'l', 'l', 'l'],
    alignDelimiters: false,
  });
}

function differenceBlocks(difference: Difference, most: number): string[] {
  const { program, input, target, absent, warm, cold, verifier = [] } = difference;
  const title = `### Against the base: ${markdownCode(program)} on ${markdownCode(input)}, ${markdownCode(target)}`;
  const visits = causeTable('Visits of the verifier', verifier, { packets: 1 }, most);
  if (absent) return [title, `No difference: ${markdownText(absent.reason)}`, ...visits];
  const causes =
    warm.length > 0
      ? causeTable('Change', warm, difference, most)
      : causeTable('Change (first run)', cold, { packets: 1 }, most);
  return [title, `${differenceText(difference)}.`, ...causes, ...visits];
}

function causeTable(
  header: string,
  causes: readonly Cause[],
  of: Pick<Difference, 'packets'>,
  most: number,
): string[] {
  const rows = causes
    .slice(0, most)
    .map((cause) => [
      changePerPacket(cause.change, of),
      markdownCode(cause.program),
      markdownCode(placeText(cause)),
      markdownCode(cause.text ?? ''),
      markdownText(cause.what),
    ]);
  if (rows.length === 0) return [];
  return [
    markdownTable([[header, 'Program', 'Line', 'Source', 'Why'], ...rows], {
      align: ['r', 'l', 'l', 'l', 'l'],
      alignDelimiters: false,
    }),
    ...elsewhere(causes.slice(rows.length), of),
  ];
}
