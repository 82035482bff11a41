// What is shown where there is no report: a budget file that is wrong, a machine that failed, a crash of Tollgate's
// own. Each has a sign and a title of its own, so that none is taken for a regression.

import { type ErrorDetails, messageOf, TollgateError, TollgateErrors } from '../model/errors.ts';
import { clip, markdownCode, markdownText } from './escape.ts';
import type { Part } from './fit.ts';
import { lastLines } from './logs.ts';
import { assemble, fixed, GIVES_WAY, linesPart, logsPart, signature } from './parts.ts';
import type { RenderOptions } from './renderer.ts';
import { shortCommit } from './rows.ts';

export interface Fault {
  readonly kind: 'config' | 'usage' | 'infrastructure' | 'crash';
  readonly errors: readonly ({ readonly message: string } & Pick<ErrorDetails, 'place' | 'hint' | 'tail'>)[];
}

export interface FaultOptions extends RenderOptions {
  /** Tollgate's own. */
  readonly version?: string;
  /** The commit that should have been measured. */
  readonly commit?: string;
}

/** What was thrown, as a fault; what is no TollgateError is a crash. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof TollgateError)) return { kind: 'crash', errors: [{ message: messageOf(error) }] };
  const all = error instanceof TollgateErrors ? error.errors : [error];
  return {
    kind: error.kind,
    errors: all.map(({ message, details: { place, hint, tail } }) => ({
      message,
      ...(place === undefined ? {} : { place }),
      ...(hint === undefined ? {} : { hint }),
      ...(tail === undefined ? {} : { tail }),
    })),
  };
}

/** Whether its user can mend it, who asked for something that cannot be; else no verdict could be had. */
export function isUsersFault({ kind }: Fault): boolean {
  return kind === 'config' || kind === 'usage';
}

/** 'Tollgate: Configuration error', without markup, for a log or a check's title. */
export function faultTitle({ kind }: Fault): string {
  return `Tollgate: ${KINDS[kind].title}`;
}

/** GitHub-flavoured markdown that ends with a line break, in the style of a report. */
export function renderFault(fault: Fault, options: FaultOptions = {}): string {
  const { version, commit } = options;
  const at = commit === undefined ? [] : [fixed(markdownText(`Head ${shortCommit(commit)}.`))];
  return assemble([...faultParts(fault, options), ...at, fixed(signature(options, version))], options);
}

function faultParts({ kind, errors }: Fault, { name }: RenderOptions): Part[] {
  const { sign, title, means } = KINDS[kind];
  const of = name === undefined ? '' : ` of ${markdownCode(clip(name, PLACE_LENGTH))}`;
  const lines = errors.map(({ message, place, hint }) =>
    [
      `- ${markdownText(clip(message, TEXT_LENGTH))}`,
      ...(place
        ? [` (${markdownCode(clip(`${place.file}:${place.line}:${place.column}`, PLACE_LENGTH))})`]
        : []),
      ...(hint === undefined ? [] : [`\n  - ${markdownText(clip(hint, TEXT_LENGTH))}`]),
    ].join(''),
  );
  const logs = errors.flatMap(({ message, tail }) =>
    tail === undefined ? [] : [{ title: `Last lines of: ${message}`, log: lastLines(tail) }],
  );
  return [
    fixed(`## ${sign} Tollgate${of}: ${title}`),
    fixed(means),
    linesPart(GIVES_WAY.failures, lines, 'errors'),
    logsPart(logs),
  ];
}

const TEXT_LENGTH = 1000;
const PLACE_LENGTH = 200;

const KINDS = {
  config: {
    sign: '🔧',
    title: 'Configuration error',
    means:
      'Nothing was measured, so this says nothing about cost. The project or its budget file needs mending:',
  },
  usage: {
    sign: '🔧',
    title: 'Usage error',
    means: 'Nothing was measured, so this says nothing about cost. The way Tollgate is called needs mending:',
  },
  infrastructure: {
    sign: '⚠️',
    title: 'No verdict: infrastructure failure',
    means: 'The machine, the network or a kernel failed. This says nothing about cost, and is no pass:',
  },
  crash: {
    sign: '💥',
    title: 'No verdict: Tollgate crashed',
    means: 'This is a fault of Tollgate, not of the change. It says nothing about cost, and is no pass:',
  },
} as const;
