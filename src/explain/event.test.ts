import { expect, test } from 'vitest';
import { type EventProfile, inPlaceOf, programPart } from './event.ts';

const warm = (count: number) => ({ cold: 0, warm: count });

function profile(functions: [name: string, isProgram: boolean, insns: number][]): EventProfile {
  const insns = warm(functions.reduce((sum, [, , count]) => sum + count, 0));
  return {
    ran: { hello: {} as EventProfile['ran']['hello'], seconds: { start: 0, run: 0 } },
    notes: [],
    insns,
    lines: [],
    calls: [],
    tailCalls: [],
    instructions: [],
    functions: functions.map(([name, isProgram, count]) => ({ name, isProgram, insns: warm(count) })),
    stacks: functions.map(([name, , count]) => ({ frames: ['stimulus', name], insns: warm(count) })),
    elsewhere: insns,
  };
}

const nothing = profile([
  ['udp_sendmsg', false, 100],
  ['memcpy', false, 10],
]);
const empty = profile([
  ['udp_sendmsg', false, 100],
  ['memcpy', false, 30],
  ['bpf_prog_6deef7357e7b4530_nop', false, 7],
]);
const own = profile([
  ['udp_sendmsg', false, 101],
  ['memcpy', false, 30],
  ['lb', true, 50],
]);

test('the arms are told apart by function, operation and call path, and each adds up to its instructions', () => {
  const found = inPlaceOf({ nothing, empty, own });
  expect(found).toEqual({
    nothing: 110,
    empty: 137,
    own: 181,
    operations: [
      { operation: 'program', nothing: 0, empty: 7, own: 50 },
      { operation: 'dispatch', nothing: 0, empty: 0, own: 0 },
      { operation: 'copying', nothing: 10, empty: 30, own: 30 },
      { operation: 'allocation', nothing: 0, empty: 0, own: 0 },
      { operation: 'locks', nothing: 0, empty: 0, own: 0 },
      { operation: 'rest', nothing: 100, empty: 100, own: 101 },
    ],
    functions: [
      { name: 'program lb', operation: 'program', nothing: 0, empty: 0, own: 50 },
      { name: 'memcpy', operation: 'copying', nothing: 10, empty: 30, own: 30 },
      { name: 'program nop', operation: 'program', nothing: 0, empty: 7, own: 0 },
      { name: 'udp_sendmsg', operation: 'rest', nothing: 100, empty: 100, own: 101 },
    ],
    stacks: [
      { frames: ['stimulus', 'udp_sendmsg'], nothing: 100, empty: 100, own: 101 },
      { frames: ['stimulus', 'memcpy'], nothing: 10, empty: 30, own: 30 },
      { frames: ['stimulus', 'bpf_prog_6deef7357e7b4530_nop'], nothing: 0, empty: 7, own: 0 },
      { frames: ['stimulus', 'lb'], nothing: 0, empty: 0, own: 50 },
    ],
  });
});

test("without the program's own arm there is nothing of it, which is not 0", () => {
  const found = inPlaceOf({ nothing, empty });
  expect([found.own, ...found.functions.map((row) => row.own)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("the program's part is what its lines and their calls have", () => {
  const place = { program: 'lb', function: 'lb' };
  const lines = [
    { ...place, own: warm(50), called: warm(20) },
    { ...place, function: 'lb/sub', own: warm(3), called: warm(0) },
  ];
  expect(programPart({ ...own, lines }).insns).toEqual(warm(73));
});
