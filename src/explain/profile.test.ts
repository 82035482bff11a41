import { expect, test } from 'vitest';
import { wantedRuns } from './profile.ts';

test.each([
  ['one packet: the first run of the value that repeats', 5, [90, 70, 60, 60, 61], { cold: 0, warm: [2] }],
  ['each packet by itself', 3, [90, 80, 60, 50, 60, 50], { cold: 0, warm: [2, 3] }],
  ['a packet that the kernel refuses is none', 3, [-1, 80, -1, 50, -1, 50], { cold: 1, warm: [3] }],
  ['one that it refuses once, too', 3, [90, 80, 60, 50, -1, 50], { cold: 1, warm: [3] }],
  ['nor is there any where it refuses all', 2, [-1, -1], undefined],
])('of %s', (_, passes, insns, wanted) => {
  expect(wantedRuns({ passes, insns })).toEqual(wanted);
});
