import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allowedCpusOf } from '../model/processors.ts';
import { pinToQuietest, processorThread } from './pin.ts';

test('a thread is kept on one of the CPUs that we may run on', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const cpu = await pinToQuietest(child.pid!);
    expect([...allowedCpusOf(readFileSync('/proc/self/status', 'utf8'))]).toContain(cpu);
    expect([...allowedCpusOf(readFileSync(`/proc/${child.pid}/status`, 'utf8'))]).toEqual([cpu]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a thread that is none cannot be pinned', async () => {
  await expect(pinToQuietest(0x7fff_ffff)).rejects.toThrow(/taskset|pid/);
});

test("QEMU's answer names the virtual processor's thread, or is refused", () => {
  expect(processorThread([{ 'cpu-index': 0, 'thread-id': 4711, target: 'x86_64' }])).toBe(4711);
  expect(() => processorThread([])).toThrow('QEMU names no thread: []');
});
