import { expect, test } from 'vitest';
import { exitCode } from './exitcode.ts';

test.each([
  ['pass', 0],
  ['over', 1],
  ['failed', 3],
] as const)('a report that is %s exits with %d', (verdict, code) => {
  expect(exitCode({ verdict })).toBe(code);
});
