// Event payloads for tests that GitHub could have sent: what a test gives, completed and checked with the published
// schemas of webhooks.

import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { AJV_OPTIONS, follow, type Schema, sample } from './schema.ts';

const schemas = createRequire(import.meta.url)('@octokit/webhooks-schemas') as object;
const ajv = formats.default(new Ajv(AJV_OPTIONS)).addSchema(schemas, 'webhooks');

/** As `payload('pull_request$opened', { number: 7 })`; throws if GitHub would not send it. */
export function payload(event: string, given: object): unknown {
  const definition: Schema = follow(schemas, `#/definitions/${event}`);
  const value = sample(schemas, definition, given);
  const validate = ajv.getSchema(`webhooks#/definitions/${encodeURIComponent(event)}`) as ValidateFunction;
  if (validate(value)) return value;
  throw new Error(`no payload of ${event}: ${ajv.errorsText(validate.errors)}`);
}
