import { expect, test } from 'vitest';
import type { CountedRuns } from './callpaths.ts';
import { type Insn, type InsnKind, numberOf } from './execution-lines.ts';
import { followRuns, type WantedRuns } from './follow.ts';

/** Where things lie in these tests: two programs' images, and kernel functions. */
const PROGRAM = 0xffffffffa0001000n;
const OTHER = 0xffffffffa0002000n;
const CALLER = 0xffffffff81001000n;
const HELPER = 0xffffffff81002000n;
const INNER = 0xffffffff81003000n;
const THUNK = 0xffffffff81004000n;
const IRQ = 0xffffffff81005000n;
const USER = 0x1000n;

const known = new Map<string, Insn>();
/** The same object each time, four bytes long. */
function insn(address: bigint, kind: InsnKind = 'other'): Insn {
  const key = `${address} ${kind}`;
  const found = known.get(key) ?? { address: numberOf(address), sizeBytes: 4, kind };
  known.set(key, found);
  return found;
}

const MARK = insn(USER, 'run-mark');
/** Into the program and out again, by a call at CALLER. */
const runOf = (...body: (Insn | 'back')[]) => [MARK, insn(CALLER, 'call'), ...body, insn(CALLER + 4n)];

function follow(
  sequence: readonly (Insn | 'back')[],
  wanted: WantedRuns = { cold: 0, warm: [] },
  [packets, passes] = [1, 2],
) {
  const images = [
    { address: PROGRAM, sizeBytes: 256 },
    { address: OTHER, sizeBytes: 256 },
  ];
  const follower = followRuns({ images, packets: packets!, passes: passes! }, wanted);
  for (const each of sequence) each === 'back' ? follower.takeBack() : follower.execute(each);
  follower.execute(insn(USER + 64n));
  return follower.finish();
}

/** What each call path counted, as 'sites: addresses', cold. */
function pathsOf(counted: CountedRuns): Record<string, string> {
  if ('fault' in counted) return { fault: counted.fault };
  const sitesOf = (path: number): string[] => {
    const step = counted.paths.get(path);
    return step ? [...sitesOf(step.parent), shown(step.site)] : [];
  };
  const found: Record<string, string> = {};
  for (const { path, block, cold } of counted.counts) {
    const key = sitesOf(path).join(' > ') || 'program';
    const text = `${counted.blocks.get(block)!.map(shown)}${cold === 1 ? '' : ` x${cold}`}`;
    found[key] = found[key] === undefined ? text : `${found[key]}, ${text}`;
  }
  return found;
}

const NAMES = { PROGRAM, OTHER, CALLER, HELPER, INNER, THUNK, IRQ };
function shown(address: bigint): string {
  const [name, start] = Object.entries(NAMES).find(([, at]) => address >= at && address < at + 256n)!;
  return address === start ? name : `${name}+${address - start}`;
}

test('a run is from the first instruction to the return; what it calls is under the calling instruction', () => {
  const counted = follow(
    runOf(
      insn(PROGRAM),
      insn(PROGRAM + 4n, 'call'),
      insn(HELPER),
      insn(HELPER + 4n, 'call'),
      insn(INNER),
      insn(INNER + 4n, 'return'),
      insn(HELPER + 8n, 'return'),
      insn(PROGRAM + 8n, 'return'),
    ),
  );
  expect(pathsOf(counted)).toEqual({
    program: 'PROGRAM, PROGRAM+4, PROGRAM+8',
    'PROGRAM+4': 'HELPER, HELPER+4, HELPER+8',
    'PROGRAM+4 > HELPER+4': 'INNER, INNER+4',
  });
  expect('runs' in counted && counted.runs).toEqual(new Map([[0, 8]]));
});

test('a retpoline into the program, and one in it, are jumps and leave no call behind', () => {
  const thunk = [insn(THUNK, 'call'), insn(THUNK + 8n), insn(THUNK + 12n, 'return')];
  const counted = follow([
    MARK,
    insn(CALLER, 'call'),
    ...thunk,
    insn(PROGRAM),
    insn(PROGRAM + 4n, 'call'),
    ...thunk,
    insn(HELPER, 'return'),
    insn(PROGRAM + 8n, 'return'),
    insn(CALLER + 4n),
  ]);
  expect(pathsOf(counted)).toEqual({
    program: 'PROGRAM, PROGRAM+4, PROGRAM+8',
    'PROGRAM+4': 'THUNK, HELPER',
    'PROGRAM+4 > THUNK': 'THUNK+8, THUNK+12',
  });
});

