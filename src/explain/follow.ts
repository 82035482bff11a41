// Follows a program's runs through the instructions in the order they are executed, and counts them by call path: what
// native/callpaths.c does, for where there are addresses alone. A return is of the innermost call that it leads back to;
// where it leads back to none, it is the jump that a retpoline makes of one, which has taken that call's place.

import type { Pair } from '../model/explanation.ts';
import type { WatchedRuns } from '../model/window.ts';
import type { CallPaths, CountedRuns } from './callpaths.ts';
import { addressOf, type Executing, type Insn, isInKernel, numberOf } from './execution-lines.ts';

/** Which runs are summed up, by their number from 0. */
export interface WantedRuns {
  readonly cold: number;
  readonly warm: readonly number[];
}

export interface Follower extends Executing {
  /** Whether all that is wanted has been seen. */
  readonly isDone: () => boolean;
  /** What has been counted, or why it is not whole. */
  readonly finish: () => CountedRuns;
}

/** One call that has not returned. */
interface Frame {
  readonly returnsTo: number;
  readonly path: number;
  /** Of the images, the one that was executed last in it, and the instruction. */
  lastImage: Image | undefined;
  lastInsn: Insn | undefined;
}

interface Image {
  readonly start: number;
  readonly end: number;
}

interface Counter {
  readonly path: number;
  readonly insn: Insn;
  now: number;
  readonly sums: { cold: number; warm: number };
}

interface Jump {
  readonly site: Insn;
  readonly target: Insn;
  readonly isDirect: boolean;
  now: number;
  readonly sums: { cold: number; warm: number };
}

const FRAMES_MAX = 1024;
const PATHS_MAX = 1 << 18;
const COUNTERS_MAX = 1 << 20;
/** Bytes into an image: where the kernel lets a tail call land, behind what sets up the count of tail calls. */
const TAIL_CALL_LANDING_MAX = 16;

