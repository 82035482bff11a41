import { expect, test } from 'vitest';
import { kernelsOfShard, parseShard } from './shard.ts';

test.each([
  ['1/1', { index: 1, count: 1 }],
  ['2/4', { index: 2, count: 4 }],
  ['04/04', { index: 4, count: 4 }],
])('the shard %s is %j', (text, shard) => {
  expect(parseShard(text)).toEqual(shard);
});

test.each(['', '2', '0/4', '5/4', '-1/4', '1/0', '1.5/4', '2/4 ', '2 / 4', '1/99999', '２/4', '1/4/4'])(
  'the shard %j is refused, with what is expected',
  (text) => {
    expect(() => parseShard(text)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        message: `Cannot use shard '${text}': expected INDEX/COUNT, the first being 1`,
      }),
    );
  },
);

const KERNELS = ['a', 'b', 'c', 'd', 'e'];

test.each([1, 2, 3, 4, 5])('every kernel is in one of %d shards, and no shard is empty', (count) => {
  const shards = Array.from({ length: count }, (_, i) => kernelsOfShard(KERNELS, { index: i + 1, count }));
  expect(shards.flat().sort()).toEqual(KERNELS);
  const sizes = shards.map(({ length }) => length);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

test('a kernel that is named twice is in one shard', () => {
  expect(kernelsOfShard(['a', 'b', 'a', 'c'], { index: 1, count: 3 })).toEqual(['a']);
});

test.each([
  [KERNELS, 6, 'Cannot make 6 shards of 5 kernels: a shard has at least one'],
  [['a'], 2, 'Cannot make 2 shards of one kernel: a shard has at least one'],
])('%j are not enough for %d shards', (kernels, count, message) => {
  expect(() => kernelsOfShard(kernels, { index: 1, count })).toThrow(
    expect.objectContaining({ kind: 'usage', message }),
  );
});
