// What a test needs of a JSON schema or of an OpenAPI description: the smallest value that it allows, so that a test
// states only the fields it is about, and OpenAPI's `nullable` in the words of JSON schema, so that ajv can check it.

/** For published schemas: they are taken as they are, and compiled as one is used (five times faster than inlined). */
export const AJV_OPTIONS = {
  strict: false,
  allErrors: true,
  validateSchema: false,
  logger: false,
  inlineRefs: false,
  code: { optimize: false },
} as const;

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/**
 * The smallest value of a schema that has `given` in it. What is required and not given is made up: null where that is
 * allowed, else the first choice, an empty list, or a text of the format. `root` is what `$ref` starts from.
 */
export function sample(root: object, schema: Schema, given?: unknown): unknown {
  const flat = flatten(root, schema);
  if (Array.isArray(given)) return given.map((item) => sample(root, flat.items ?? {}, item));
  if (given !== undefined && (typeof given !== 'object' || given === null)) return given;
  if (flat.properties || given !== undefined) {
    const fields = (given ?? {}) as Record<string, unknown>;
    if (given === undefined && isNullable(flat)) return null;
    const names = new Set([...(flat.required ?? []), ...Object.keys(fields)]);
    return Object.fromEntries(
      [...names].map((name) => [name, sample(root, flat.properties?.[name] ?? {}, fields[name])]),
    );
  }
  return smallest(flat);
}

/** `nullable: true` as a choice with null, all the way down. */
export function withoutNullable(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutNullable);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, ...rest } = node as Record<string, unknown>;
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutNullable(value)]));
  if (typeof nullable === 'boolean') return nullable ? { anyOf: [plain, { type: 'null' }] } : plain;
  return nullable === undefined ? plain : { ...plain, nullable: withoutNullable(nullable) };
}

/** What a pointer as '#/definitions/user' points at. */
export function follow(root: object, pointer: string): Schema {
  let node: unknown = root;
  for (const part of pointer.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    node = (node as Record<string, unknown>)[key];
  }
  if (typeof node !== 'object' || node === null) throw new Error(`nothing at ${pointer}`);
  return node as Schema;
}

/** References followed, the parts of allOf put together, the first of several choices taken. */
function flatten(root: object, schema: Schema): Schema {
  if (schema.$ref) return flatten(root, follow(root, schema.$ref));
  const { allOf, anyOf, oneOf, ...own } = schema;
  const choices = anyOf ?? oneOf;
  const choice = choices?.find((each) => !isNullable(each)) ?? choices?.[0];
  const parts = [...(allOf ?? []), ...(choice ? [choice] : [])].map((part) => flatten(root, part));
  const all = [...parts, own];
  const required = all.flatMap((part) => part.required ?? []);
  const properties = Object.assign({}, ...all.map((part) => part.properties));
  return {
    ...(choices?.some(isNullable) && { nullable: true }),
    ...Object.assign({}, ...all),
    ...(required.length > 0 && { required }),
    ...(Object.keys(properties).length > 0 && { properties }),
  };
}

function isNullable({ nullable, type }: Schema): boolean {
  return nullable === true || type === 'null' || (Array.isArray(type) && type.includes('null'));
}

const TEXTS: Readonly<Record<string, string>> = {
  uri: 'https://github.com/',
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  email: 'somebody@example.com',
};

function smallest(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (isNullable(schema)) return null;
  if (schema.enum) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'string') return TEXTS[schema.format ?? ''] ?? 'x'.repeat(schema.minLength ?? 0);
  if (type === 'integer' || type === 'number') return schema.minimum ?? 0;
  if (type === 'boolean') return false;
  return type === 'array' ? [] : {};
}
