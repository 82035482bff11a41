import { expect, test } from 'vitest';
import { logLine } from './log.ts';

test.each([
  ['debian:6.12: measuring 1 of 6 (build/lb.bpf.o)', 'debian:6.12: measuring 1 of 6 (build/lb.bpf.o)'],
  ['::set-output name=verdict::pass', '\\::set-output name=verdict::pass'],
  ['  ::error::owned', '\\::error::owned'],
  ['a.o\n::add-mask::e', 'a.o\\n::add-mask::e'],
  ['x ##[error]owned', 'x ## [error]owned'],
  ['a\u001b[2Jb', 'a\\x1b[2Jb'],
])('%j is logged as %j', (text, line) => {
  expect(logLine(text)).toBe(line);
});
