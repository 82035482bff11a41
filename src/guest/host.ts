// The guest as a child process on the machine's own kernel. All that it makes is its own: programs and maps that are file
// descriptors, a network namespace. Nothing is pinned and no setting is changed, so whenever it ends, by SIGKILL too,
// nothing is left; and it ends with the process that started it.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants as os, setPriority } from 'node:os';
import { join } from 'node:path';
import type { TimedHookJob, TimedJob } from '../model/timed.ts';
import { decodeJob, WINDOW_BYTES } from '../model/window.ts';
import { quantile } from '../statistics/quantile.ts';
import { openChannel } from './channel.ts';
import { libbpf, mapShared } from './libbpf/ffi.ts';
import {
  becomeUnhindered,
  dieWithParent,
  leaveNetwork,
  loadTiming,
  pinTo,
  type Timing,
} from './libbpf/timing.ts';
import { cpuModel, fileText, quietestCpu } from './neighbours.ts';
import { makeBed } from './stimulus.ts';
import { runTimedJob } from './timed.ts';
import { runTimedHookJob } from './timed-hooks.ts';

export interface HostGuest {
  /** Of the bundle. */
  readonly folder: string;
  /** Who started this process. */
  readonly parent: number;
  readonly windowPath: string;
}

/** Does the job in the window and returns. */
export function runOnHost({ folder, parent, windowPath }: HostGuest): void {
  dieWithParent();
  if (process.ppid !== parent) return; // it has ended before it could take us with it
  leaveNetwork();
  const file = openSync(windowPath, 'r+');
  const window = mapShared(file, WINDOW_BYTES, 0);
  closeSync(file);
  const channel = openChannel(window);
  try {
    const job = decodeJob(window) as TimedJob | TimedHookJob | undefined;
    if (!job) throw new Error('the window holds no job');
    const timing = loadTiming(join(folder, 'native/timed.so'));
    const cpu = quietestCpu(LOOK_MS);
    pinTo(cpu);
    // Packets are handed on by kernel threads, too, which a real-time thread would keep waiting.
    if (job.task === 'timed-hook') setPriority(os.priority.PRIORITY_HIGHEST);
    const warnings = [...(job.task === 'timed' ? becomeUnhindered() : []), ...settingsThatShow()];
    channel.send({ type: 'machine', ...machineFacts(timing, cpu), warnings });
    const guest = { window, channel, timing, cpu };
    if (job.task === 'timed') runTimedJob(guest, job);
    else runTimedHookJob({ ...guest, bed: makeBed(join(folder, 'native/stimulus')) }, job);
  } catch (error) {
    channel.send({
      type: 'error',
      message: String(error instanceof Error ? error.stack : error).slice(0, 60_000),
    });
  }
  channel.send({ type: 'end' });
}

/** How long it is looked which CPU does the least. */
const LOOK_MS = 100;
const CLOCK_READS = 1000;

/** What figures of this machine depend on. */
export function machineFacts(timing: Timing, cpuNumber: number) {
  const reads = timing.clockReads(CLOCK_READS);
  return {
    release: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    version: readFileSync('/proc/sys/kernel/version', 'utf8').trim(),
    libbpf: String(libbpf().libbpf_version_string()).replace(/^v/, ''),
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
