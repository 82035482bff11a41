// What timed mode would say of this machine: a job of it is done, of a second, with an empty program against itself.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isTooNoisy } from '../measurements/timed.ts';
import { allTicks } from '../model/processors.ts';
import type { RunOptions } from './execute.ts';
import { readObject } from './objects.ts';
import { executeTimed } from './timed.ts';
import { isTaken } from './timed-lock.ts';

export interface HostCheck {
  readonly ok: boolean;
  readonly says: string;
  readonly fix?: string;
}

const BOUNDS = { leastRounds: 20, mostRounds: 20, seconds: 3 };

/** Never throws for the machine's sake: whatever keeps it from timing is what it says. */
export async function tryHost(options: RunOptions): Promise<HostCheck> {
  if (await isTaken()) return { ok: false, says: 'another timed run is going on', fix: 'wait for its end' };
  const warnings: string[] = [];
  const before = stealOf(readFileSync('/proc/stat', 'utf8'));
  const object = readObject(join(options.distDir, 'bpf/nop_sched_cls.bpf.o'), 'nop_sched_cls.bpf.o');
  const { targets, timed, measurements } = await executeTimed(
    {
      kernels: ['host'],
      head: [object],
      base: [object],
      rules: [],
      config: { programs: {} },
      directory: options.baseDir,
      bounds: BOUNDS,
    },
    { ...options, onWarning: (line) => warnings.push(line.replace(/^host: /, '')) },
  );
  const [target] = targets;
  if (target?.status !== 'ok')
    return { ok: false, says: target?.error?.message ?? 'no target', fix: AS_ROOT };
  const machine = [
    `Linux ${target.release}, ${target.cpu}, ${availableParallelism()} CPUs`,
    frequencyWords(readGovernor()),
    stealWords(before, stealOf(readFileSync('/proc/stat', 'utf8'))),
    ...warnings,
  ].join('; ');
  const figure = measurements.find(({ metric, side }) => metric === 'run_ns' && side === 'head');
  const [rounds] = timed;
  if (!rounds || !figure?.rounds)
    return { ok: false, says: `${machine}; ${figure?.absent?.reason ?? 'no round'}`, fix: QUIETER };
  const { count, floor } = figure.rounds;
  const says = `${machine}; ${count} rounds, of which two loads of an empty program are within ${floor} ns`;
  return isTooNoisy(rounds.rounds) ? { ok: false, says, fix: QUIETER } : { ok: true, says };
}

const AS_ROOT = 'timed mode on host wants root and a kernel that takes programs: sudo tollgate doctor';
const QUIETER = 'too noisy to decide anything in ns: end what else runs, or see tollgate noise';

/** Of all CPUs since boot, ticks stolen by a hypervisor and ticks in all; from /proc/stat. */
export function stealOf(stat: string): readonly [stolen: number, all: number] {
  const ticks = allTicks(stat);
  return [ticks.steal, Object.values(ticks).reduce((sum, value) => sum + value, 0)];
}

export function stealWords(before: readonly [number, number], after: readonly [number, number]): string {
  const all = after[1] - before[1];
  if (all <= 0) return 'steal not known';
  return `${((100 * (after[0] - before[0])) / all).toFixed(1)}% stolen by a hypervisor`;
}

export function frequencyWords(governor: string | undefined): string {
  return governor === undefined ? 'frequency not visible' : `frequency governor ${governor}`;
}

function readGovernor(): string | undefined {
  try {
    return readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch {
    return undefined; // as in most virtual machines
  }
}
