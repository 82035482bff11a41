import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TollgateError } from '../model/errors.ts';
import { build } from './build.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-build-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a build runs in its folder with the environment it is given, and no other', async () => {
  await build('head', 'env > out', folder, { buildEnv: { PATH: process.env.PATH ?? '', A: 'b' } });
  const names = readFileSync(join(folder, 'out'), 'utf8').match(/^\w+(?==)/gm);
  expect(names?.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)).sort()).toEqual([
    'A',
    'PATH',
  ]);
});

test('a build that fails says which, where, and its last lines', async () => {
  await expect(build('base', 'echo one; echo two >&2; exit 3', folder, {})).rejects.toMatchObject({
    kind: 'config',
    message: `Cannot build base with 'echo one; echo two >&2; exit 3' in '${folder}'`,
    details: { reason: 'build-failed', tail: 'one\ntwo' },
  });
});

test('a build that is stopped ends with everything it has started', async () => {
  const abort = new AbortController();
  const running = build('head', 'sleep 60 & echo $! > pid; wait', folder, { signal: abort.signal });
  const pid = join(folder, 'pid');
  const started = performance.now();
  while (!existsSync(pid) || readFileSync(pid, 'utf8') === '')
    await new Promise((done) => setTimeout(done, 10));
  abort.abort(new TollgateError('infrastructure', 'Stopped', { reason: 'stopped' }));
  await expect(running).rejects.toMatchObject({ details: { reason: 'stopped' } });
  expect(performance.now() - started).toBeLessThan(10_000);
  const sleeper = Number(readFileSync(pid, 'utf8'));
  await expect.poll(() => isAlive(sleeper)).toBe(false);
});

/** A process that has ended and waits for its parent counts as ended. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}
