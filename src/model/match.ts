// Which entry of a budget file speaks for a program, and which one wins where several do.
// One rule for `programs:` and `budgets:`, so that a user learns it once.

import picomatch from 'picomatch';

export interface ProgramName {
  /** The object's path or file name; only the file name counts. */
  readonly object: string;
  readonly program: string;
}

/** What budgets on network load are under; a program of that name is written 'OBJECT/load'. */
export const LOAD = 'load';

/** Under which the figures of network load stand in a report. */
export const NETWORK_LOAD: ProgramName = { object: '(load)', program: LOAD };

/** Whether figures are of network load, and not of a program. */
export function isLoad({ object }: ProgramName): boolean {
  return object === NETWORK_LOAD.object;
}

/** What budgets on a kernel's tail calls are under: all of them, or 'tail_calls/direct' alone. */
export const TAIL_CALLS = 'tail_calls';

/** What they are called in a report, and in a budget's key. */
export const TAIL_CALL_KINDS: readonly ProgramName[] = ['direct', 'indirect'].map((program) => ({
  object: '(tail calls)',
  program,
}));

export const TAIL_CALL_KEYS: readonly string[] = [
  TAIL_CALLS,
  ...TAIL_CALL_KINDS.map(({ program }) => `${TAIL_CALLS}/${program}`),
];

/** Whether figures are of a kernel's tail calls, and not of a program. */
export function isTailCalls({ object }: ProgramName): boolean {
  return TAIL_CALL_KINDS.some((kind) => kind.object === object);
}

/** Whether the key of a budget speaks of something else than programs. */
export function isOfNoProgram(pattern: string): boolean {
  return pattern === LOAD || TAIL_CALL_KEYS.includes(pattern);
}

/** How the key of a budget fits: those of network load and of tail calls fit nothing else, and no other fits these. */
export function matchBudget(pattern: string, name: ProgramName): Precedence | undefined {
  if (isLoad(name)) return pattern === name.program ? [2] : undefined;
  if (isTailCalls(name)) {
    if (pattern === `${TAIL_CALLS}/${name.program}`) return [2];
    return pattern === TAIL_CALLS ? [1] : undefined;
  }
  return isOfNoProgram(pattern) ? undefined : matchProgram(pattern, name);
}

/**
 * How well a pattern fits, to be compared by `comparePrecedence`: the program's part first (2 its very name, 1 a glob,
 * 0 '*'), then the object's, then the number of literal characters, then the kernel's part.
 */
export type Precedence = readonly number[];

/** How 'PROGRAM' or 'OBJECT/PROGRAM', each a name or a glob, fits a program; undefined where it does not. */
export function matchProgram(pattern: string, name: ProgramName): Precedence | undefined {
  const slash = pattern.lastIndexOf('/');
  const program = matchGlob(pattern.slice(slash + 1), name.program);
  if (program === undefined) return undefined;
  if (slash < 0) return [program, 0, literalLength(pattern)];
  const object = matchGlob(pattern.slice(0, slash), fileName(name.object));
  return object === undefined ? undefined : [program, object, literalLength(pattern)];
}

/** The best fit among kernel globs; no list at all holds for every kernel, and ranks below any list. */
export function matchKernel(globs: readonly string[] | undefined, kernel: string): Precedence | undefined {
  if (globs === undefined) return [-1];
  const ranks = globs.map((glob) => matchGlob(glob, kernel)).filter((rank) => rank !== undefined);
  return ranks.length === 0 ? undefined : [Math.max(...ranks)];
}

/** Above 0 where a is the closer fit, 0 where both are as close. */
export function comparePrecedence(a: Precedence, b: Precedence): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** 2: the very name, 1: a glob that matches, 0: '*'; undefined: no match. */
export function matchGlob(glob: string, name: string): number | undefined {
  if (glob === name) return 2;
  if (glob === '*') return 0;
  if (!/[*?[{]/.test(glob)) return undefined;
  return matcherOf(glob)(name) ? 1 : undefined;
}

/** A glob compiles to a regular expression, which costs a hundred times what running it does. */
const matchers = new Map<string, (name: string) => boolean>();

function matcherOf(glob: string): (name: string) => boolean {
  const known = matchers.get(glob);
  if (known) return known;
  // bash: '*' also crosses '/', which kernel references have; a '!' at the front is a letter, not a negation.
  const matcher = picomatch(glob, { bash: true, dot: true, nonegate: true, noextglob: true });
  matchers.set(glob, matcher);
  return matcher;
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function literalLength(pattern: string): number {
  return pattern.replace(/\[[^\]]*\]|\{[^}]*\}|[*?/]/g, '').length;
}
