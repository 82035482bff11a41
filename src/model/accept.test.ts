import { expect, test } from 'vitest';
import { parseAcceptances } from './accept.ts';
import { METRIC_NAMES } from './metrics.ts';

const parse = (message: string) => parseAcceptances([{ commit: '0123456789abcdef', message }]);
const accepted = (metric: string, program: string, reason: string) => ({
  accepted: [{ metric, program, reason, by: 'commit', commit: '0123456789abcdef' }],
  faults: [],
});

test.each<[string, string, ReturnType<typeof accepted>]>([
  [
    'names metric, program and reason',
    'Count packets\n\nTollgate-Accept: run_insns xdp_lb one more counter\n',
    accepted('run_insns', 'xdp_lb', 'one more counter'),
  ],
  [
    'may stand in the middle of a squashed message',
    '* one\n\nTollgate-Accept: total_insns * needed\n\n* two\n\nSigned-off-by: a\n',
    accepted('total_insns', '*', 'needed'),
  ],
  [
    'is read whatever its case and line ends',
    'a\r\n\r\ntollgate-accept:  run_insns\tlb.bpf.o/xdp_*  new feature \r\n',
    accepted('run_insns', 'lb.bpf.o/xdp_*', 'new feature'),
  ],
  [
    'goes on in the lines that are indented',
    'a\n\nTollgate-Accept: * xdp_lb it checks\n the checksum, too\nReviewed-by: b',
    accepted('*', 'xdp_lb', 'it checks the checksum, too'),
  ],
])('a trailer %s', (_, message, expected) => {
  expect(parse(message)).toEqual(expected);
});

test.each<[string, string, string]>([
  ['without a reason', 'run_insns xdp_lb', 'expected METRIC PROGRAM REASON'],
  [
    'with a misspelled metric',
    'run_insn xdp_lb why',
    "unknown metric 'run_insn' (did you mean 'run_insns'?)",
  ],
  ['that is empty', '', `unknown metric '' (metrics: ${METRIC_NAMES.join(', ')}, or '*')`],
])('a trailer %s is told and accepts nothing', (_, text, fault) => {
  expect(parse(`a\n\nTollgate-Accept: ${text}`)).toEqual({
    accepted: [],
    faults: [`Cannot use 'Tollgate-Accept: ${text}' of commit 0123456789ab: ${fault}`],
  });
});

test('a word in the middle of a line, or a quoted trailer, is no trailer', () => {
  expect(parse('say Tollgate-Accept: run_insns a b\n> Tollgate-Accept: run_insns a b\n')).toEqual({
    accepted: [],
    faults: [],
  });
});
