// Keeps a VM's virtual processor on one of the machine's: for VMs whose clock is a real one, where moving costs caches.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { lineOf } from '../model/errors.ts';
import { allowedCpusOf, cpuTimesOf, quietestOf } from '../model/processors.ts';

/** How long it is looked which CPU does the least. */
const LOOK_MS = 100;

/** Pins a thread to the CPU that does the least now, and returns its number. Rejects where that cannot be done. */
export async function pinToQuietest(thread: number): Promise<number> {
  const look = () => cpuTimesOf(readFileSync('/proc/stat', 'utf8'));
  const before = look();
  await sleep(LOOK_MS);
  const cpu = quietestOf(before, look(), allowedCpusOf(readFileSync('/proc/self/status', 'utf8')));
  const { failed, stderr, message } = await execa('taskset', ['-p', '-c', String(cpu), String(thread)], {
    reject: false,
  });
  if (failed) throw new Error(stderr || (message === undefined ? 'taskset fails' : lineOf(message)));
  return cpu;
}

/** The thread of the first virtual processor, as QEMU answers 'query-cpus-fast'. Throws RangeError on another answer. */
export function processorThread(answer: unknown): number {
  const thread: unknown = Array.isArray(answer) ? answer[0]?.['thread-id'] : undefined;
  if (typeof thread !== 'number') throw new RangeError(`QEMU names no thread: ${JSON.stringify(answer)}`);
  return thread;
}
