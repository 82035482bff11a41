// What the command line and the Action read out of the environment alike.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where kernels, packages and saved states are kept from run to run, absolute. An empty variable is an unset one. */
export function cacheDirOf(env: Environment): string {
  return resolve(env.TOLLGATE_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tollgate'));
}

/** The proxy that connections to the archive go through. */
export function proxyOf(env: Environment): string | undefined {
  return env.http_proxy ?? env.HTTP_PROXY;
}
