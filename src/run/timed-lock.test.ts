import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { alone, isTaken } from './timed-lock.ts';

const name = `tollgate-lock-test-${process.pid}`;

test('a second run waits for the first, and says so once', async () => {
  const done: string[] = [];
  const warnings: string[] = [];
  let endFirst = () => {};
  const first = alone(
    () =>
      new Promise<void>((resolve) => {
        endFirst = () => {
          done.push('first');
          resolve();
        };
      }),
    { name },
  );
  await expect.poll(() => isTaken(name)).toBe(true);
  const second = alone(async () => done.push('second'), { name, onWarning: (line) => warnings.push(line) });
  await expect
    .poll(() => warnings)
    .toEqual(['another timed run is going on, on this machine: waiting for its end']);
  expect(done).toEqual([]);
  endFirst();
  await Promise.all([first, second]);
  expect(done).toEqual(['first', 'second']);
  expect(await isTaken(name)).toBe(false);
});

test('a run that is killed leaves the machine to the next', async () => {
  const holder = spawn(
    process.execPath,
    ['-e', `require('net').createServer().listen('\\0${name}', () => console.log('held'))`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout!, 'data');
  const warnings: string[] = [];
  const next = alone(async () => 'done', { name, onWarning: (line) => warnings.push(line) });
  await expect.poll(() => warnings.length).toBe(1);
  holder.kill('SIGKILL');
  expect(await next).toBe('done');
});

test('who waits can be stopped', async () => {
  const abort = new AbortController();
  await alone(
    async () => {
      const waiting = alone(async () => 'done', { name, signal: abort.signal });
      abort.abort();
      await expect(waiting).rejects.toThrow('aborted');
    },
    { name },
  );
});
