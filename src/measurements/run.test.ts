import { expect, test } from 'vitest';
import type { RunPort, Runs } from '../model/port.ts';
import { PROGRAM_TYPES } from '../model/program-types.ts';
import type { Figure } from './measurement.ts';
import { run } from './run.ts';

const INPUT = { name: 'udp:64', packets: [{ at: 0, size: 64 }] };
const typeNamed = (name: string) => PROGRAM_TYPES.find((type) => type.name === name)!;

/** Each pass's instructions by packet. */
const passesOf = (...passes: readonly number[][]): Runs => ({
  passes: passes.map((pass) => pass.map((insns) => ({ insns, retval: 2 }))),
});

function figuresOf(answer: ReturnType<RunPort['run']>, packets = 1, type = 'xdp'): readonly Figure[] {
  const program = {
    name: 'p',
    section: 'xdp',
    type: typeNamed(type),
    insnCount: 2,
    log: '',
    jited: new Uint8Array(),
    xlated: new Uint8Array(),
    maps: [],
  };
  const input = { ...INPUT, packets: Array.from({ length: packets }, () => INPUT.packets[0]!) };
  return run.measure({ program, inputs: [input], port: { run: () => answer } });
}

test('the figure of one packet is the value that repeats, the first run is the cold one', () => {
  expect(figuresOf(passesOf([120], [90], [90], [90]))).toEqual([
    { metric: 'run_insns', input: 'udp:64', value: 90 },
    { metric: 'run_insns_cold', input: 'udp:64', value: 120 },
  ]);
});

test('warm runs that differ are told with their range and mean', () => {
  expect(figuresOf(passesOf([120], [90], [80], [90], [94]))[0]).toEqual({
    metric: 'run_insns',
    input: 'udp:64',
    value: 90,
    note: 'warm runs take 80 to 94, mean 88.5',
  });
});

test('a pcap has mean, percentiles and the dearest packet', () => {
  const figures = figuresOf(passesOf([50, 60, 70], [10, 30, 20], [10, 30, 20]), 3);
  expect(figures.map(({ metric, value, note }) => [metric, value, note])).toEqual([
    ['run_insns', 20, undefined],
    ['run_insns_cold', 50, undefined],
    ['run_insns_p50', 20, undefined],
    ['run_insns_p99', 30, undefined],
    ['run_insns_max', 30, 'packet 2 of 3 is the dearest'],
  ]);
});

test.each([
  [54_900_000, undefined],
  [
    54_900_001,
    'runs of more than 54900000 instructions are interrupted by the timer, whose own are in the figure',
  ],
])('a run of %i instructions: %s', (insns, note) => {
  expect(figuresOf(passesOf([insns], [insns], [insns]))[0]?.note).toBe(note);
});

test('what the kernel refuses to run is absent with its reason, and so is a type without a test run', () => {
  const reason = 'this kernel has no test run for the type (ENOTSUPP)';
  expect(figuresOf({ reason })).toEqual([
    { metric: 'run_insns', input: 'udp:64', absent: { reason } },
    { metric: 'run_insns_cold', input: 'udp:64', absent: { reason } },
  ]);
  expect(figuresOf({ reason }, 1, 'kprobe').map(({ metric, absent }) => [metric, absent?.reason])).toEqual([
    ['run_insns', 'kprobe programs have no test run: they run only where they are attached'],
    ['run_insns_cold', 'kprobe programs have no test run: they run only where they are attached'],
  ]);
});
