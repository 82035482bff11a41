import { describe, expect, test } from 'vitest';
import { filledSlots, isFilled, whyJit } from './tail-call-words.ts';

const one = { maps: ['table'], slots: [1] };

describe('why a tail call is a jump or is not', () => {
  test.each([
    [one, 'direct', 'one map and one constant slot on every path: a jump'],
    [one, undefined, 'the kernel does not load the program, or tells nothing of its code'],
    [{ slots: [1] }, 'indirect', 'the map is not known before the call: it is looked up'],
    [
      { ...one, maps: ['a', 'b'] },
      'indirect',
      'the map is a or b by path: one map at each call makes it a jump',
    ],
    [
      { maps: ['table'] },
      'indirect',
      'the slot is computed: a constant, by a switch over the few there are, makes it a jump',
    ],
    [
      { ...one, slots: [0, 1, 2] },
      'indirect',
      'the slot is 0, 1 or 2 by path: a call on each path makes them jumps',
    ],
    [{ ...one, slots: [4] }, 'indirect', 'slot 4 is beyond the 4 of the map: it goes nowhere'],
    [
      one,
      'indirect',
      'map and slot look constant, but the verifier finds others on some path, or the JIT is hardened',
    ],
  ] as const)('%j, %s', (site, jit, why) => {
    expect(whyJit(site, jit, 4)).toBe(why);
  });
});

describe('what lies in the slots of a site', () => {
  const slots = new Map([
    [
      'table',
      new Map([
        [0, 'first'],
        [1, 'second'],
      ]),
    ],
  ]);

  test.each([
    [one, [], ['second'], 'all'],
    [{ ...one, slots: [1, 2] }, [], ['second'], 'some'],
    [{ ...one, slots: [3] }, [], [], 'none'],
    [{ maps: ['table'] }, [], ['first', 'second'], 'some'],
    [one, ['second'], [], 'none'],
  ] as const)('%j without %j', (site, refused, programs, all) => {
    const filled = filledSlots(slots, new Set<string>(refused))(site);
    expect(filled.map(({ program }) => program)).toEqual(programs);
    expect(isFilled(site, filled)).toBe(all);
  });
});
