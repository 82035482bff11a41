import { expect, test } from 'vitest';
import type { Cause } from '../model/explanation.ts';
import { type CausesOfRow, disagreement, whyOf } from './why.ts';

const cause = (change: number, line: number, what = 'new'): Cause => ({
  program: 'lb',
  function: 'lb',
  file: 'src/lb.c',
  line,
  text: `line ${line}`,
  kind: 'source',
  change,
  what,
});
const inline = { ...cause(1, 7), near: { file: 'src/lb.c', line: 20, text: 'count();' } };
const fromHeader = { ...inline, file: 'lib.h' };
const { file: _file, line: _line, text: _text, ...unknown } = cause(2, 1);

test.each<[string, CausesOfRow, string | undefined]>([
  ['one', { causes: [cause(5, 10)], packets: 1, change: 5 }, 'Dearer: +5 at lb.c:10 (new)'],
  [
    'one dearer and one cheaper',
    { causes: [cause(5, 10), cause(-4, 11, 'gone')], packets: 1, change: 1 },
    'Dearer: +5 at lb.c:10 (new); -4 at lb.c:11 (gone)',
  ],
  [
    'the three dearest, and the rest in one figure',
    {
      causes: [cause(-9, 1), cause(8, 2), cause(7, 3), cause(6, 4), cause(5, 5)],
      packets: 1,
      change: 17,
    },
    'Dearer: +8 at lb.c:2 (new); +7 at lb.c:3 (new); +6 at lb.c:4 (new); -4 elsewhere (2 lines)',
  ],
  [
    'the mean over packets, with digits that add up',
    { causes: [1, 1, 1, 1, 1].map((change) => cause(change, 3)), packets: 3, change: 1.667 },
    'Dearer: +0.333 at lb.c:3 (new); +0.333 at lb.c:3 (new); +0.333 at lb.c:3 (new); +0.668 elsewhere (2 lines)',
  ],
  [
    'what no line of the program has',
    { causes: [cause(5, 10)], packets: 1, change: 6 },
    'Dearer: +5 at lb.c:10 (new); +1 around the program',
  ],
  [
    'the mean, under a row of another figure',
    { causes: [cause(10, 10)], packets: 4 },
    'In the mean of 4 packets, dearer: +2.5 at lb.c:10 (new)',
  ],
  [
    'an inline function',
    { causes: [inline], packets: 1, change: 1 },
    'Dearer: +1 at lb.c:7, near line 20 (new)',
  ],
  [
    "a header's function",
    { causes: [fromHeader], packets: 1, change: 1 },
    'Dearer: +1 at lib.h:7, near lb.c:20 (new)',
  ],
  ['code without lines', { causes: [unknown], packets: 1, change: 2 }, 'Dearer: +2 at lb (new)'],
  ['nothing dearer', { causes: [cause(-1, 1)], packets: 1, change: -1 }, undefined],
])('the causes of a row: %s', (_, row, expected) => {
  expect(whyOf(row)?.why).toBe(expected);
});

test('the row is placed where the dearest change is', () => {
  expect(whyOf({ causes: [cause(1, 10), cause(3, 12)], packets: 1 })?.where).toEqual({
    file: 'src/lb.c',
    line: 12,
    text: 'line 12',
  });
  expect(whyOf({ causes: [unknown], packets: 1 })).not.toHaveProperty('where');
});

test.each([
  ['the same', { base: 10, head: 12.5 }, { base: 10, head: 12.5 }, ''],
  [
    'another head',
    { base: 10, head: 12 },
    { base: 10, head: 13 },
    '. What is explained took 13 at head, not 12',
  ],
  [
    'both others',
    { base: 10, head: 12 },
    { base: 9, head: 13 },
    '. What is explained took 13 at head, not 12, and 9 at base, not 10',
  ],
  ['a figure that one of them lacks', { head: 12 }, { base: 9 }, ''],
])('%s: what is explained is compared with what the row has', (_, row, explained, said) => {
  expect(disagreement(row, explained)).toBe(said);
});
