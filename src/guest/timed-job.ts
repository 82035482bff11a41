// One job of timed mode, on whatever kernel this process finds itself: the machine's own, or a VM's. Where it runs, how
// undisturbed, and what the machine is are decided here.

import { readFileSync } from 'node:fs';
import { constants as os, setPriority } from 'node:os';
import { join } from 'node:path';
import type { TimedHookJob, TimedJob, TimedLoadJob } from '../model/timed.ts';
import { quantile } from '../statistics/quantile.ts';
import type { Channel } from './channel.ts';
import { becomeOrdinary, becomeUnhindered, loadTiming, pinTo, type Timing } from './libbpf/timing.ts';
import { cpuModel, fileText, quietestCpu } from './neighbours.ts';
import { makeBed } from './stimulus.ts';
import { runTimedJob } from './timed.ts';
import { runTimedHookJob } from './timed-hooks.ts';
import { runTimedLoadJob } from './timed-load.ts';
import { kernelRelease, libbpfVersion } from './versions.ts';

export interface TimedGuest {
  /** Of the bundle, with native/ in it. */
  readonly folder: string;
  readonly window: Uint8Array;
  readonly channel: Channel;
  /** The kernel is not ours alone. */
  readonly isShared: boolean;
}

/** Does the job to its last record but `end`. Throws on what is nobody's but ours. */
export async function doTimedJob(
  { folder, window, channel, isShared }: TimedGuest,
  job: TimedJob | TimedHookJob | TimedLoadJob,
): Promise<void> {
  const timing = loadTiming(join(folder, 'native/timed.so'));
  const cpu = quietestCpu(LOOK_MS);
  pinTo(cpu);
  const guest = { window, channel, timing, cpu };
  const tellMachine = (warnings: readonly string[]) =>
    channel.send({
      type: 'machine',
      ...machineFacts(timing, cpu),
      warnings: [...warnings, ...settingsThatShow()],
    });
  if (job.task === 'timed') {
    tellMachine(becomeUnhindered());
    runTimedJob(guest, job);
    return;
  }
  // Packets are handed on by kernel threads, too, which a real-time thread would keep waiting.
  becomeOrdinary();
  setPriority(os.priority.PRIORITY_HIGHEST);
  tellMachine([]);
  const bed = makeBed({ helper: join(folder, 'native/stimulus') });
  if (job.task === 'timed-hook') runTimedHookJob({ ...guest, bed, isShared }, job);
  else await runTimedLoadJob({ ...guest, bed, folder, isShared }, job);
}

/** How long it is looked which CPU does the least. */
const LOOK_MS = 100;
const CLOCK_READS = 1000;

/** What figures of this machine depend on. */
export function machineFacts(timing: Timing, cpuNumber: number) {
  const reads = timing.clockReads(CLOCK_READS);
  return {
    release: kernelRelease(),
    version: readFileSync('/proc/sys/kernel/version', 'utf8').trim(),
    libbpf: libbpfVersion(),
    cpu: cpuModel(),
    cpuNumber,
    clockNs: [Math.min(...reads), Math.round(quantile(reads, 0.5))] as [number, number],
  };
}

/** Settings under which programs cost something else than they do by default. */
function settingsThatShow(): string[] {
  const settings = [
    { path: '/proc/sys/net/core/bpf_jit_enable', usual: ['1'], says: 'the JIT is not as usual' },
    { path: '/proc/sys/net/core/bpf_jit_harden', usual: ['0'], says: 'programs are hardened' },
    { path: '/proc/sys/kernel/bpf_stats_enabled', usual: ['0'], says: 'each run reads the clock twice more' },
  ];
  return settings.flatMap(({ path, usual, says }) => {
    const found = fileText(path);
    if (found === undefined || usual.includes(found)) return [];
    return [`${path.slice('/proc/sys/'.length).replaceAll('/', '.')} is ${found}: ${says}`];
  });
}
