// What is known of an object's tail calls before any kernel sees it, and the object by which a kernel tells the rest.

import { probeMark, withLineProbes } from '../explain/line-probes.ts';
import { findTailCalls, type Slots, slotsInObject, type TailCallSite } from '../model/tail-calls.ts';
import type { SideObject } from './objects.ts';

export interface TailCallPlan {
  readonly sites: readonly (TailCallSite & { readonly lineCol: number })[];
  /** What the object and the budget file put into slots. */
  readonly slots: Slots;
  /** The object, every instruction a line of its own; missing where there cannot be such an object. */
  readonly probed?: Uint8Array;
}

type TailCallSettings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Undefined for objects without tail calls. `settings`: what each program's `tail_calls:` fills. */
export function planTailCalls(
  { bytes, spec, name }: SideObject,
  settings: readonly TailCallSettings[],
): TailCallPlan | undefined {
  const sites = findTailCalls(bytes, spec);
  if (sites.length === 0) return undefined;
  const probed = withLineProbes(bytes, spec.functions, name);
  const slots = new Map([...slotsInObject(bytes, spec)].map(([map, known]) => [map, new Map(known)]));
  for (const [map, filled] of settings.flatMap((each) => Object.entries(each))) {
    const known = slots.get(map) ?? new Map<number, string>();
    for (const [slot, program] of Object.entries(filled)) known.set(Number(slot), program);
    slots.set(map, known);
  }
  return {
    sites: sites.map((site) => ({
      ...site,
      lineCol: probeMark({ section: site.code.section, insn: site.code.start + site.insn }),
    })),
    slots,
    ...(probed ? { probed } : {}),
  };
}
