// A project's two files, as every command finds them: the budget file, and the lock beside it.

import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readLock } from '../kernels/index.ts';
import { type Config, kernelPlace, parseConfig } from '../model/config.ts';
import { TollgateError } from '../model/errors.ts';
import type { LockedKernel } from '../model/kernel.ts';

export const CONFIG_FILE = 'tollgate.yml';
const LOCK_FILE = 'tollgate.lock';
const CONFIG_CAP_BYTES = 1 << 20;

/** The budget file at `path`, which messages call `name`. Throws TollgateError where it is missing, too large or wrong. */
export function readConfig(path: string, name = path): Config {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile())
    throw new TollgateError('usage', `Cannot read budget file '${name}': no such file`, {
      hint: "'tollgate init' writes one from the objects it finds; --config names another",
    });
  if (stat.size > CONFIG_CAP_BYTES)
    throw new TollgateError(
      'config',
      `Cannot read budget file '${name}': ${stat.size} bytes exceed ${CONFIG_CAP_BYTES}`,
    );
  return parseConfig(readFileSync(path, 'utf8'), name);
}

/** tollgate.lock beside tollgate.yml; a budget file of another name has a lock of its own name. */
export function lockPath(configPath: string): string {
  const name = basename(configPath);
  const lockName = name === CONFIG_FILE ? LOCK_FILE : `${name.replace(/\.ya?ml$/, '')}.lock`;
  return join(dirname(configPath), lockName);
}

export function lockBeside(configPath: string): Promise<readonly LockedKernel[] | undefined> {
  return readLock(lockPath(configPath));
}

/** An error about a kernel that the budget file names, with its place there. */
export function atItsKernel(cause: unknown, path: string, name = path): unknown {
  if (!(cause instanceof TollgateError) || cause.details.kernel === undefined) return cause;
  const place = kernelPlace(readFileSync(path, 'utf8'), name, cause.details.kernel);
  return place ? new TollgateError(cause.kind, cause.message, { ...cause.details, place }) : cause;
}
