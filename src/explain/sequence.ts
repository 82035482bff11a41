// Two sequences matched: what is the same in the same order, where several ways are open the one whose surroundings
// agree; then what is the same elsewhere (it was moved); then in the gaps what is most alike (it was edited).

/** One element of both, or one that the other side lacks. */
export interface Step<T> {
  readonly left?: T;
  readonly right?: T;
}

export interface Matching<T> {
  /** Elements with the same text are the same but for their place. */
  readonly text: (each: T) => string;
  /** 0 to 1: how much two of the same text agree in what else is known of them. */
  readonly agreement?: (a: T, b: T) => number;
}

/** Above this many comparisons only what is the same at both ends is matched in order. */
const COMPARISONS_LIMIT = 4_000_000;
/** Telling how alike two texts are takes longer than telling whether they are the same. */
const EDITED_LIMIT = 250_000;
const ALIKE = 0.6;

/** Right's elements in their order, then those that are left's alone. */
export function matchSequences<T>(
  left: readonly T[],
  right: readonly T[],
  { text, agreement = () => 0 }: Matching<T>,
): Step<T>[] {
  const numbers = new Map<string, number>();
  const numbered = (all: readonly T[]) =>
    all.map((each) => {
      const known = numbers.get(text(each)) ?? numbers.size;
      numbers.set(text(each), known);
      return known;
    });
  const [a, b] = [numbered(left), numbered(right)];
  // One pair more outweighs all that another pair can agree in.
  const weight = (i: number, j: number) =>
    a[i] !== b[j]
      ? 0
      : 16 +
        (a[i - 1] === b[j - 1] ? 2 : 0) +
        (a[i + 1] === b[j + 1] ? 2 : 0) +
        Math.round(8 * agreement(left[i]!, right[j]!));
  const partner = new Map<number, number>();
  for (const [i, j] of inOrder(a, b, weight)) partner.set(j, i);
  const gaps = gapsOf(left.length, right.length, partner);
  joinBest(
    gaps.flatMap(({ left }) => left),
    gaps.flatMap(({ right }) => right),
    weight,
    partner,
  );
  for (const gap of gapsOf(left.length, right.length, partner, gaps))
    if (gap.left.length * gap.right.length <= EDITED_LIMIT)
      joinBest(gap.left, gap.right, (i, j) => edited(text(left[i]!), text(right[j]!)), partner);
  const taken = new Set(partner.values());
  return [
    ...right.map((each, j): Step<T> => {
      const i = partner.get(j);
      return i === undefined ? { right: each } : { left: left[i]!, right: each };
    }),
    ...left.filter((_, i) => !taken.has(i)).map((each) => ({ left: each })),
  ];
}

const edited = (a: string, b: string) => {
  const alike = likeTexts(a, b);
  return alike >= ALIKE ? alike : 0;
};

type Weight = (i: number, j: number) => number;

/** Pairs in ascending order with the greatest sum of weights. */
function inOrder(a: readonly number[], b: readonly number[], weight: Weight): (readonly [number, number])[] {
  let [from, aEnd, bEnd] = [0, a.length, b.length];
  const isTooLong = () => (aEnd - from) * (bEnd - from) > COMPARISONS_LIMIT;
  while (isTooLong() && a[from] === b[from]) from++;
  while (isTooLong() && a[aEnd - 1] === b[bEnd - 1]) {
    aEnd--;
    bEnd--;
  }
  const ends = [
    ...Array.from({ length: from }, (_, i) => [i, i] as const),
    ...Array.from({ length: a.length - aEnd }, (_, i) => [aEnd + i, bEnd + i] as const),
  ];
  if (isTooLong()) return ends;
  const width = bEnd - from + 1;
  const best = new Uint32Array((aEnd - from + 1) * width);
  const at = (i: number, j: number) => (i - from) * width + j - from;
  for (let i = aEnd - 1; i >= from; i--)
    for (let j = bEnd - 1; j >= from; j--) {
      const own = weight(i, j);
      const paired = own > 0 ? own + best[at(i + 1, j + 1)]! : 0;
      best[at(i, j)] = Math.max(paired, best[at(i + 1, j)]!, best[at(i, j + 1)]!);
    }
  const pairs: (readonly [number, number])[] = [];
  for (let [i, j] = [from, from]; i < aEnd && j < bEnd; ) {
    const own = weight(i, j);
    if (own > 0 && best[at(i, j)] === own + best[at(i + 1, j + 1)]!) pairs.push([i++, j++]);
    else if (best[at(i, j)] === best[at(i + 1, j)]) i++;
    else j++;
  }
  return [...ends, ...pairs];
}

interface Gap {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** What no pair takes, between the pairs; `within` keeps to gaps found before. */
function gapsOf(
  leftSize: number,
  rightSize: number,
  partner: ReadonlyMap<number, number>,
  within?: readonly Gap[],
): Gap[] {
  const taken = new Set(partner.values());
  if (within)
    return within.map(({ left, right }) => ({
      left: left.filter((i) => !taken.has(i)),
      right: right.filter((j) => !partner.has(j)),
    }));
  const gaps: Gap[] = [];
  let from = 0;
  let open: number[] = [];
  const close = (to: number) => {
    gaps.push({ left: Array.from({ length: to - from }, (_, k) => from + k), right: open });
    open = [];
    from = to + 1;
  };
  for (let j = 0; j < rightSize; j++) {
    const i = partner.get(j);
    if (i === undefined) open.push(j);
    else close(i);
  }
  close(leftSize);
  return gaps;
}

/** The greatest weight first, each taken once, whatever their order. */
function joinBest(
  left: readonly number[],
  right: readonly number[],
  weight: Weight,
  partner: Map<number, number>,
): void {
  const taken = new Set<number>();
  const candidates = left
    .flatMap((i) =>
      right.flatMap((j) => {
        const own = weight(i, j);
        return own > 0 ? [{ i, j, own }] : [];
      }),
    )
    .sort((a, b) => b.own - a.own);
  for (const { i, j } of candidates) {
    if (partner.has(j) || taken.has(i)) continue;
    partner.set(j, i);
    taken.add(i);
  }
}

/** 0 to 1: how much of two texts is the same, by pairs of letters. A line that was edited is no other line. */
export function likeTexts(a: string, b: string): number {
  const pairs = (text: string) =>
    Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2));
  const [left, right] = [pairs(a), pairs(b)];
  const unmatched = new Map<string, number>();
  for (const pair of left) unmatched.set(pair, (unmatched.get(pair) ?? 0) + 1);
  let shared = 0;
  for (const pair of right) {
    const remaining = unmatched.get(pair) ?? 0;
    if (remaining > 0) shared++;
    unmatched.set(pair, remaining - 1);
  }
  return (2 * shared) / Math.max(1, left.length + right.length);
}
