import { expect, test } from 'vitest';
import type { Report } from '../model/report.ts';
import { renderJson } from './json.ts';
import { parseReport } from './parse.ts';

const REPORT: Report = {
  schema: 1,
  tool: { name: 'tollgate', version: '0.1.0' },
  verdict: 'pass',
  notes: [],
  targets: [],
  measurements: [],
  verdicts: [],
};

test('a report is read as it was written', () => {
  expect(parseReport(renderJson(REPORT), 'a.json')).toEqual(REPORT);
});

test.each<[string, string, string]>([
  ['nothing', '', 'it is no JSON'],
  ['no JSON', '{"schema": 1', 'it is no JSON'],
  ['another schema', '{"schema": 2}', 'it is of schema 2, and this version of Tollgate reads schema 1'],
  ['no object', '[]', 'Invalid input: expected object, received array'],
  ['null', 'null', 'Invalid input: expected object, received null'],
  [
    'a wrong field',
    JSON.stringify({ ...REPORT, notes: ['a', 3] }),
    'notes[1]: Invalid input: expected string, received number',
  ],
  [
    'several wrong fields',
    JSON.stringify({ ...REPORT, verdict: 'fine', notes: 3 }),
    'verdict: Invalid option: expected one of "pass"|"over"|"failed" (and 1 more faults)',
  ],
  ['an unknown field', JSON.stringify({ ...REPORT, extra: 1 }), 'Unrecognized key: "extra"'],
])('%s is refused, and it is said what and where', (_, text, says) => {
  expect(() => parseReport(text, 'a.json')).toThrow(
    expect.objectContaining({ kind: 'usage', message: `Cannot read report 'a.json': ${says}` }),
  );
});

test('a fault that quotes the report is not longer than a line, and moves no cursor', () => {
  const text = JSON.stringify({ ...REPORT, [`\u001b[2J\n${'x'.repeat(10_000)}`]: 1 });
  let message = '';
  try {
    parseReport(text, 'a.json');
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(/^Cannot read report 'a\.json': Unrecognized key: "\\x1b\[2J\\nx+…$/);
  expect(message.length).toBeLessThan(600);
});

test('a text that is too long is not parsed at all', () => {
  expect(() => parseReport(' '.repeat((64 << 20) + 1), 'a.json')).toThrow(
    "Cannot read report 'a.json': 67108865 characters exceed 67108864",
  );
});
