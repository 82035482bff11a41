// Shards of a check: each measures some of the budget file's kernels, and `report` puts them together again.

import { TollgateError } from '../model/errors.ts';
import type { Report } from '../model/report.ts';

export type Shard = NonNullable<Report['shard']>;

/** '2/4' as { index: 2, count: 4 }. Throws TollgateError ('usage') on anything else. */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new TollgateError('usage', `Cannot use shard '${text}': expected INDEX/COUNT, the first being 1`, {
    hint: 'four jobs take the shards 1/4, 2/4, 3/4 and 4/4',
  });
}

/**
 * The kernels of one shard: dealt out in turn, so that every kernel is in one shard and shards are of one size but for
 * one. Throws TollgateError ('usage') where there are fewer kernels than shards.
 */
export function kernelsOfShard(kernels: readonly string[], { index, count }: Shard): string[] {
  const all = [...new Set(kernels)];
  if (count > all.length)
    throw new TollgateError(
      'usage',
      `Cannot make ${count} shards of ${all.length === 1 ? 'one kernel' : `${all.length} kernels`}: a shard has at least one`,
      { hint: `kernels are what is shared out: ${all.join(', ')}` },
    );
  return all.filter((_, i) => i % count === index - 1);
}
