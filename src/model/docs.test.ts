import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';
import { METRIC_NAMES } from './metrics.ts';
import { VERDICTS } from './report.ts';

const PAGE = readFileSync(new URL('../../docs/budgets.md', import.meta.url), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);

test("the documentation's examples parse", () => {
  const head = 'version: 1\nkernels: ["debian:5.10"]\nobjects: [a.o]\n';
  for (const example of EXAMPLES)
    parseConfig(example.includes('version:') ? example : head + example, 'docs');
  expect(EXAMPLES).toHaveLength(2);
});

test('the documentation names every metric and every verdict', () => {
  expect([...METRIC_NAMES, ...VERDICTS].filter((name) => !PAGE.includes(`\`${name}\``))).toEqual([]);
});
