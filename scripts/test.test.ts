import { expect, test } from 'vitest';
import { tally } from './test.mjs';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

test.each([
  {
    what: 'passed, failed and skipped tests are counted apart',
    report: { testResults: [file('failed', 'passed', 'failed'), file('passed', 'passed', 'skipped')] },
    exitCode: 1,
    sum: { passed: 2, failed: 1, skipped: 1 },
  },
  {
    what: 'a file that cannot be loaded counts as failed',
    report: { testResults: [file('failed'), file('passed', 'passed')] },
    exitCode: 1,
    sum: { passed: 1, failed: 1, skipped: 0 },
  },
  {
    what: 'a hook that throws after passing tests counts as failed',
    report: { testResults: [file('failed', 'passed')] },
    exitCode: 1,
    sum: { passed: 1, failed: 1, skipped: 0 },
  },
  {
    what: 'an error outside any test counts as failed',
    report: { testResults: [file('passed', 'passed')] },
    exitCode: 1,
    sum: { passed: 1, failed: 1, skipped: 0 },
  },
  {
    what: 'a run without a report counts as failed',
    report: undefined,
    exitCode: 0,
    sum: { passed: 0, failed: 1, skipped: 0 },
  },
  {
    what: 'a run with no tests counts as failed',
    report: { testResults: [] },
    exitCode: 0,
    sum: { passed: 0, failed: 1, skipped: 0 },
  },
  {
    what: 'a run whose tests are all skipped counts as failed',
    report: { testResults: [file('passed', 'skipped')] },
    exitCode: 0,
    sum: { passed: 0, failed: 1, skipped: 1 },
  },
  {
    what: 'a run that was killed counts as failed',
    report: { testResults: [file('passed', 'passed')] },
    exitCode: undefined,
    sum: { passed: 1, failed: 1, skipped: 0 },
  },
])('$what', ({ report, exitCode, sum }) => {
  expect(tally(report, exitCode)).toEqual(sum);
});
