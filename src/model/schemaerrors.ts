// What a schema refuses, in the words of the user's file: which value, where, what was expected, what was meant.
// Zod's own messages name neither the place nor the known keys.

import type * as z from 'zod';
import { TollgateError } from './errors.ts';
import { didYouMean } from './suggest.ts';
import type { PlainYaml, YamlPath } from './yaml.ts';

/** One fault: `key` where it is a key that does not belong there, else the value at `path` is at fault. */
export interface Fault {
  readonly path: YamlPath;
  readonly key?: string;
  readonly code: string;
  readonly reason: string;
  readonly hint?: string;
}

/** The faults of `value` under `schema`, in no particular order; empty where there are none. */
export function schemaFaults(schema: z.ZodType, value: unknown): Fault[] {
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, [], schema, value));
  // An object without a key that it needs, where that key is misspelled, has one fault and not two.
  return faults.filter(
    (fault) => fault.code !== 'custom' || !faults.some((other) => isUnknownKeyOf(other, fault)),
  );
}

/** The fault as an error with its place in the file. */
export function faultError(fault: Fault, yaml: PlainYaml): TollgateError {
  const path = fault.key === undefined ? fault.path : [...fault.path, fault.key];
  const place = fault.key === undefined ? yaml.valuePlace(path) : yaml.keyPlace(path);
  return new TollgateError('config', `Cannot parse ${quotePath(path)}: ${fault.reason}`, {
    place,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  });
}

function isUnknownKeyOf(fault: Fault, object: Fault): boolean {
  return fault.key !== undefined && fault.path.join('\0') === object.path.join('\0');
}

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, prefix: YamlPath, schema: z.ZodType, root: unknown): Fault[] {
  const path = [...prefix, ...(issue.path as YamlPath)];
  const known = knownKeys(schema, path);
  const value = at(root, path);
  const fault = (reason: string, candidates: readonly string[] = []): Fault => {
    const hint = typeof value === 'string' ? didYouMean(value, candidates) : undefined;
    return { path, code: issue.code, reason, ...(hint === undefined ? {} : { hint }) };
  };
  // Messages written in the schemas start so; all others are zod's own.
  const own = issue.message.startsWith('expected') ? issue.message : undefined;

  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, known));
    case 'invalid_union':
      return unionFaults(issue, path, schema, root, own);
    case 'invalid_type':
      if (value === undefined) {
        return [fault(`it is missing: ${own ?? `expected ${typeWords(issue.expected)}`}`)];
      }
      return [fault(`${own ?? `expected ${typeWords(issue.expected)}`}, got ${show(value)}`)];
    case 'invalid_value': {
      const values = issue.values.map(String);
      const expected = own ?? `expected ${values.length === 1 ? values[0] : `one of ${values.join(', ')}`}`;
      return [
        fault(value === undefined ? `it is missing: ${expected}` : `${expected}, got ${show(value)}`, values),
      ];
    }
    case 'too_small':
      return [
        fault(`${own ?? `expected ${bound(issue.origin, 'at least', issue.minimum)}`}, got ${show(value)}`),
      ];
    case 'too_big':
      return [
        fault(`${own ?? `expected ${bound(issue.origin, 'at most', issue.maximum)}`}, got ${show(value)}`),
      ];
    default:
      return [fault(`${own ?? issue.message}, got ${show(value)}`)];
  }
}

