// GitHub's published description of its API (fixtures/github/openapi.json, written by scripts/openapi.mjs) as a judge:
// which operation a request is, and what is wrong with it or with an answer to it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { Answer } from './http.ts';
import { AJV_OPTIONS, follow, type Schema, sample, withoutNullable } from './schema.ts';

export interface Request {
  readonly method: string;
  /** With its query, as it stands in the request line. */
  readonly path: string;
  readonly body: string;
}

/** A request's operation, as 'get /repos/{owner}/{repo}/pulls', with the values in it. */
export interface Call {
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON. */
  readonly body: unknown;
}

interface Described {
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, DescribedAnswer | { readonly $ref: string }>>;
}
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: Schema;
}
interface DescribedAnswer {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

const FILE = path.resolve(import.meta.dirname, '../../../fixtures/github/openapi.json');
const description: Description = JSON.parse(readFileSync(FILE, 'utf8'));
const ajv = formats.default(new Ajv(AJV_OPTIONS)).addSchema(withoutNullable(description) as object, 'github');
// A query's values are texts: numbers in them count as numbers.
const queryAjv = formats
  .default(new Ajv({ ...AJV_OPTIONS, coerceTypes: true }))
  .addSchema(withoutNullable(description) as object, 'github');

/** A component's smallest value with `given` in it, as `component('issue-comment', { body: 'hello' })`. */
export function component(name: string, given: unknown): unknown {
  return sample(description, follow(description, `#/components/schemas/${name}`), given);
}

/** The operation of a request, or undefined; and everything that is wrong with it. */
export function judgeRequest(request: Request): { readonly call?: Call; readonly wrong: readonly string[] } {
  const { pathname, searchParams } = new URL(request.path, 'http://localhost');
  const method = request.method.toLowerCase();
  for (const [route, operations] of Object.entries(description.paths)) {
    const described = operations[method];
    const values = described && matchRoute(route, pathname);
    if (!values) continue;
    const operation = `${method} ${route}`;
    const query = Object.fromEntries(searchParams);
    const wrong = [
      ...wrongParameters(described, route, method, { path: values, query }),
      ...wrongBody(described, route, method, request.body),
    ].map((what) => `${operation}: ${what}`);
    return {
      call: { operation, params: values, query, body: request.body && JSON.parse(request.body) },
      wrong,
    };
  }
  return { wrong: [`${request.method} ${request.path}: no such operation in the description`] };
}

/** Everything that is wrong with an answer. A status that the description does not name may only be an error. */
export function judgeAnswer({ operation }: Call, { status, body }: Answer): readonly string[] {
  const [method = '', route = ''] = operation.split(' ');
  const described = description.paths[route]?.[method]?.responses[status];
  if (!described) return status >= 400 ? [] : [`${operation}: ${status} is no answer of it`];
  const at = '$ref' in described ? described.$ref : pointer('paths', route, method, 'responses', `${status}`);
  const { content } = follow(description, at) as DescribedAnswer;
  if (!content?.['application/json']) {
    return body === undefined ? [] : [`${operation}: ${status} has no body`];
  }
  return problems(ajv, `${at}/content/application~1json/schema`, body).map(
    (what) => `${operation}: the answer ${status}: ${what}`,
  );
}

function wrongParameters(
  described: Described,
  route: string,
  method: string,
  given: Readonly<Record<'path' | 'query', Readonly<Record<string, string>>>>,
): string[] {
  const wrong: string[] = [];
  const known = new Set<string>();
  for (const [index, each] of (described.parameters ?? []).entries()) {
    const at = '$ref' in each ? each.$ref : pointer('paths', route, method, 'parameters', `${index}`);
    const parameter = '$ref' in each ? (follow(description, at) as unknown as Parameter) : each;
    known.add(parameter.name);
    const value = given[parameter.in]?.[parameter.name];
    if (value !== undefined) wrong.push(...problems(queryAjv, `${at}/schema`, value));
    else if (parameter.required) wrong.push(`${parameter.name} is missing`);
  }
  for (const name of Object.keys(given.query)) {
    if (!known.has(name)) wrong.push(`it has no parameter ${name}`);
  }
  return wrong;
}

function wrongBody(described: Described, route: string, method: string, body: string): string[] {
  if (!described.requestBody) return body ? ['it takes no body'] : [];
  const at = pointer('paths', route, method, 'requestBody', 'content', 'application/json', 'schema');
  try {
    return problems(ajv, at, JSON.parse(body));
  } catch (error) {
    return [`its body is no JSON: ${error}`];
  }
}

function problems(judge: Ajv, at: string, value: unknown): string[] {
  // ajv keeps what it has compiled for a schema's name.
  const validate = judge.getSchema(`github${at}`) as ValidateFunction;
  // A wrapped value, so that coercion has somewhere to write to.
  return validate(value) ? [] : (validate.errors ?? []).map((e) => `${e.instancePath || 'it'} ${e.message}`);
}

/** The values in a path, or undefined where it is another route's. A file's path and a compared range may have slashes. */
function matchRoute(route: string, pathname: string): Record<string, string> | undefined {
  const names: string[] = [];
  const pattern = route.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return name === 'path' || name === 'basehead' ? '(.+)' : '([^/]+)';
  });
  const match = new RegExp(`^${pattern}$`).exec(pathname);
  return match
    ? Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? '')]))
    : undefined;
}

function pointer(...parts: readonly string[]): string {
  return `#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
}