test('a return that goes past a call which was left ends that call, too', () => {
  const counted = follow(
    runOf(
      insn(PROGRAM, 'call'),
      insn(HELPER, 'call'),
      insn(INNER),
      insn(INNER + 4n, 'return'), // to HELPER's caller: HELPER's own return address was dropped
      insn(PROGRAM + 4n, 'call'),
      insn(HELPER + 64n, 'return'),
      insn(PROGRAM + 8n, 'return'),
    ),
  );
  expect(pathsOf(counted)).toEqual({
    program: 'PROGRAM, PROGRAM+4, PROGRAM+8',
    PROGRAM: 'HELPER',
    'PROGRAM > HELPER': 'INNER, INNER+4',
    'PROGRAM+4': 'HELPER+64',
  });
});

test('a return through a thunk is under the instruction that jumped there', () => {
  const counted = follow(runOf(insn(PROGRAM), insn(PROGRAM + 4n, 'jump'), insn(THUNK, 'return')));
  expect(pathsOf(counted)).toEqual({ program: 'PROGRAM, PROGRAM+4', 'PROGRAM+4': 'THUNK' });
});

test('tail calls are direct where one jump leads to the other image, else indirect; a loop is none', () => {
  const counted = follow(
    runOf(
      insn(PROGRAM),
      insn(PROGRAM + 40n, 'jump'),
      insn(PROGRAM + 20n),
      insn(PROGRAM + 60n, 'jump'),
      insn(OTHER + 11n),
      insn(OTHER + 15n),
      insn(OTHER + 60n, 'call'),
      insn(THUNK, 'return'),
      insn(PROGRAM + 11n),
      insn(PROGRAM + 80n),
      insn(PROGRAM + 11n), // by an indirect jump, to itself
      insn(PROGRAM + 15n),
      insn(PROGRAM + 19n, 'return'),
    ),
  );
  if ('fault' in counted) throw new Error(counted.fault);
  expect(counted.tailCalls.map(({ site, target, ...rest }) => [shown(site), shown(target), rest])).toEqual([
    ['PROGRAM+60', 'OTHER+11', { isDirect: true, cold: 1, warm: 0 }],
    ['OTHER+60', 'PROGRAM+11', { isDirect: false, cold: 1, warm: 0 }],
    ['PROGRAM+80', 'PROGRAM+11', { isDirect: false, cold: 1, warm: 0 }],
  ]);
});

test('an interrupt is under the instruction that it came behind, with its own calls', () => {
  const counted = follow(
    runOf(
      insn(PROGRAM),
      insn(IRQ, 'call'),
      insn(INNER, 'return'),
      insn(IRQ + 4n),
      insn(PROGRAM + 4n, 'return'),
    ),
  );
  expect(pathsOf(counted)).toEqual({
    program: 'PROGRAM, PROGRAM+4',
    PROGRAM: 'IRQ, IRQ+4',
    'PROGRAM > IRQ': 'INNER',
  });
});

test('what QEMU takes back is counted when it comes again', () => {
  const counted = follow(
    runOf(insn(PROGRAM), insn(PROGRAM + 4n, 'return'), 'back', insn(PROGRAM + 4n, 'return')),
  );
  expect('runs' in counted && counted.runs).toEqual(new Map([[0, 2]]));
});

test('each run wanted is summed up in its column, by its number; those that the kernel refuses are none', () => {
  const short = [insn(PROGRAM, 'return')];
  const long = [insn(PROGRAM), insn(PROGRAM + 4n, 'return')];
  // two packets, three times: the second packet is refused
  const sequence = [runOf(...long), [MARK], runOf(...long), [MARK], runOf(...short), [MARK]].flat();
  const counted = follow(sequence, { cold: 0, warm: [4] }, [2, 3]);
  if ('fault' in counted) throw new Error(counted.fault);
  expect(counted.runs).toEqual(
    new Map([
      [0, 2],
      [2, 2],
      [4, 1],
    ]),
  );
  expect(
    counted.counts.map(({ block, cold, warm }) => [counted.blocks.get(block)!.map(shown), cold, warm]),
  ).toEqual([
    [['PROGRAM'], 1, 0],
    [['PROGRAM+4'], 1, 0],
    [['PROGRAM'], 0, 1],
  ]);
});

test('a run that does not return, or code that is not told, is said, and nothing is counted', () => {
  expect(follow([MARK, insn(CALLER, 'call'), insn(PROGRAM)])).toEqual({ fault: 'QEMU logs no run 1' });
  expect(follow(runOf(insn(PROGRAM, 'unknown'), insn(PROGRAM + 4n, 'return')))).toEqual({
    fault: 'QEMU has not told the code at ffffffffa0001000',
  });
  const nested = Array.from({ length: 2000 }, () => insn(HELPER, 'call'));
  expect(follow(runOf(insn(PROGRAM), ...nested))).toEqual({ fault: 'calls nest too deep' });
});
