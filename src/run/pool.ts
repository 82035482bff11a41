// How many machines run at once: as many as there are cores, and memory for.

import { availableParallelism } from 'node:os';
import { availableMemoryBytes, VM_MEMORY_BYTES } from '../vm/memory.ts';
import type { Session } from '../vm/session.ts';

export interface Pool {
  /** Runs `work` when a place is free; places are given in the order asked for. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
}

export function machinesAtOnce(cores = availableParallelism(), freeBytes = availableMemoryBytes()): number {
  return Math.max(1, Math.min(cores, Math.floor(freeBytes / VM_MEMORY_BYTES.boot)));
}

export function createPool(places: number): Pool {
  let free = places;
  const waiting: (() => void)[] = [];
  return {
    run: async (work) => {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}

/** A session whose every run waits for a place, and does not start once `signal` is aborted. */
export function pooled(session: Session, pool: Pool, signal?: AbortSignal): Session {
  return {
    ...session,
    run: (job, watch, onPause) =>
      pool.run(() => {
        signal?.throwIfAborted();
        return session.run(job, watch, onPause);
      }),
  };
}
