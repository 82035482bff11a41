// Why a row is over: the changed lines that cost most, found by explaining base and head once more. Bounded: a few rows
// of each kernel, the greatest growth first; what is left out is said, and nothing here changes a verdict.

import type { Outcome } from '../budget/compare.ts';
import { differenceOf, sourceLinesOf } from '../explain/diff.ts';
import { diffVisits, dominantOf } from '../explain/visits.ts';
import { disagreement, type Sides, whyOf } from '../explain/why.ts';
import type { Config } from '../model/config.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import type { Absent, Side, Target, Verdict, Where } from '../model/report.ts';
import { findQemu } from '../vm/qemu.ts';
import type { Session } from '../vm/session.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { planObjectProfiles, profileAll, takeVisits } from './explain.ts';
import type { SideObject } from './objects.ts';
import { createPool, machinesAtOnce, pooled } from './pool.ts';

export interface CausesRequest {
  readonly targets: readonly Target[];
  readonly head: readonly SideObject[];
  readonly base: readonly SideObject[];
  readonly config: Pick<Config, 'programs' | 'map_sizes'>;
  readonly directory: string;
}

/** The outcome with causes in the `why` and `where` of its rows that are over; notes say what was not explained. */
export async function explainOver(
  outcome: Outcome,
  request: CausesRequest,
  options: RunOptions,
): Promise<Outcome> {
  const wanted = request.targets
    .filter(({ mode }) => mode === 'exact') // no lines are known of a nanosecond
    .map((target) => ({ target, rows: rowsOver(outcome.verdicts, target) }));
  if (wanted.every(({ rows }) => rows.length === 0)) return outcome;
  if (!options.useSavedState)
    return {
      ...outcome,
      notes: [
        ...outcome.notes,
        'What is over is not explained without saved machine states: each run would boot.',
      ],
    };
  const found = await Promise.all(wanted.map(({ target, rows }) => causesOn(target, rows, request, options)));
  const causes = new Map(found.flatMap((each) => [...each.causes]));
  return {
    ...outcome,
    verdicts: outcome.verdicts.map((row) => withCauses(row, causes.get(subjectOf(row)))),
    notes: [...outcome.notes, ...found.flatMap(({ notes }) => notes)],
  };
}

/** Programs whose verification is explained on each kernel: each takes two machines. */
const VISITS_PER_KERNEL = 3;

/** What is said of each row, and where. */
type CausesOf = (row: Verdict) => Told | undefined;
type Told = { readonly why: string; readonly where?: Where };

/** What can be explained: one way for each kind of metric. */
interface Kind {
  readonly explains: (metric: string) => boolean;
  /** How many are explained on each kernel. */
  readonly limit: number;
  /** Whether a row that is over has anything to explain. */
  readonly isAsked: (row: Verdict) => boolean;
  /** The causes, or why there are none. */
  readonly find: (row: Verdict, scope: Scope) => Promise<CausesOf | Absent>;
}

interface Scope {
  readonly target: Target;
  readonly request: CausesRequest;
  readonly session: Session;
  /** Of all that is explained of an object, taken together once. */
  readonly profilesOf: (side: Side, object: SideObject) => ReturnType<typeof profileAll>;
  readonly signal: AbortSignal | undefined;
}

const KINDS: readonly Kind[] = [
  { explains: isRun, limit: Infinity, isAsked: grew, find: causesOfRun },
  {
    explains: (metric) => metric === 'total_insns',
    limit: VISITS_PER_KERNEL,
    isAsked: grew,
    find: causesOfVerifier,
  },
  {
    explains: (metric) => metric === 'load_ok',
    limit: VISITS_PER_KERNEL,
    isAsked: ({ why }) => /: (BPF program is too large|The sequence of \d+ jumps is too complex)/.test(why),
    find: causesOfGivingUp,
  },
];

function grew({ change }: Verdict): boolean {
  return (change ?? 0) > 0;
}

function isRun(metric: string): boolean {
  return /^run_insns(_|$)/.test(metric);
}

const kindOf = (metric: string) => KINDS.find(({ explains }) => explains(metric));

/** Rows with the same are explained together. */
function subjectOf({ target, object, program, input, metric }: Verdict): string {
  return [target, object, program, input, KINDS.findIndex(({ explains }) => explains(metric))].join('\0');
}

/** A row for each subject that grew: each program's greatest growth first, then the others. */
function rowsOver(verdicts: readonly Verdict[], target: Target): Verdict[] {
  const over = verdicts.filter(
    (row) => row.target === target.id && row.verdict === 'over' && kindOf(row.metric)?.isAsked(row) === true,
  );
  const growth = ({ change, base }: Verdict) => (change ?? 0) / Math.max(1, base ?? 0);
  const bySubject = new Map<string, Verdict>();
  for (const row of over.sort((a, b) => growth(b) - growth(a)))
    if (!bySubject.has(subjectOf(row))) bySubject.set(subjectOf(row), row);
  const rows = [...bySubject.values()];
  const isFirst = (row: Verdict) =>
    row === rows.find(({ object, program }) => object === row.object && program === row.program);
  return [...rows.filter(isFirst), ...rows.filter((row) => !isFirst(row))];
}

interface Found {
  readonly causes: ReadonlyMap<string, CausesOf>;
  readonly notes: readonly string[];
}

