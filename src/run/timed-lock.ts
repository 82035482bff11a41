// One timed run at a time on a machine: two would time one another. The lock is a name that only one process can have and
// that ends with it, by SIGKILL too, so that there is no file that somebody has to remove.

import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LockOptions {
  /** Said once, if it has to be waited for. */
  readonly onWarning?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Of the lock; tests have others. */
  readonly name?: string;
}

const NAME = 'tollgate-timed';
const RETRY_MS = 300;

/** Does `work` when no other process of this machine does any. Rejects on abort. */
export async function alone<T>(work: () => Promise<T>, options: LockOptions): Promise<T> {
  const { onWarning, signal, name = NAME } = options;
  let server = await claim(name);
  if (!server) onWarning?.('another timed run is going on, on this machine: waiting for its end');
  while (!server) {
    await sleep(RETRY_MS);
    signal?.throwIfAborted();
    server = await claim(name);
  }
  try {
    return await work();
  } finally {
    const held = server;
    await new Promise((resolve) => held.close(resolve));
  }
}

/** Whether another timed run would have to wait now. */
export async function isTaken(name = NAME): Promise<boolean> {
  const server = await claim(name);
  if (server) await new Promise((resolve) => server.close(resolve));
  return server === undefined;
}

/** A socket in the kernel's own name space of names (unix(7): abstract); undefined where somebody has that name. */
async function claim(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return await new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      cause.code === 'EADDRINUSE' ? resolve(undefined) : reject(cause),
    );
    server.listen(`\0${name}`, () => {
      server.unref();
      resolve(server);
    });
  });
}
