// `tollgate noise`: programs against themselves. What differs then is the machine, and how much decides what budgets in
// nanoseconds can hold here.

import { join, relative } from 'node:path';
import { smallestProvable } from '../measurements/noise.ts';
import { floorNs, timedFigure } from '../measurements/timed.ts';
import type { Config } from '../model/config.ts';
import { NOISE_SECONDS, type NoiseReport } from '../model/noise.ts';
import { DEFAULT_BOUNDS, ROUNDS_LIMIT } from '../model/timed.ts';
import type { RunOptions } from './execute.ts';
import { readObject, type SideObject } from './objects.ts';
import { executeTimed } from './timed.ts';

export interface NoiseRequest {
  readonly version: string;
  /** Paths; none: two of our own. */
  readonly objects: readonly string[];
  readonly kernels: readonly string[];
  readonly config?: Pick<Config, 'programs' | 'map_sizes'>;
  /** How long each program is run. */
  readonly seconds: number;
}

const SEED = 1;

/** Throws TollgateError on objects that cannot be read. */
export async function measureNoise(request: NoiseRequest, options: RunOptions): Promise<NoiseReport> {
  const { kernels } = request;
  const { objects, config } = request.objects.length > 0 ? given(request, options) : ours(options);
  const bounds = {
    leastRounds: ROUNDS_LIMIT,
    mostRounds: ROUNDS_LIMIT,
    seconds: request.seconds,
  };
  const { targets, timed } = await executeTimed(
    {
      kernels,
      head: objects,
      base: objects,
      rules: [],
      config,
      directory: options.baseDir,
      bounds,
    },
    options,
  );
  const noise = timed
    .filter(({ rounds }) => rounds.head.length > 0)
    .map(({ target, object, program, input, rounds }) => {
      const { value, interval } = timedFigure(rounds, 'head', SEED);
      const { head, discarded, seconds } = rounds;
      const provable = NOISE_SECONDS.map((limit) => {
        const count = Math.min(DEFAULT_BOUNDS.mostRounds, Math.floor((head.length * limit) / seconds));
        const found = smallestProvable(rounds, count, DEFAULT_BOUNDS, SEED);
        return found === undefined ? null : Math.round(1000 * found) / 1000;
      });
      return {
        ...{ target, object, program, input },
        ...{ run_ns: value, interval, floor: floorNs(rounds, SEED) },
        ...{ rounds: head.length, discarded, seconds, provable },
      };
    });
  return { schema: 1, tool: { name: 'tollgate', version: request.version }, targets, noise };
}

function given({ objects, config }: NoiseRequest, { baseDir }: RunOptions) {
  return {
    objects: objects.map((path) => readObject(path, relative(baseDir, path) || path)),
    config: config ?? { programs: {} },
  };
}

/** Chains of tail calls, of which one length is run: code of a program's size that calls nothing. */
function ours({ distDir }: RunOptions): { objects: SideObject[]; config: Pick<Config, 'programs'> } {
  const objects = ['tail_calls_tc_direct', 'tail_calls_xdp_indirect'].map((name) =>
    readObject(join(distDir, 'bpf', `${name}.bpf.o`), name),
  );
  const programs = objects[0]!.spec.programs
    .filter(({ name }) => name !== OUR_PROGRAM)
    .map(({ name }) => [name, { inputs: [], place: { file: '', line: 0, column: 0 } }]);
  return { objects, config: { programs: Object.fromEntries(programs) } };
}

const OUR_PROGRAM = 'step_16';