/** Of a union's branches, the one the user most likely meant. */
function unionFaults(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: YamlPath,
  schema: z.ZodType,
  root: unknown,
  own: string | undefined,
): Fault[] {
  const value = at(root, path);
  const branches = issue.errors.map((issues) =>
    issues.flatMap((inner) => faultsOf(inner, path, schema, root)),
  );
  const close = branches.filter((faults) => !faults.some((fault) => isWrongKind(fault, path)));
  if (value === undefined)
    return [{ path, code: issue.code, reason: `it is missing: ${own ?? 'expected a value'}` }];
  const best = Math.min(...close.map(weight));
  const likely = close.filter((faults) => weight(faults) === best);
  if (likely.length === 1) return likely[0]!;
  if (likely.length === 0) {
    return [{ path, code: issue.code, reason: `${own ?? 'expected another value'}, got ${show(value)}` }];
  }
  // Objects of several kinds are as near: either no key says which kind it is, or two do.
  const known = knownKeys(schema, path);
  const keys = value !== null && typeof value === 'object' ? Object.keys(value) : [];
  const strange = keys.filter((key) => !known.includes(key));
  if (strange.length > 0) return strange.map((key) => unknownKey(path, key, known));
  if (likely.every((faults) => faults.some((fault) => fault.code === 'unrecognized_keys'))) {
    const kinds = keys.map((key) => `'${key}'`).join(' and ');
    return [{ path, code: issue.code, reason: `${kinds} do not go together: expected one of them` }];
  }
  return [
    { path, code: issue.code, reason: `${own ?? `expected one of ${known.join(', ')}`}, got ${show(value)}` },
  ];
}

/** The value is no candidate for the branch at all: a string where it wants an object. */
function isWrongKind(fault: Fault, path: YamlPath): boolean {
  const here = fault.key === undefined && fault.path.length === path.length;
  return here && (fault.code === 'invalid_type' || fault.code === 'invalid_value');
}

/** A wrong value says less against a branch than a key that it does not have. */
function weight(faults: readonly Fault[]): number {
  return faults.reduce((sum, { code, reason }) => {
    return sum + (code === 'unrecognized_keys' || reason.startsWith('it is missing') ? 2 : 1);
  }, 0);
}

function unknownKey(path: YamlPath, key: string, known: readonly string[]): Fault {
  // A key that belongs to another kind of object at the same place is no suggestion.
  const others = known.filter((other) => other !== key);
  const hint =
    didYouMean(key, others) ?? (others.length > 0 ? `known here: ${others.join(', ')}` : undefined);
  return {
    path,
    key,
    code: 'unrecognized_keys',
    reason: 'unknown key',
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The keys that any object at that path may have, for suggestions. */
function knownKeys(schema: z.ZodType, path: YamlPath): string[] {
  let schemas: readonly z.core.$ZodType[] = [schema];
  for (const part of path) schemas = schemas.flatMap((each) => step(each, part));
  return [...new Set(schemas.flatMap(unwrap).flatMap((each) => Object.keys(definition(each).shape ?? {})))];
}

interface Definition {
  readonly type: string;
  readonly shape?: Record<string, z.core.$ZodType>;
  readonly catchall?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
}

const definition = (schema: z.core.$ZodType) => schema._zod.def as unknown as Definition;

/** The schemas behind optional and union. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { innerType, options } = definition(schema);
  if (innerType) return unwrap(innerType);
  return options ? options.flatMap(unwrap) : [schema];
}

function step(schema: z.core.$ZodType, part: string | number): z.core.$ZodType[] {
  return unwrap(schema).flatMap((each) => {
    const { shape, catchall, element, valueType } = definition(each);
    if (typeof part === 'number') return element ? [element] : [];
    const next = (shape && Object.hasOwn(shape, part) ? shape[part] : undefined) ?? valueType ?? catchall;
    return next ? [next] : [];
  });
}

function at(root: unknown, path: YamlPath): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function typeWords(expected: string): string {
  const words: Record<string, string> = {
    array: 'a list',
    object: 'keys with values',
    record: 'keys with values',
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'string') return `${relation} ${limit} characters`;
  return origin === 'array' ? `${relation} ${limit} entries` : `${relation} ${limit}`;
}

function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'no keys' : `{ ${keys.slice(0, 5).join(', ')} }`.slice(0, 80);
  }
  const text = typeof value === 'string' ? `'${value}'` : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** 'budgets.xdp_lb.run_insns', 'kernels[0]'. */
function quotePath(path: YamlPath): string {
  if (path.length === 0) return 'the file';
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  const shown = text.replace(/^\./, '');
  return `'${shown.length > 120 ? `${shown.slice(0, 117)}...` : shown}'`;
}
