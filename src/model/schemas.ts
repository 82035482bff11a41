// The JSON Schemas that are published: generated from the parsers, so that neither can drift from the other.

import * as z from 'zod';
import { configSchema } from './configschema.ts';
import { explanationsSchema } from './explanation.ts';
import { reportSchema } from './report.ts';

/** File names under schema/ and their text. Draft 7, which editors' YAML support reads. */
export function schemas(): Readonly<Record<string, string>> {
  return {
    'tollgate.schema.json': render('Tollgate budget file, version 1', z.toJSONSchema(configSchema, OPTIONS)),
    'explanations.schema.json': render(
      'Tollgate explanations, schema 1',
      z.toJSONSchema(explanationsSchema, OPTIONS),
    ),
    'report.schema.json': render('Tollgate report, schema 1', z.toJSONSchema(reportSchema, OPTIONS)),
  };
}

const OPTIONS = { target: 'draft-7', io: 'input', reused: 'ref' } as const;

function render(title: string, { $schema, ...schema }: object & { $schema?: unknown }): string {
  return `${JSON.stringify({ $schema, title, ...schema }, null, 2)}\n`;
}
