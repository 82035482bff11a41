// `tollgate tail-calls --mode timed`: what one tail call takes, from chains of 0 to 33 of them. A single call drowns in
// what every run takes; the slope over the length does not, and each round gives one.

import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import type { ChainTime, TailCallTimes } from '../model/tail-call-time.ts';
import { medianInterval } from '../statistics/bootstrap.ts';
import { median } from '../statistics/quantile.ts';
import { theilSen } from '../statistics/slope.ts';
import type { RunOptions } from './execute.ts';
import { kernelsByMode } from './modes.ts';
import { readObject } from './objects.ts';
import { CHAINS, LENGTHS, LONGEST } from './tail-call-cost.ts';
import { executeTimed } from './timed.ts';

const ROUNDS = 40;
const SECONDS = 10;
const SEED = 1;

/** One chain after another. A kernel that fails is a failed target without chains. */
export async function tailCallTimes(
  {
    version,
    kernels,
    hooks,
  }: { readonly version: string; readonly kernels: readonly string[]; readonly hooks: readonly string[] },
  options: RunOptions,
): Promise<TailCallTimes> {
  const { timed: own } = kernelsByMode(kernels, ['timed']);
  const wanted = CHAINS.filter(({ hook }) => hooks.includes(hook));
  const objects = wanted.map(({ file }) => readObject(join(options.distDir, 'bpf', file), file));
  const { targets, timed, measurements } = await executeTimed(
    {
      kernels: own,
      head: objects,
      base: [],
      rules: [],
      config: { programs: otherLengths() },
      directory: options.baseDir,
      bounds: { leastRounds: ROUNDS, mostRounds: ROUNDS, seconds: SECONDS },
    },
    options,
  );
  const chains = targets.flatMap(({ id }) =>
    wanted.map(({ hook, slot, afterCall, file }): ChainTime => {
      const common = { target: id, hook, slot, afterCall, lengths: LENGTHS };
      const nets = LENGTHS.map((length) => {
        const found = timed.find(
          (each) => each.target === id && each.object === file && each.program === `step_${length}`,
        );
        return (found?.rounds.head ?? []).map(
          (value, i) => value - (found!.rounds.empty[i]! + found!.rounds.emptyAgain[i]!) / 2,
        );
      });
      const rounds = Math.min(...nets.map(({ length }) => length));
      if (rounds === 0) {
        const reason = measurements.find(
          ({ target, object, absent }) => target === id && object === file && absent,
        )?.absent ?? { reason: 'not every chain was run' };
        return { ...common, run_ns: [], rounds, absent: reason };
      }
      const slopes = Array.from(
        { length: rounds },
        (_, i) =>
          theilSen(
            LENGTHS,
            nets.map((values) => values[i]!),
          ).slope,
      );
      const [low, high] = medianInterval(slopes, SEED);
      return {
        ...common,
        run_ns: nets.map((values) => picoseconds(median(values))),
        tail_call_ns: picoseconds(median(slopes)),
        interval: [picoseconds(low), picoseconds(high)],
        rounds,
      };
    }),
  );
  return { schema: 1, tool: { name: 'tollgate', version }, targets, chains };
}

const picoseconds = (ns: number) => Math.round(1000 * ns) / 1000;

/** They are loaded, since the chains go through them, and not run by themselves. */
function otherLengths(): Config['programs'] {
  const others = Array.from({ length: LONGEST + 1 }, (_, length) => length).filter(
    (length) => !LENGTHS.includes(length),
  );
  const place = { file: '', line: 0, column: 0 };
  return Object.fromEntries(others.map((length) => [`step_${length}`, { inputs: [], place }]));
}
