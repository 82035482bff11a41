// How many machines run at once: as many as there are cores, and memory for.

import { availableParallelism, freemem } from 'node:os';

export interface Pool {
  /** Runs `work` when a place is free; places are given in the order asked for. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>;
}

/** What one machine takes at the most of its own: what it writes of the saved state's memory, and its window. */
const MACHINE_BYTES = 768 << 20;

export function machinesAtOnce(cores = availableParallelism(), freeBytes = freemem()): number {
  return Math.max(1, Math.min(cores, Math.floor(freeBytes / MACHINE_BYTES)));
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
