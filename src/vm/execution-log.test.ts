import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { oneInsnCommand, startExecutionLog } from './execution-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate "log" '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['6.2.0', 'singlestep'],
  ['7.2.22', 'singlestep'],
  ['8.0.5', 'singlestep'],
  ['8.1.0', 'one-insn-per-tb'],
  ['10.0', 'one-insn-per-tb'],
])('QEMU %s takes one instruction at a time on the command %s', (version, command) => {
  expect(oneInsnCommand(version)).toBe(command);
});

/** A monitor that keeps what it is asked, and a QEMU that writes what it has been told to when it starts. */
function fakeMonitor(text: string) {
  const asked: string[] = [];
  let log: number | undefined;
  const monitor = async (command: string) => {
    asked.push(command);
    const [, name] = /^logfile "?(.*?)"?$/.exec(command) ?? [];
    if (name === undefined) return;
    if (log !== undefined) closeSync(log);
    log = openSync(name.replaceAll(/\\(.)/g, '$1'), 'w');
    if (name !== '/dev/null') writeSync(log, text);
  };
  return { asked, monitor, folder };
}

test('a log is read from a pipe to its end, which comes when it is stopped; then another may begin', async () => {
  for (const text of ['first', 'second']) {
    const vm = fakeMonitor(text);
    const { bytes, stop } = await startExecutionLog(vm, '7.2.22');
    await Promise.all([stop(), stop()]);
    const pieces: Buffer[] = [];
    for await (const piece of bytes) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe(text);
    expect(vm.asked).toEqual([
      `logfile "${join(folder, 'log').replaceAll('"', '\\"')}"`,
      'log exec,nochain,in_asm',
      'singlestep on',
      'singlestep off',
      'log none',
      'logfile /dev/null',
    ]);
  }
});

test('a QEMU that does not log says why', async () => {
  const monitor = async (command: string) => {
    if (command.startsWith('one-insn')) throw new Error('unknown command');
  };
  await expect(startExecutionLog({ monitor, folder }, '10.0.2')).rejects.toThrow('unknown command');
});
