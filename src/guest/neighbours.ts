// What else this machine does: which CPU is the least busy, what a hypervisor takes from it, how fast it runs. Read, where
// the kernel shows it; nothing is changed.

import { readFileSync } from 'node:fs';
import { allTicks, type ProcessorTicks, ticksByCpu } from '../model/proc-stat.ts';

/** Of one CPU since boot, in ticks of 10 ms. */
export interface CpuTimes {
  readonly busy: number;
  readonly steal: number;
}

/** By CPU number. */
export function cpuTimes(): ReadonlyMap<number, CpuTimes> {
  return new Map(
    [...ticksByCpu(readFileSync('/proc/stat', 'utf8'))].map(([cpu, ticks]) => {
      const { user, nice, system, irq, softirq, steal } = ticks;
      return [cpu, { busy: user + nice + system + irq + softirq + steal, steal }];
    }),
  );
}

/** Of all processors since boot. */
export function processorTicks(): ProcessorTicks {
  return allTicks(readFileSync('/proc/stat', 'utf8'));
}

/** ms a tick of cpuTimes, whatever the kernel's own (USER_HZ). */
export const TICK_MS = 10;

/** The CPU that did the least over `ms`, of those that this process may run on. */
export function quietestCpu(ms: number): number {
  const allowed = allowedCpus();
  const before = cpuTimes();
  sleep(ms);
  const done = [...cpuTimes()]
    .filter(([cpu]) => allowed.has(cpu))
    .map(([cpu, { busy }]) => ({ cpu, busy: busy - (before.get(cpu)?.busy ?? 0) }));
  // The last of equals: interrupts tend to go to the first.
  return done.reduceRight((least, each) => (each.busy < least.busy ? each : least)).cpu;
}

/** Another CPU that this process may run on; undefined where there is none. For who is pinned: any that is there. */
export function otherCpu(cpu: number): number | undefined {
  return [...cpuTimes().keys()].findLast((each) => each !== cpu);
}

function allowedCpus(): Set<number> {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return new Set(
    list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }),
  );
}

/** kHz now; undefined where the kernel does not show it, as in most virtual machines. */
export function frequencyKhz(cpu: number): number | undefined {
  const text = fileText(`/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_cur_freq`);
  return text === undefined ? undefined : Number(text);
}

/** As 'AMD EPYC'. */
export function cpuModel(): string {
  return /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim() ?? 'unknown';
}

/** A small file's text without its end of line; undefined where there is none. */
export function fileText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
