import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRejection, parseVerifierStats } from './verifier-log.ts';

const TRANSCRIPTS = join(import.meta.dirname, '../../fixtures/transcripts');
const transcript = (name: string) => readFileSync(join(TRANSCRIPTS, `rejected-${name}.txt`), 'utf8');
const loaded: Record<string, { log: string }> = JSON.parse(
  readFileSync(join(TRANSCRIPTS, 'loaded-6.18.json'), 'utf8'),
);

const LAST =
  'processed 88467 insns (limit 1000000) max_states_per_insn 44 total_states 4141 peak_states 1137';
const common = {
  totalInsns: 88467,
  insnLimit: 1_000_000,
  maxStatesPerInsn: 44,
  totalStates: 4141,
  peakStates: 1137,
};

test.each([
  [
    'a kernel of today',
    loaded.handle_nested!.log,
    {
      totalInsns: 107,
      insnLimit: 1_000_000,
      maxStatesPerInsn: 1,
      totalStates: 8,
      peakStates: 8,
      markRead: 0,
      stackDepths: [40, 96, 64, 128, 40],
      verificationTimeUs: 338,
    },
  ],
  [
    '5.10',
    `verification time 355643 usec\nstack depth 8+0+16\n${LAST} mark_read 56\n`,
    { ...common, markRead: 56, stackDepths: [8, 0, 16], verificationTimeUs: 355643 },
  ],
  [
    'a kernel that adds the instructions of each subprogram',
    `verification time 5 usec\nstack depth 144+280+120\ninsns processed 12591+75421+455\n${LAST} mark_read 56\n`,
    {
      ...common,
      markRead: 56,
      stackDepths: [144, 280, 120],
      verificationTimeUs: 5,
      subprogInsns: [12591, 75421, 455],
    },
  ],
  [
    'a kernel that adds the deepest chain and leaves mark_read out',
    `verification time 5 usec\nstack depth 32+8 max 64\n${LAST}\n`,
    { ...common, stackDepths: [32, 8], verificationTimeUs: 5 },
  ],
  ['log level 1 alone', `0: (95) exit\n${LAST} mark_read 2\n`, { ...common, markRead: 2 }],
  [
    'source lines that look like statistics',
    `; processed 1 insns (limit 2) @ x.c:1\nprocessed 1 insns (limit 2)\nstack depth 9\n${'0: (95) exit\n'.repeat(9)}${LAST} mark_read 2`,
    { ...common, markRead: 2 },
  ],
  ['a log cut off before its end', '0: (b7) r0 = 0\n1: (95) ex', undefined],
  ['no log', '', undefined],
])('statistics are read from %s', (_kernel, log, stats) => {
  expect(parseVerifierStats(log)).toEqual(stats);
});

test.each([
  [
    '6.18-no_bounds_check',
    {
      message: 'invalid access to packet, off=13 size=1, R1(id=0,off=13,r=0)',
      insnIndex: 1,
      where: { file: 'rejected.bpf.c', line: 18, text: 'return data[13] == 8 ? XDP_PASS : XDP_DROP;' },
    },
  ],
  [
    '6.18-no_null_check',
    {
      message: "R0 invalid mem access 'map_value_or_null'",
      insnIndex: 7,
      where: { file: 'rejected.bpf.c', line: 27, text: 'return *value > 3 ? XDP_PASS : XDP_DROP;' },
    },
  ],
  [
    '6.18-endless',
    {
      message: 'infinite loop detected at insn 0',
      insnIndex: 0,
      where: { file: 'rejected.bpf.c', line: 33, text: 'for (;;)' },
    },
  ],
  [
    '6.18-too_many',
    {
      message: 'BPF program is too large. Processed 1000001 insn',
      insnIndex: 3,
      where: { file: 'rejected.bpf.c', line: 44, text: 'sum += bpf_get_prandom_u32();' },
    },
  ],
  [
    '6.18-wrong_helper',
    {
      message: 'program of this type cannot use helper bpf_skb_load_bytes#26',
      insnIndex: 3,
      where: {
        file: 'rejected.bpf.c',
        line: 51,
        text: 'return bpf_skb_load_bytes((void *)context, 0, (void *)context, 4);',
      },
    },
  ],
  ['6.18-too_deep', { message: 'combined stack size of 2 calls is 608. Too large' }],
  [
    '6.18-reads_nothing',
    {
      message: 'R3 !read_ok',
      insnIndex: 0,
      where: { file: 'rejected.bpf.c', line: 74, text: 'asm volatile("r0 = r3; exit;");' },
    },
  ],
  ['6.18-falls_off', { message: 'last insn is not an exit or jmp' }],
  [
    '6.18-wrong_global',
    {
      message: "R1 invalid mem access 'mem_or_null'",
      insnIndex: 6,
      where: { file: 'rejected.bpf.c', line: 85, text: 'return *value;' },
    },
  ],
  ['6.18-stats-no_bounds_check', { message: 'invalid access to packet, off=13 size=1, R1(id=0,off=13,r=0)' }],
])('the reason and the place of a rejection are found in %s', (name, expected) => {
  const { tail, ...rest } = parseRejection(transcript(name));
  expect(rest).toEqual(expected);
  expect(tail.split('\n')).toContain(expected.message);
  expect(tail).not.toContain('processed ');
});

test('a log of 5.10 names the text without file and line', () => {
  const log = [
    'Unrecognized arg#0 type PTR',
    '; int reads(struct xdp_md *context)',
    '0: (61) r1 = *(u32 *)(r1 +0)',
    '; return data[13] == 8;',
    '1: (71) r1 = *(u8 *)(r1 +13)',
    'invalid access to packet, off=13 size=1, R1(id=0,off=13,r=0)',
    'R1 offset is outside of the packet',
    'processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0',
    '',
  ].join('\n');
  expect(parseRejection(log, { lines: 2, characters: 4000 })).toEqual({
    message: 'invalid access to packet, off=13 size=1, R1(id=0,off=13,r=0)',
    tail: 'invalid access to packet, off=13 size=1, R1(id=0,off=13,r=0)\nR1 offset is outside of the packet',
    insnIndex: 1,
    where: { text: 'return data[13] == 8;' },
  });
});

test('an instruction the message names stands in for a trace', () => {
  expect(parseRejection('back-edge from insn 5 to 3\nprocessed 0 insns (limit 1000000)')).toEqual({
    message: 'back-edge from insn 5 to 3',
    tail: 'back-edge from insn 5 to 3',
    insnIndex: 5,
  });
});

test.each([
  ['', ''],
  ['\n\n', ''],
  ['0: (95) exit', '0: (95) exit'],
  ['\u001b[31mR0 !read_ok\u001b[0m\u0007', '[31mR0 !read_ok[0m'],
])('log %j has the message %j', (log, message) => {
  expect(parseRejection(log).message).toBe(message);
});

test('a log of 64 MiB is read from its end, fast, and its tail is capped', () => {
  const log = `${'x'.repeat(64 * 1024 * 1024)}\n${'R0 !read_ok '.repeat(10_000)}`;
  const started = performance.now();
  const { message, tail } = parseRejection(log);
  expect(parseVerifierStats(log)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(1000);
  expect(message.length).toBe(500);
  expect(tail.length).toBe(4000);
});
