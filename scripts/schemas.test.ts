import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { schemas } from '../src/model/schemas.ts';

test.each(Object.entries(schemas()))('schema/%s is what the sources say', (name, text) => {
  const path = new URL(`../schema/${name}`, import.meta.url);
  expect(readFileSync(path, 'utf8'), 'run node scripts/schemas.mjs').toBe(text);
});

test('every key of the budget file has a description for editors', () => {
  const schema = JSON.parse(schemas()['tollgate.schema.json']!);
  const bare = Object.entries(schema.properties as Record<string, { description?: string; $ref?: string }>)
    .filter(([, { description, $ref }]) => !description && !$ref)
    .map(([key]) => key);
  expect(bare).toEqual([]);
});
