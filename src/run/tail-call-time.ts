// `tollgate tail-calls --mode timed`: what one tail call takes, from chains of 0 to 33 of them. A single call drowns in
// what every run takes; the slope over the length does not, and each round gives one.

import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import { TAIL_CALL_KINDS } from '../model/match.ts';
import type { Absent, Target } from '../model/report.ts';
import type { ChainTime, TailCallTimes } from '../model/tail-call-time.ts';
import type { Rounds, TimedBounds } from '../model/timed.ts';
import { medianInterval } from '../statistics/bootstrap.ts';
import { median } from '../statistics/quantile.ts';
import { theilSen } from '../statistics/slope.ts';
import type { RunOptions } from './execute.ts';
import { readObject } from './objects.ts';
import { CHAINS, type Chain, LENGTHS, LONGEST } from './tail-call-cost.ts';
import { executeTimed } from './timed.ts';
import { type Timed, timedMeasurements } from './timed-figures.ts';

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
  const wanted = CHAINS.filter(({ hook }) => hooks.includes(hook));
  const bounds = { leastRounds: ROUNDS, mostRounds: ROUNDS, seconds: SECONDS };
  const { targets, chains } = await timeChains(kernels, wanted, bounds, options);
  return {
    schema: 1,
    tool: { name: 'tollgate', version },
    targets,
    chains: chains.map(({ target, chain: { hook, slot, afterCall }, nets, found }): ChainTime => {
      const common = { target, hook, slot, afterCall, lengths: LENGTHS };
      if ('reason' in found) return { ...common, run_ns: [], rounds: 0, absent: found };
      const [low, high] = medianInterval(found.head, SEED);
      return {
        ...common,
        run_ns: nets.map((values) => picoseconds(median(values))),
        tail_call_ns: picoseconds(median(found.head)),
        interval: [picoseconds(low), picoseconds(high)],
        rounds: found.head.length,
      };
    }),
  };
}

/** Of the chains that budgets speak of: XDP's, whose runs are steadier than tc's. */
const BUDGETED_HOOK = 'xdp';

/** tail_call_ns of each kernel, direct and indirect, as a check compares it with its budgets. */
export async function timeTailCalls(
  kernels: readonly string[],
  { leastRounds, seconds }: TimedBounds,
  options: RunOptions,
): Promise<Timed> {
  const wanted = CHAINS.filter(({ hook, afterCall }) => hook === BUDGETED_HOOK && !afterCall);
  const bounds = { leastRounds, mostRounds: leastRounds, seconds: Math.max(seconds, SECONDS) };
  const { chains } = await timeChains(kernels, wanted, bounds, options);
  const all = chains.map(({ target, chain: { hook, slot }, found }) => {
    const name = TAIL_CALL_KINDS[slot === 'constant' ? 0 : 1]!;
    return timedMeasurements(
      { target, ...name, input: hook, metric: 'tail_call_ns', bounds },
      found,
      undefined,
      ['head'],
    );
  });
  return {
    measurements: all.flatMap(({ measurements }) => measurements),
    timed: all.flatMap(({ timed }) => timed),
  };
}

interface TimedChain {
  readonly target: string;
  readonly chain: Chain;
  /** By length: ns a run, round by round. */
  readonly nets: readonly (readonly number[])[];
  /** `head`: ns a tail call, round by round; or why there are none. */
  readonly found: Rounds | Absent;
}

async function timeChains(
  kernels: readonly string[],
  wanted: readonly Chain[],
  bounds: TimedBounds,
  options: RunOptions,
): Promise<{ readonly targets: readonly Target[]; readonly chains: readonly TimedChain[] }> {
  const objects = wanted.map(({ file }) => readObject(join(options.distDir, 'bpf', file), file));
  const { targets, timed, measurements } = await executeTimed(
    {
      kernels,
      head: objects,
      base: [],
      rules: [],
      config: { programs: otherLengths() },
      directory: options.baseDir,
      bounds,
    },
    options,
  );
  const chains = targets.flatMap(({ id, error }) =>
    wanted.map((chain): TimedChain => {
      const ofChain = <T extends { target: string; object: string }>(all: readonly T[]) =>
        all.filter(({ target, object }) => target === id && object === chain.file);
      const rounds = LENGTHS.map(
        (length) => ofChain(timed).find(({ program }) => program === `step_${length}`)?.rounds,
      );
      const slopes = chainSlopes(rounds.filter((each) => each !== undefined));
      const reason = error
        ? { reason: error.message }
        : (ofChain(measurements).find(({ absent }) => absent)?.absent ?? {
            reason: 'not every chain was run',
          });
      return { target: id, chain, nets: slopes?.nets ?? [], found: slopes?.rounds ?? reason };
    }),
  );
  return { targets, chains };
}

/**
 * The slope over the length in each round; undefined unless there are rounds of every length. What two loads of an empty
 * program differ by is spread over the longest chain's calls.
 */
export function chainSlopes(
  all: readonly Rounds[],
): { readonly nets: number[][]; readonly rounds: Rounds } | undefined {
  const count = Math.min(...all.map(({ head }) => head.length));
  if (all.length < LENGTHS.length || count === 0) return undefined;
  const nets = all.map(({ head, empty, emptyAgain }) =>
    head.slice(0, count).map((value, i) => value - (empty[i]! + emptyAgain[i]!) / 2),
  );
  const longest = all.at(-1)!;
  const noise = Array.from(
    { length: count },
    (_, i) => (longest.empty[i]! - longest.emptyAgain[i]!) / 2 / LONGEST,
  );
  const sum = (of: (rounds: Rounds) => number) => all.reduce((total, rounds) => total + of(rounds), 0);
  return {
    nets,
    rounds: {
      head: Array.from(
        { length: count },
        (_, i) =>
          theilSen(
            LENGTHS,
            nets.map((values) => values[i]!),
          ).slope,
      ),
      base: [],
      empty: noise,
      emptyAgain: noise.map((value) => -value),
      discarded: {
        interrupted: sum(({ discarded }) => discarded.interrupted),
        steal: sum(({ discarded }) => discarded.steal),
        frequency: sum(({ discarded }) => discarded.frequency),
      },
      runsInBatch: longest.runsInBatch,
      seconds: picoseconds(sum(({ seconds }) => seconds)),
    },
  };
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