async function causesOn(
  target: Target,
  rows: readonly Verdict[],
  request: CausesRequest,
  options: RunOptions,
): Promise<Found> {
  const chosen = KINDS.flatMap(({ explains, limit }) =>
    rows.filter(({ metric }) => explains(metric)).slice(0, limit),
  );
  if (chosen.length === 0) return { causes: new Map(), notes: [] };
  const left = rows.length - chosen.length;
  const notes = left === 0 ? [] : [`${target.kernel}: ${left} more that are over are not explained.`];
  const failed = ({ program, input, metric }: Verdict, why: string) =>
    `${target.kernel}: why ${metric} of ${program}${input === undefined ? '' : ` (${input})`} is over is not explained: ${why}`;
  const qemu = await findQemu(options);
  const pool = createPool(options.parallel ?? machinesAtOnce());
  const { result, target: ran } = await onKernel(
    target.kernel,
    qemu,
    pool,
    options,
    async (session, told) => {
      const waiting = pooled(session, pool);
      const scope = {
        target,
        request,
        session: waiting,
        profilesOf: onceForEach((side: Side, object: SideObject) => {
          const rows = chosen.filter(({ metric, ...row }) => isRun(metric) && row.object === object.name);
          const programs = [...new Set(rows.map(({ program }) => program))];
          const plans = planObjectProfiles(side, programs, request, object);
          return profileAll(waiting, plans, { ...options, qemu }, told);
        }),
        signal: options.signal,
      };
      return await Promise.all(chosen.map((row) => findOrSay(row, scope)));
    },
  );
  const found = chosen.map((row, i) => ({
    row,
    causes: result?.[i] ?? { reason: ran.error?.message ?? 'no reason given' },
  }));
  return {
    causes: new Map(
      found.flatMap(({ row, causes }) => ('reason' in causes ? [] : [[subjectOf(row), causes] as const])),
    ),
    notes: [
      ...found.flatMap(({ row, causes }) => ('reason' in causes ? [failed(row, causes.reason)] : [])),
      ...notes,
    ],
  };
}

function onceForEach<T>(make: (side: Side, object: SideObject) => T): (side: Side, object: SideObject) => T {
  const made = new Map<string, T>();
  return (side, object) => {
    const key = `${side} ${object.name}`;
    const known = made.get(key) ?? make(side, object);
    made.set(key, known);
    return known;
  };
}

/** An explanation that fails costs itself alone. */
async function findOrSay(row: Verdict, scope: Scope): Promise<CausesOf | Absent> {
  try {
    return await kindOf(row.metric)!.find(row, scope);
  } catch (cause) {
    scope.signal?.throwIfAborted();
    if (!(cause instanceof TollgateError)) throw cause;
    return { reason: messageOf(cause) };
  }
}

async function causesOfRun(row: Verdict, { target, request, profilesOf }: Scope): Promise<CausesOf | Absent> {
  const [base, head] = await Promise.all(
    (['base', 'head'] as const).map(async (side) => {
      const object = objectOf(row, request[side]);
      const profiles = object ? await profilesOf(side, object) : [];
      return profiles.find(({ program, input }) => program === row.program && input === row.input);
    }),
  );
  if (!base || !head) return { reason: 'the base has no such program or input' };
  const [before, now] = [objectOf(row, request.base)!, objectOf(row, request.head)!];
  const sources = { base: sourceLinesOf(before.spec), head: sourceLinesOf(now.spec) };
  const difference = differenceOf({ target, ...base }, { target, ...head }, sources);
  if (difference.absent) return difference.absent;
  const { cold, warm, packets } = difference;
  return (row) => {
    const { metric, change } = row;
    const told =
      metric === 'run_insns_cold'
        ? whyOf({ causes: cold, packets: 1, change })
        : whyOf({ causes: warm, packets, ...(metric === 'run_insns' || packets === 1 ? { change } : {}) });
    if (metric !== 'run_insns' && metric !== 'run_insns_cold') return told;
    return compared(told, row, { base: base[metric], head: head[metric] });
  };
}

async function causesOfVerifier(row: Verdict, { request, session }: Scope): Promise<CausesOf | Absent> {
  const [base, head] = (['base', 'head'] as const).map((side) => objectOf(row, request[side]));
  if (!base || !head) return { reason: 'the base has no such program' };
  const of = { ...request, program: row.program };
  const [before, now] = await Promise.all([
    takeVisits(session, 'base', base, of),
    takeVisits(session, 'head', head, of),
  ]);
  const absent = now.absent ?? before.absent;
  if (absent) return absent;
  const causes = diffVisits(before, now, row.program);
  const explained = { base: before.processed, head: now.processed };
  return (each) => compared(whyOf({ causes, packets: 1, change: each.change }), each, explained);
}

/** Base and head run once more to be explained: where that gives another figure than the row has, it is said. */
function compared(told: Told | undefined, row: Verdict, explained: Sides): Told | undefined {
  return told && { ...told, why: `${told.why}${disagreement(row, explained)}` };
}

/** The verifier gave up: there is no base to compare with, only what it spent itself on. */
async function causesOfGivingUp(row: Verdict, { request, session }: Scope): Promise<CausesOf | Absent> {
  const head = objectOf(row, request.head);
  if (!head) return { reason: 'the object has no such program' };
  const cost = await takeVisits(session, 'head', head, { ...request, program: row.program });
  return cost.absent ?? (() => dominantOf(cost));
}

function objectOf({ object, program }: Verdict, side: readonly SideObject[]): SideObject | undefined {
  const found = side.find(({ name }) => name === object);
  return found?.spec.programs.some(({ name }) => name === program) ? found : undefined;
}

function withCauses(row: Verdict, causesOf: CausesOf | undefined): Verdict {
  if (row.verdict !== 'over' || kindOf(row.metric) === undefined) return row;
  const told = causesOf?.(row);
  return told ? { ...row, ...told, why: `${row.why.replace(/\.$/, '')}. ${told.why}` } : row;
}
