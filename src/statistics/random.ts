// Random numbers from a seed: the same in every run and on every machine, so that an interval made by resampling can
// be made again from the stored rounds.

/** Draws numbers in [0, 1). mulberry32, public domain (Tommy Ettinger): 32 bits of state, passes gjrand. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