export function followRuns({ images, packets, passes }: WatchedRuns, wanted: WantedRuns): Follower {
  const ranges = images.map(({ address, sizeBytes }): Image => {
    const start = numberOf(address);
    return { start, end: start + sizeBytes };
  });
  const columns = new Map<number, keyof Pair>([
    [wanted.cold, 'cold'],
    ...wanted.warm.map((run) => [run, 'warm'] as const),
  ]);
  const lastWanted = Math.max(...columns.keys());
  const runs = new Map<number, number>();
  const paths = new Map<number, { parent: number; site: bigint }>();
  const pathIds = new Map<string, number>();
  const imageOf = remembered((insn: Insn) =>
    ranges.find(({ start, end }) => insn.address >= start && insn.address < end),
  );
  const counters = new Map<Insn, Counter[]>();
  const jumps: Jump[] = [];
  const touched = new Set<Counter | Jump>();
  const stack: Frame[] = [];
  let counterCount = 0;
  let run = -1;
  /** The program's own frame, while it runs. */
  let base = -1;
  let column: keyof Pair | undefined;
  let insns = 0;
  let path = 0;
  let before: Insn | undefined;
  let held: Insn | undefined;
  let fault: string | undefined;

  const add = (to: Counter | Jump) => {
    if (to.now++ === 0) touched.add(to);
  };
  const pathOf = (parent: number, { address }: Insn): number => {
    const key = `${parent} ${address}`;
    const known = pathIds.get(key);
    if (known !== undefined) return known;
    if (paths.size === PATHS_MAX) fault ??= 'too many call paths';
    if (fault !== undefined) return 0;
    const id = paths.size + 1;
    pathIds.set(key, id);
    paths.set(id, { parent, site: addressOf(address) });
    return id;
  };
  const begin = () => {
    if (stack.length === 0) stack.push(newFrame(-1, 0));
    const { returnsTo } = stack.pop()!;
    base = stack.push(newFrame(returnsTo, 0)) - 1;
    column = columns.get(run);
    insns = 0;
    before = undefined;
  };
  const forget = () => {
    for (const each of touched) each.now = 0;
    touched.clear();
    base = -1;
  };
  const end = () => {
    runs.set(run, insns);
    for (const each of touched) each.sums[column!] += each.now;
    forget();
  };
  const countJump = (site: Insn, target: Insn, isDirect: boolean) => {
    let jump = jumps.find(
      (each) => each.site === site && each.target === target && each.isDirect === isDirect,
    );
    if (!jump) {
      jump = { site, target, isDirect, now: 0, sums: { cold: 0, warm: 0 } };
      jumps.push(jump);
    }
    add(jump);
  };
  /** In an image the frame goes on; what an image has left for by a jump (a return thunk, say) is under the leaving one. */
  const follow = (insn: Insn) => {
    const top = stack.at(-1)!;
    const image = imageOf(insn);
    if (!image) {
      path = top.lastInsn ? pathOf(top.path, top.lastInsn) : top.path;
      return;
    }
    const { lastImage, lastInsn } = top;
    const offset = insn.address - image.start;
    const isLanding =
      offset > 0 &&
      offset <= TAIL_CALL_LANDING_MAX &&
      lastInsn !== undefined &&
      lastInsn.address > insn.address + TAIL_CALL_LANDING_MAX;
    if (lastImage && lastInsn && (lastImage !== image || isLanding))
      countJump(lastInsn, insn, before === lastInsn && lastInsn.kind === 'jump');
    top.lastImage = image;
    top.lastInsn = insn;
    path = top.path;
  };
  const count = (insn: Insn) => {
    const known = counters.get(insn) ?? [];
    let counter = known.find((each) => each.path === path);
    if (!counter) {
      counter = { path, insn, now: 0, sums: { cold: 0, warm: 0 } };
      counters.set(insn, known);
      known.push(counter);
      if (++counterCount === COUNTERS_MAX) fault ??= 'too many instructions on call paths';
    }
    add(counter);
  };
  const take = (insn: Insn) => {
    if (!isInKernel(insn)) {
      stack.length = 0;
      forget();
      if (insn.kind === 'run-mark') run++;
      return;
    }
    if (base < 0 && run >= 0 && insn.address === ranges[0]?.start && !runs.has(run)) begin();
    if (base < 0) return;
    insns++;
    if (insn.kind === 'unknown')
      fault ??= `QEMU has not told the code at ${addressOf(insn.address).toString(16)}`;
    if (!column) return;
    follow(insn);
    count(insn);
    before = insn;
  };
  const leave = (from: Insn, to: Insn) => {
    if (!isInKernel(from)) return;
    if (from.kind === 'call') {
      if (stack.length === FRAMES_MAX) {
        if (base >= 0) fault ??= 'calls nest too deep';
        stack.length = 0;
        forget();
      }
      stack.push(newFrame(from.address + from.sizeBytes, base >= 0 && column ? pathOf(path, from) : 0));
    } else if (from.kind === 'return') {
      const of = stack.findLastIndex(({ returnsTo }) => returnsTo === to.address);
      stack.length = of >= 0 ? of : Math.max(0, stack.length - 1);
      if (base >= 0 && stack.length <= base) end();
    }
  };
  return {
    execute: (insn) => {
      if (held && fault === undefined) {
        take(held);
        leave(held, insn);
      }
      held = insn;
    },
    takeBack: () => {
      held = undefined;
    },
    isDone: () => fault !== undefined || runs.has(lastWanted),
    finish: () => {
      const missing = [...columns.keys()].find((each) => !runs.has(each));
      if (fault === undefined && missing !== undefined) fault = `QEMU logs no run ${missing + 1}`;
      if (fault !== undefined) return { fault };
      return {
        ...{ packets, passes, runs, paths },
        warm: wanted.warm,
        ...countsOf([...counters.values()].flat()),
        tailCalls: jumps
          .filter(({ sums }) => sums.cold + sums.warm > 0)
          .map(({ site, target, isDirect, sums }) => ({
            site: addressOf(site.address),
            target: addressOf(target.address),
            isDirect,
            ...sums,
          })),
      };
    },
  };
}

function newFrame(returnsTo: number, path: number): Frame {
  return { returnsTo, path, lastImage: undefined, lastInsn: undefined };
}

/** Each instruction is a block of its own. */
function countsOf(counters: readonly Counter[]): Pick<CallPaths, 'blocks' | 'counts'> {
  const counted = counters.filter(({ sums }) => sums.cold + sums.warm > 0);
  const blocks = new Map([...new Set(counted.map(({ insn }) => insn))].map((insn, id) => [insn, id]));
  return {
    blocks: new Map([...blocks].map(([insn, id]) => [id, [addressOf(insn.address)]])),
    counts: counted.map(({ path, insn, sums }) => ({ path, block: blocks.get(insn)!, ...sums })),
  };
}

function remembered<K, V>(find: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    if (known.has(key)) return known.get(key)!;
    const found = find(key);
    known.set(key, found);
    return found;
  };
}
