import { expect, test } from 'vitest';
import { receivedRps } from './placement.ts';

const SOFTNET = `00000a1c 00000000 00000002 00000000 00000000 00000000 00000000 00000000 00000000 00000007 00000000 00000000 00000000 00000000 00000000
00000b2d 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 0000041f 00000000 00000000 00000001 00000000 00000000
`;

test.each([
  [0, 7],
  [1, 0x41f],
  [2, 0],
])('what CPU %i was handed is read in its own line', (cpu, expected) =>
  expect(receivedRps(SOFTNET, cpu)).toBe(expected),
);
