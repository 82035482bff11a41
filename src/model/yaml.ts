// A user's YAML file as plain data in which every value knows its place, so that each error can point at it.
// Narrower than YAML: one document, names as keys, and bounds on size, depth and expanded aliases.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from 'yaml';
import { type ErrorDetails, type Place, TollgateError, TollgateErrors } from './errors.ts';

export const YAML_MAX_BYTES = 1024 * 1024;
const MAX_NODES = 100_000;
const MAX_DEPTH = 32;
const MAX_FAULTS = 20;

export type YamlPath = readonly (string | number)[];

export interface PlainYaml {
  /** Null-prototype objects, arrays, strings, numbers, booleans, null. Integers beyond 2^53 stay as their text. */
  readonly value: unknown;
  /** Where the value at a path stands, or the nearest thing around it. */
  readonly valuePlace: (path: YamlPath) => Place;
  /** Where the key that ends a path stands, or the nearest thing around it. */
  readonly keyPlace: (path: YamlPath) => Place;
}

/** Throws TollgateErrors (config) with every fault of syntax, each with its place. An empty file has the value null. */
export function parseYaml(text: string, fileName: string): PlainYaml {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: fileName, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fail = (reason: string, details: ErrorDetails = {}) =>
    new TollgateError('config', `Cannot parse '${fileName}': ${reason}`, details);

  const sizeBytes = Buffer.byteLength(source);
  if (sizeBytes > YAML_MAX_BYTES) {
    throw new TollgateErrors([fail(`it has ${sizeBytes} bytes, more than the ${YAML_MAX_BYTES} allowed`)]);
  }
  if (tooDeep(source)) throw new TollgateErrors([fail(`it is nested deeper than ${MAX_DEPTH} levels`)]);

  // The parser compares each key with all before it; `visitMap` finds those that come twice in one step each.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false };
  const document = parseDocument(source, options);
  const found = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  const faults = found.slice(0, MAX_FAULTS).map((fault) =>
    fail(oneLine(fault.message), {
      place: placeAt(fault.pos[0]),
      ...syntaxHint(fault.message, source, fault.pos[0]),
    }),
  );
  if (faults.length > 0) throw new TollgateErrors(faults);

  const { value, places, errors } = toPlain(document, fail, placeAt);
  if (errors.length > 0) throw new TollgateErrors(errors.slice(0, MAX_FAULTS));
  const nearest = (path: YamlPath, which: 'key' | 'value'): Place => {
    for (let length = path.length; length >= 0; length--) {
      const found = places.get(JSON.stringify(path.slice(0, length)));
      if (found) return placeAt(length === path.length && which === 'key' ? found.key : found.value);
    }
    return { file: fileName, line: 1, column: 1 };
  };
  return {
    value,
    valuePlace: (path) => nearest(path, 'value'),
    keyPlace: (path) => nearest(path, 'key'),
  };
}

interface Offsets {
  readonly key: number;
  readonly value: number;
}

function toPlain(
  document: Document.Parsed,
  fail: (reason: string, details: ErrorDetails) => TollgateError,
  placeAt: (offset: number) => Place,
) {
  const places = new Map<string, Offsets>();
  const errors: TollgateError[] = [];
  let nodes = 0;

  const visit = (node: Node | null, path: YamlPath, keyOffset: number): unknown => {
    const offset = node?.range?.[0] ?? keyOffset;
    nodes += 1;
    if (nodes === MAX_NODES || path.length > MAX_DEPTH) {
      const bound = nodes === MAX_NODES ? `${MAX_NODES} values` : `${MAX_DEPTH} levels`;
      errors.push(fail(`it has more than ${bound}, its aliases expanded`, { place: placeAt(offset) }));
    }
    if (nodes >= MAX_NODES || path.length > MAX_DEPTH) return null;
    places.set(JSON.stringify(path), { key: keyOffset, value: offset });
    if (isAlias(node)) return visit(node.resolve(document) ?? null, path, offset);
    if (isMap(node)) return visitMap(node.items as Pair<Node, Node | null>[], path);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const at = (item as Node).range?.[0] ?? offset;
        return visit(item as Node, [...path, index], at);
      });
    }
    return isScalar(node) ? scalarValue(node) : null;
  };

  const visitMap = (pairs: readonly Pair<Node, Node | null>[], path: YamlPath): unknown => {
    const object: Record<string, unknown> = Object.create(null);
    for (const { key, value } of pairs) {
      const offset = key?.range?.[0] ?? 0;
      const name = keyName(key);
      if (name === undefined || name === '__proto__') {
        errors.push(fail('expected a name as the key', { place: placeAt(offset), ...quoteHint(key) }));
      } else if (name in object) {
        errors.push(fail(`the key '${name}' comes twice`, { place: placeAt(offset) }));
      } else {
        object[name] = visit(value, [...path, name], offset);
      }
    }
    return object;
  };

  return { value: visit(document.contents, [], 0), places, errors };
}

/** A key as the user wrote it: 0x10 stays '0x10'. */
function keyName(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  return typeof key.value === 'number' ? (key.source ?? String(key.value)) : undefined;
}

function scalarValue({ value, source }: Scalar): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return source ?? String(value);
  }
  return value;
}

function quoteHint(key: unknown): ErrorDetails {
  if (isAlias(key)) return { hint: 'quote a name that has a star in it: "*"' };
  return isScalar(key) ? { hint: `quote it: "${String(key.source ?? '')}"` } : {};
}

function syntaxHint(message: string, source: string, offset: number): ErrorDetails {
  if (/alias/i.test(message)) return { hint: 'quote a name that has a star in it: "*"' };
  if (/unresolved tag/i.test(message)) return { hint: 'quote a value that starts with "!"' };
  const lineStart = source.lastIndexOf('\n', offset - 1) + 1;
  const indent = /^\s*/.exec(source.slice(lineStart, lineStart + 200))?.[0] ?? '';
  return indent.includes('\t') || /tab/i.test(message) ? { hint: 'indent with spaces, not with tabs' } : {};
}

/**
 * Whether brackets nest so deep that a recursive parser runs out of stack. Brackets in strings and comments count too:
 * no honest file comes near the bound. Block nesting is as deep as a line is indented or lists its dashes.
 */
function tooDeep(source: string): boolean {
  let depth = 0;
  for (const bracket of source.match(/[[\]{}]/g) ?? []) {
    depth = Math.max(0, depth + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (depth > 10 * MAX_DEPTH) return true;
  }
  return /^(?: {400}|[ ]*(?:[-?:][ \t]+){100})/m.test(source);
}

function oneLine(message: string): string {
  // The parser's advice to programmers is none to the user.
  const text = message.replace(/; please use YAML\..*$/s, '').replace(/\s+/g, ' ');
  return text.replace(/[.:]?\s*$/, '').slice(0, 300);
}
