// What a reader is told of a tail-call site: why it is one jump or is not, and what lies in the slots it may call.

import type { Jit } from '../measurements/tail-calls.ts';
import type { Slots, TailCallSite } from '../model/tail-calls.ts';

type Site = Pick<TailCallSite, 'maps' | 'slots'>;

/** `jit` is what the kernel made of it; undefined where it has not loaded the program. */
export function whyJit({ maps, slots }: Site, jit: Jit | undefined, maxEntries: number | undefined): string {
  const [map, ...otherMaps] = maps ?? [];
  const [slot, ...otherSlots] = slots ?? [];
  if (jit === undefined) return 'the kernel does not load the program, or tells nothing of its code';
  if (jit === 'direct') return 'one map and one constant slot on every path: a jump';
  if (map === undefined) return 'the map is not known before the call: it is looked up';
  if (otherMaps.length > 0)
    return `the map is ${choice(maps!)} by path: one map at each call makes it a jump`;
  if (slot === undefined)
    return 'the slot is computed: a constant, by a switch over the few there are, makes it a jump';
  if (otherSlots.length > 0)
    return `the slot is ${choice(slots!)} by path: a call on each path makes them jumps`;
  if (maxEntries !== undefined && maxEntries > 0 && slot >= maxEntries)
    return `slot ${slot} is beyond the ${maxEntries} of the map: it goes nowhere`;
  return 'map and slot look constant, but the verifier finds others on some path, or the JIT is hardened';
}

const choice = (values: readonly (string | number)[]) =>
  `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

export interface Filled {
  readonly map: string;
  readonly slot: number;
  readonly program: string;
}

/** What the kernel finds in the slots of a site's maps: those it may call, or all where it computes them. */
export function filledSlots(slots: Slots, refused: ReadonlySet<string>): (site: Site) => Filled[] {
  return (site) =>
    (site.maps ?? [...slots.keys()]).flatMap((map) =>
      [...(slots.get(map) ?? [])]
        .filter(([slot, program]) => !refused.has(program) && (site.slots?.includes(slot) ?? true))
        .map(([slot, program]) => ({ map, slot, program })),
    );
}

/** Whether every call it may make finds a program; unknown where it computes the slot. */
export function isFilled(site: Site, filled: readonly Filled[]): 'all' | 'some' | 'none' {
  if (filled.length === 0) return 'none';
  if (!site.maps || !site.slots) return 'some';
  return filled.length === site.maps.length * site.slots.length ? 'all' : 'some';
}
