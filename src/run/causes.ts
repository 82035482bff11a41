// Why a row is over: the changed lines that cost most, found by explaining base and head once more. Bounded: a few rows
// of each kernel, the greatest growth first; what is left out is said, and nothing here changes a verdict.

import type { Outcome } from '../budget/compare.ts';
import { differenceOf } from '../explain/diff.ts';
import type { Config } from '../model/config.ts';
import { messageOf, TollgateError } from '../model/errors.ts';
import type { Cause, Difference, Explanation } from '../model/explanation.ts';
import type { Target, Verdict } from '../model/report.ts';
import { findQemu } from '../vm/qemu.ts';
import { onKernel, type RunOptions } from './execute.ts';
import { planProgramProfiles, pooled, profileAll } from './explain.ts';
import type { SideObject } from './objects.ts';
import { createPool, machinesAtOnce } from './pool.ts';

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
  const wanted = request.targets.map((target) => ({ target, runs: runsOver(outcome.verdicts, target) }));
  if (wanted.every(({ runs }) => runs.length === 0)) return outcome;
  if (!options.useSavedState)
    return {
      ...outcome,
      notes: [
        ...outcome.notes,
        'What is over is not explained without saved machine states: each run would boot.',
      ],
    };
  const found = await Promise.all(wanted.map(({ target, runs }) => causesOn(target, runs, request, options)));
  const differences = new Map(found.flatMap((each) => each.differences));
  return {
    ...outcome,
    verdicts: outcome.verdicts.map((row) => withCauses(row, differences.get(runKey(row)))),
    notes: [...outcome.notes, ...found.flatMap(({ notes }) => notes)],
  };
}

/** Programs and inputs explained on each kernel. */
const RUNS_PER_KERNEL = 3;
/** Causes named in a row. */
const CAUSES_PER_ROW = 3;

const isRunMetric = (metric: string) => /^run_insns(_|$)/.test(metric);
const runKey = ({ target, object, program, input }: Verdict) => [target, object, program, input].join('\0');

/** A row for each run that is over with a base to compare with: each program's greatest growth first, then the others. */
function runsOver(verdicts: readonly Verdict[], target: Target): Verdict[] {
  const over = verdicts.filter(
    (row) =>
      row.target === target.id &&
      row.verdict === 'over' &&
      row.input !== undefined &&
      (row.change ?? 0) > 0 &&
      isRunMetric(row.metric),
  );
  const growth = ({ change, base }: Verdict) => (change ?? 0) / Math.max(1, base ?? 0);
  const byRun = new Map<string, Verdict>();
  for (const row of over.sort((a, b) => growth(b) - growth(a)))
    if (!byRun.has(runKey(row))) byRun.set(runKey(row), row);
  const rows = [...byRun.values()];
  const isFirst = (row: Verdict) =>
    row === rows.find(({ object, program }) => object === row.object && program === row.program);
  return [...rows.filter(isFirst), ...rows.filter((row) => !isFirst(row))];
}

interface Found {
  readonly differences: readonly (readonly [string, Difference])[];
  readonly notes: readonly string[];
}

async function causesOn(
  target: Target,
  runs: readonly Verdict[],
  request: CausesRequest,
  options: RunOptions,
): Promise<Found> {
  const chosen = runs.slice(0, RUNS_PER_KERNEL);
  const left = runs.length - chosen.length;
  const notes = left === 0 ? [] : [`${target.kernel}: ${left} more that are over are not explained.`];
  const failed = (row: Verdict, why: string) =>
    `${target.kernel}: why ${row.program} (${row.input}) is over is not explained: ${why}`;
  if (chosen.length === 0) return { differences: [], notes };
  try {
    const qemu = await findQemu(options);
    const pool = createPool(options.parallel ?? machinesAtOnce());
    const { result, target: ran } = await onKernel(target.kernel, qemu, pool, options, (session, told) =>
      Promise.all(
        chosen.map(async (row) => {
          const [head, base] = [planOf('head', row, request), planOf('base', row, request)];
          if (!head || !base) return undefined;
          return await profileAll(pooled(session, pool), [base, head], { ...options, qemu }, told);
        }),
      ),
    );
    const outcomes = chosen.map((row, i) => {
      const [base, head] = result?.[i] ?? [];
      if (!base || !head) return { row, absent: ran.error?.message ?? 'the base has no such input' };
      const difference = differenceOf(withTarget(base, target), withTarget(head, target));
      return difference.absent ? { row, absent: difference.absent.reason } : { row, difference };
    });
    return {
      differences: outcomes.flatMap(({ row, difference }) =>
        difference ? [[runKey(row), difference] as const] : [],
      ),
      notes: [
        ...outcomes.flatMap(({ row, absent }) => (absent === undefined ? [] : [failed(row, absent)])),
        ...notes,
      ],
    };
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!(cause instanceof TollgateError)) throw cause;
    return { differences: [], notes: [failed(chosen[0]!, messageOf(cause)), ...notes] };
  }
}

function planOf(side: 'base' | 'head', row: Verdict, request: CausesRequest) {
  const object = request[side].find(({ name }) => name === row.object);
  if (!object?.spec.programs.some(({ name }) => name === row.program)) return undefined;
  const plans = planProgramProfiles(side, { ...request, program: row.program }, object);
  return plans.find(({ input }) => input === row.input);
}

function withTarget(explanation: Omit<Explanation, 'target'>, target: Target): Explanation {
  return { target, ...explanation };
}

function withCauses(row: Verdict, difference: Difference | undefined): Verdict {
  if (row.verdict !== 'over' || !difference || !isRunMetric(row.metric)) return row;
  const isCold = row.metric === 'run_insns_cold';
  const causes = (isCold ? difference.cold : difference.warm).filter(({ change }) => change > 0);
  const [first] = causes;
  if (!first) return row;
  const packets = isCold ? 1 : difference.packets;
  const named = causes.slice(0, CAUSES_PER_ROW).map((cause) => causeText(cause, packets));
  const more = causes.length - named.length;
  const where =
    first.file === undefined || first.line === undefined
      ? {}
      : { where: { file: first.file, line: first.line, ...(first.text ? { text: first.text } : {}) } };
  return {
    ...row,
    ...where,
    why: `${row.why}. Dearer: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
  };
}

/** '+21 at lb.bpf.c:214 (new, with a call of bpf_map_lookup_elem)'. */
function causeText({ change, file, line, near, function: name, what }: Cause, packets: number): string {
  const base = (path: string | undefined) => (path ?? '').replace(/^.*\//, '');
  const place = line === undefined ? name : `${base(file)}:${line}`;
  const about = near ? `, near ${near.file === file ? 'line ' : `${base(near.file)}:`}${near.line}` : '';
  return `+${Math.round((1000 * change) / packets) / 1000} at ${place}${about} (${what})`;
}
