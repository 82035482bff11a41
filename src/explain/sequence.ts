// Two sequences matched: what is the same in the same order (a longest common subsequence), then in the gaps between
// what is most alike, then what is the same elsewhere: it was moved.

/** One element of both, or one that the other side lacks. */
export interface Step<T> {
  readonly left?: T;
  readonly right?: T;
}

/** Above this many comparisons only what is the same at both ends is matched as the same. */
const COMPARISONS_LIMIT = 4_000_000;
const ALIKE = 0.6;

/** `same` decides what is one element, `likeness` (0 to 1) what is an edited one. In the order of the sequences. */
export function matchSequences<T>(
  left: readonly T[],
  right: readonly T[],
  same: (a: T, b: T) => boolean,
  likeness: (a: T, b: T) => number,
): Step<T>[] {
  let [from, leftEnd, rightEnd] = [0, left.length, right.length];
  while (from < leftEnd && from < rightEnd && same(left[from]!, right[from]!)) from++;
  while (leftEnd > from && rightEnd > from && same(left[leftEnd - 1]!, right[rightEnd - 1]!)) {
    leftEnd--;
    rightEnd--;
  }
  const middle = [left.slice(from, leftEnd), right.slice(from, rightEnd)] as const;
  const pairs =
    middle[0].length * middle[1].length > COMPARISONS_LIMIT ? [] : commonSubsequence(...middle, same);
  const steps: Step<T>[] = left.slice(0, from).map((each, i) => ({ left: each, right: right[i]! }));
  let [i, j] = [0, 0];
  for (const [a, b] of [...pairs, [middle[0].length, middle[1].length] as const]) {
    steps.push(...matchGap(middle[0].slice(i, a), middle[1].slice(j, b), likeness));
    if (a < middle[0].length || b < middle[1].length)
      steps.push({ left: middle[0][a]!, right: middle[1][b]! });
    [i, j] = [a + 1, b + 1];
  }
  steps.push(...left.slice(leftEnd).map((each, k) => ({ left: each, right: right[rightEnd + k]! })));
  return joinMoved(steps, same);
}

function joinMoved<T>(steps: readonly Step<T>[], same: (a: T, b: T) => boolean): Step<T>[] {
  const gone = new Set(steps.filter(({ right }) => right === undefined));
  const joined = steps.map((step) => {
    if (step.left !== undefined || step.right === undefined) return step;
    for (const from of gone) {
      if (!same(from.left!, step.right)) continue;
      gone.delete(from);
      return { left: from.left!, right: step.right };
    }
    return step;
  });
  return joined.filter((step) => step.right !== undefined || gone.has(step));
}

function commonSubsequence<T>(
  left: readonly T[],
  right: readonly T[],
  same: (a: T, b: T) => boolean,
): (readonly [number, number])[] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      lengths[i * width + j] = same(left[i]!, right[j]!)
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
  const pairs: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    if (same(left[i]!, right[j]!)) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}

/** The most alike first, each taken once, whatever their order: what remains is new or gone. */
function matchGap<T>(left: readonly T[], right: readonly T[], likeness: (a: T, b: T) => number): Step<T>[] {
  if (left.length * right.length > COMPARISONS_LIMIT)
    return [...left.map((each) => ({ left: each })), ...right.map((each) => ({ right: each }))];
  const candidates = left
    .flatMap((a, i) => right.map((b, j) => ({ i, j, alike: likeness(a, b) })))
    .filter(({ alike }) => alike >= ALIKE)
    .sort((a, b) => b.alike - a.alike);
  const partner = new Map<number, number>();
  const taken = new Set<number>();
  for (const { i, j } of candidates) {
    if (partner.has(i) || taken.has(j)) continue;
    partner.set(i, j);
    taken.add(j);
  }
  return [
    ...left.map((each, i) => {
      const j = partner.get(i);
      return j === undefined ? { left: each } : { left: each, right: right[j]! };
    }),
    ...right.filter((_, j) => !taken.has(j)).map((each) => ({ right: each })),
  ];
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
