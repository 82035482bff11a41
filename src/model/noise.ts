// What `tollgate noise` found: plain data, the source of its table.

import type { Target } from './report.ts';
import type { Discards } from './timed.ts';

/** Seconds for each program for which is said what can be proved. */
export const NOISE_SECONDS = [1, 5, 20] as const;

export interface Noise {
  readonly object: string;
  readonly program: string;
  readonly input: string;
  readonly run_ns: number;
  readonly interval: readonly [low: number, high: number];
  /** The least difference that means anything at all, ns. */
  readonly floor: number;
  readonly rounds: number;
  readonly discarded: Discards;
  readonly seconds: number;
  /** For each of NOISE_SECONDS the smallest change that is found out half of the time, ns; null where none is. */
  readonly provable: readonly (number | null)[];
}

export interface NoiseReport {
  readonly schema: 1;
  readonly tool: { readonly name: 'tollgate'; readonly version: string };
  readonly targets: readonly Target[];
  readonly noise: readonly (Noise & { readonly target: string })[];
}
