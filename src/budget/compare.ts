// Head against base and against the budgets: figures in, one row per finding out. Pure, and exact in decimals.
// What cannot be compared becomes a row that says so; nothing passes because a figure is missing.

import type { BudgetRule } from '../model/config.ts';
import { subtract } from '../model/decimal.ts';
import { isLoad, isTailCalls, type ProgramName } from '../model/match.ts';
import { METRICS, type Metric } from '../model/metrics.ts';
import type { Measurement, Report, Target, Verdict, VerdictName } from '../model/report.ts';
import { FALSE_ALARMS } from '../model/timed.ts';
import {
  byText,
  type Figure,
  figureOf,
  hasSide,
  indexFigures,
  type Pair,
  type ProgramFigures,
  pairKey,
} from './figures.ts';
import { budgetText, decreaseCheck, increaseCheck, maxCheck, minCheck } from './limits.ts';
import { rejectionReason } from './rejection.ts';
import { type Budget, resolveBudgets } from './resolve.ts';
import { type TimedRounds, type TimedTest, timedCheck, timedTests } from './timed.ts';

export interface Comparison {
  /** Head's targets, in the order the report shows them. */
  readonly targets: readonly Target[];
  /** Base's, where they are not the very same runs: another machine, another day, a stored report. */
  readonly baseTargets?: readonly Target[];
  /** Of head and, where there is one, of base. */
  readonly measurements: readonly Measurement[];
  readonly rules: readonly BudgetRule[];
  /** What the figures of timed mode are made of. */
  readonly timed?: readonly TimedRounds[];
  /** Whether an open verdict keeps the check from passing. */
  readonly failOn?: FailOn;
  /** Whether there is anything to compare with at all, and why not. */
  readonly base: { readonly exists: true } | { readonly exists: false; readonly reason: string };
}

/** 'inconclusive': what could not be decided is no verdict. */
export type FailOn = 'inconclusive';

export interface Outcome {
  readonly verdicts: readonly Verdict[];
  readonly verdict: Report['verdict'];
  /** What a reader must know before the table. */
  readonly notes: readonly string[];
}

/**
 * A row for every figure that has a budget, that changed between base and head, or that could not be had though a
 * budget asks for it; for every program that is new, gone or does not load; for every target that failed.
 * Throws TollgateError (infrastructure) on two different figures for the same thing.
 */
export function compare(comparison: Comparison): Outcome {
  const figures = indexFigures(comparison.measurements);
  const tests = testsByRow(comparison);
  const verdicts = comparison.targets.flatMap((target) =>
    targetRows(target, figures.get(target.id), comparison, tests),
  );
  const notes: string[] = [];
  if (!comparison.base.exists) {
    notes.push(`No base: ${comparison.base.reason}. Only absolute budgets were checked.`);
  }
  for (const target of comparison.targets) {
    const missing = target.status === 'ok' && baseMissing(target, figures.get(target.id) ?? [], comparison);
    if (missing && comparison.base.exists)
      notes.push(`${target.kernel}: ${missing.reason}. Only absolute budgets were checked.`);
  }
  if (comparison.targets.length === 0) notes.push('Nothing was measured: no kernel.');
  const verdict = comparison.targets.length === 0 ? 'failed' : overall(verdicts);
  const isOpen = comparison.failOn === 'inconclusive' && verdicts.some(isInconclusive);
  return { verdicts, verdict: verdict === 'pass' && isOpen ? 'failed' : verdict, notes };
}

const isInconclusive = ({ verdict }: Verdict) => verdict === 'inconclusive';

type Tests = ReadonlyMap<string, readonly TimedTest[]>;

/** All at once, since how sure each has to be depends on how many there are. */
function testsByRow({ timed = [], targets, rules }: Comparison): Tests {
  const kernels = new Map(targets.map(({ id, kernel }) => [id, kernel]));
  const tests = timedTests(timed, ({ target, metric, ...name }) =>
    resolveBudgets(rules, name, kernels.get(target) ?? target).get(metric),
  );
  const rows = new Map<string, TimedTest[]>();
  for (const test of tests) rows.set(rowKey(test), [...(rows.get(rowKey(test)) ?? []), test]);
  return rows;
}

const rowKey = ({ target, object, program, input, metric }: Omit<TimedRounds, 'rounds' | 'bounds'>) =>
  JSON.stringify([target, object, program, input, metric]);

/** What rows amount to. 'over' beats 'failed': an exceeded budget is one, whatever another kernel's machine did. */
export function overall(verdicts: readonly Verdict[]): Report['verdict'] {
  if (verdicts.some(({ verdict, accepted }) => verdict === 'over' && !accepted)) return 'over';
  return verdicts.some(({ verdict }) => verdict === 'failed') ? 'failed' : 'pass';
}

/** What the rows of one program on one target need to know. */
interface Scope extends ProgramName {
  readonly target: Target;
  readonly budgets: ReadonlyMap<string, Budget>;
  readonly tests: Tests;
  /** Why there is no figure of base to compare with; undefined where there is. */
  readonly noBase: { readonly verdict: 'no-baseline' | 'unmeasured'; readonly reason: string } | undefined;
}

function targetRows(
  target: Target,
  programs: readonly ProgramFigures[] | undefined,
  comparison: Comparison,
  tests: Tests,
): Verdict[] {
  const failed = (why: string): Verdict => ({
    target: target.id,
    object: '*',
    program: '*',
    metric: '*',
    unit: '',
    verdict: 'failed',
    why,
  });
  if (target.status === 'failed') {
    const { error } = target;
    return [
      failed(
        `${target.kernel} gave no figures: ${error ? `${error.reason}: ${error.message}` : 'no reason given'}`,
      ),
    ];
  }
  if (!programs?.some(({ pairs }) => hasSide(pairs, 'head'))) {
    return [failed(`${target.kernel} gave no figures: no program was measured`)];
  }
  const noBase = baseMissing(target, programs, comparison);
  const rows = programs.flatMap(({ object, program, pairs }) => {
    const budgets = ofMode(resolveBudgets(comparison.rules, { object, program }, target.kernel), target);
    return programRows({ target, object, program, budgets, noBase, tests }, pairs);
  });
  const baseTarget = comparison.baseTargets?.find(({ id }) => id === target.id);
  if (comparison.base.exists && baseTarget?.status === 'failed') {
    rows.push(
      failed(
        `the base gave no figures on ${target.kernel}: ${baseTarget.error?.message ?? 'no reason given'}`,
      ),
    );
  }
  return rows;
}

/** A budget in instructions asks nothing of a target that counts none, nor one in ns of one whose clock counts them. */
function ofMode(budgets: Scope['budgets'], { mode }: Target): Scope['budgets'] {
  const others = new Set(
    METRICS.filter((metric: Metric) => (metric.mode ?? mode) !== mode).map(({ name }) => name as string),
  );
  return new Map([...budgets].filter(([metric]) => !others.has(metric)));
}

function baseMissing(
  target: Target,
  programs: readonly ProgramFigures[],
  { base, baseTargets }: Comparison,
): Scope['noBase'] {
  if (!base.exists) return { verdict: 'no-baseline', reason: base.reason };
  if (!programs.some(({ pairs }) => hasSide(pairs, 'base'))) {
    return { verdict: 'no-baseline', reason: `the base has no figures on ${target.kernel}` };
  }
  const other = baseTargets?.find(({ id }) => id === target.id);
  if (other === undefined) return undefined;
  const differing = IDENTITY.filter(({ key }) => other[key] !== target[key]);
  if (differing.length === 0) return undefined;
  const facts = differing.map(
    ({ key, words }) => `${words} ${other[key] ?? 'unknown'}, head with ${target[key] ?? 'unknown'}`,
  );
  return { verdict: 'unmeasured', reason: `the base was measured with ${facts.join('; ')}: not comparable` };
}

/** What must be the same for two figures to be comparable. */
const IDENTITY = [
  { key: 'mode', words: 'mode' },
  { key: 'arch', words: 'architecture' },
  { key: 'accelerator', words: 'accelerator' },
  { key: 'cpu', words: 'CPU model' },
  { key: 'qemu', words: 'QEMU' },
  { key: 'digest', words: 'kernel image' },
  { key: 'release', words: 'kernel' },
] as const;

function programRows(scope: Scope, pairs: ProgramFigures['pairs']): Verdict[] {
  const isNoProgram = isLoad(scope) || isTailCalls(scope);
  const load = pairs.get(pairKey(undefined, 'load_ok')) ?? {};
  const inHead = hasSide(pairs, 'head');
  const inBase = hasSide(pairs, 'base');
  const where = `${scope.program} on ${scope.target.kernel}`;
  if (!inHead) {
    if (scope.noBase || isNoProgram) return [];
    return [
      row(scope, 'load_ok', load, {
        verdict: 'gone',
        why: `${where} is gone: the base has it, head has not`,
      }),
    ];
  }

  const rows: Verdict[] = [];
  if (load.head?.value === 0) {
    rows.push(rejectionRow(scope, load, inBase));
    // One failure is one finding: the program's other budgets are said, and not counted again.
    for (const metric of budgetedMetrics(scope)) {
      const why = `${metric.name} of ${where} was not measured: the program does not load`;
      rows.push(row(scope, metric.name, {}, { verdict: 'unmeasured', why }));
    }
    return rows;
  }
  if (!isNoProgram) rows.push(...loadRows(scope, load, inBase));

  const inputs = [...new Set([...pairs.values()].map((pair) => (pair.head ?? pair.base)!.input))].sort(
    byInput,
  );
  for (const input of inputs) {
    const of = (metric: string) => pairs.get(pairKey(input, metric)) ?? {};
    const measured = METRICS.filter(({ name }) => name !== 'load_ok' && pairs.has(pairKey(input, name)));
    const inputInBase = measured.some(({ name }) => of(name).base !== undefined);
    const inputInHead = measured.some(({ name }) => of(name).head !== undefined);
    const said = input === undefined ? where : `${scope.program} (${input}) on ${scope.target.kernel}`;
    const first = measured[0];
    if (input !== undefined && first && !scope.noBase && inBase && inputInHead !== inputInBase) {
      const verdict = inputInHead ? 'new' : 'gone';
      const why = inputInHead ? `the input is new: ${said}` : `the input is gone: ${said}`;
      if (!inputInHead || !scope.budgets.has(first.name))
        rows.push(row(scope, first.name, of(first.name), { verdict, why }, input));
      if (!inputInHead) continue;
    }
    const baseKnows = inBase && (input === undefined || inputInBase);
    for (const metric of measured) {
      const found = metricRow(scope, metric, of(metric.name), input, baseKnows, load);
      if (found) rows.push(found);
    }
  }

  const reported = new Set([...pairs.values()].map((pair) => (pair.head ?? pair.base)!.metric));
  for (const metric of budgetedMetrics(scope)) {
    if (reported.has(metric.name)) continue;
    const why = `${metric.name} of ${where} was not measured: no figure was reported`;
    rows.push(row(scope, metric.name, {}, { verdict: 'unmeasured', why }));
  }
  return rows;
}

function budgetedMetrics({ budgets }: Scope): readonly Metric[] {
  return METRICS.filter(({ name }) => name !== 'load_ok' && budgets.has(name));
}

/** Head does not load the program. That is over, unless the budget allows it or base did not load it either. */
function rejectionRow(scope: Scope, load: Pair, inBase: boolean): Verdict {
  const { target, program, budgets } = scope;
  const required = budgets.get('load_ok')?.required?.value;
  const reason = load.head?.log === undefined ? undefined : rejectionReason(load.head.log);
  const fact = `${program} does not load on ${target.kernel}`;
  const tail = reason === undefined ? '' : `: ${reason}`;
  const baseValue = scope.noBase ? undefined : load.base?.value;
  if (required === false) {
    const allowed =
      baseValue === 1 ? ', where the base does; its budget allows that' : ', as its budget allows';
    return row(scope, 'load_ok', load, { verdict: 'unmeasured', why: `${fact}${allowed}${tail}` });
  }
  if (required === true)
    return row(scope, 'load_ok', load, { verdict: 'over', why: `${fact}, and must${tail}` });
  if (baseValue === 1) {
    return row(scope, 'load_ok', load, { verdict: 'over', why: `${fact}, where the base does${tail}` });
  }
  if (baseValue === 0) {
    return row(scope, 'load_ok', load, { verdict: 'unmeasured', why: `${fact}, nor does the base${tail}` });
  }
  const isNew = !scope.noBase && !inBase;
  return row(scope, 'load_ok', load, {
    verdict: 'over',
    why: `${fact}${isNew ? ' (a new program)' : ''}${tail}`,
  });
}

/** Head loads the program, or does not say. */
function loadRows(scope: Scope, load: Pair, inBase: boolean): Verdict[] {
  const { target, program, budgets, noBase } = scope;
  const where = `${program} on ${target.kernel}`;
  const required = budgets.get('load_ok')?.required?.value === true;
  if (load.head?.value === undefined) {
    const reason = load.head?.absent?.reason ?? 'no figure was reported';
    const lost = required || (!noBase && load.base?.value === 1);
    const why = `whether ${program} loads on ${target.kernel} is not known: ${reason}`;
    return [row(scope, 'load_ok', load, { verdict: lost ? 'over' : 'unmeasured', why })];
  }
  if (!noBase && !inBase)
    return [
      row(scope, 'load_ok', load, { verdict: 'new', why: `${where} is new: the base has no such program` }),
    ];
  if (!noBase && load.base?.value === 0) {
    return [
      row(scope, 'load_ok', load, {
        verdict: 'improved',
        why: `${program} loads on ${target.kernel}, where the base does not`,
      }),
    ];
  }
  return required
    ? [row(scope, 'load_ok', load, { verdict: 'pass', why: `${program} loads on ${target.kernel}` })]
    : [];
}

function metricRow(
  scope: Scope,
  metric: Metric,
  pair: Pair,
  input: string | undefined,
  baseKnows: boolean,
  load: Pair,
): Verdict | undefined {
  const budget = scope.budgets.get(metric.name);
  const head = figureOf(pair.head);
  const base = scope.noBase ? undefined : figureOf(pair.base);
  const { target, program } = scope;
  const subject = `${metric.name} of ${program}${input === undefined ? '' : ` (${input})`} on ${target.kernel}`;

  if (head === undefined) {
    const reason = pair.head?.absent?.reason ?? 'no figure was reported';
    if (base === undefined && budget === undefined) return undefined;
    const had = base === undefined ? '' : `, where the base has ${base.value}`;
    // A figure that a budget holds and that vanishes is a gate that falls silent: that fails.
    const verdict = budget !== undefined && base !== undefined ? 'over' : 'unmeasured';
    return row(
      scope,
      metric.name,
      pair,
      { verdict, why: `${subject} was not measured${had}: ${reason}` },
      input,
    );
  }
  if (budget === undefined) {
    if (base === undefined) {
      const appeared = !scope.noBase && baseKnows && load.base?.value !== 0 && pair.base !== undefined;
      if (!appeared) return undefined;
      const reason = pair.base?.absent?.reason ?? 'no figure was reported';
      return row(
        scope,
        metric.name,
        pair,
        { verdict: 'new', why: `${subject} is ${head.value}; the base has none: ${reason}` },
        input,
      );
    }
    return unbudgetedRow(scope, metric, pair, head, base, subject, input);
  }

  const { object, tests } = scope;
  const key = { target: target.id, object, program, input: input ?? '', metric: metric.name };
  const checks = tests.get(rowKey(key))?.map(timedCheck) ?? [
    ...maxCheck(budget, head),
    ...increaseCheck(budget, head, base, metric.decimals),
    ...minCheck(budget, head),
    ...decreaseCheck(budget, head, base, metric.decimals),
  ];
  const over = checks.filter(({ verdict }) => verdict === 'over');
  const open = checks.filter(({ verdict }) => verdict === 'inconclusive');
  const change =
    base === undefined ? undefined : (pair.head?.change?.value ?? subtract(head.value, base.value));
  const say = (verdict: VerdictName, parts: readonly string[]) =>
    row(
      scope,
      metric.name,
      pair,
      { verdict, why: `${subject} is ${head.value}${changeWords(change, base)}: ${parts.join('; ')}` },
      input,
    );
  if (over.length > 0)
    return say(
      'over',
      over.map(({ why }) => why),
    );
  if (open.length > 0)
    return say(
      'inconclusive',
      open.map(({ why }) => why),
    );
  const whys = checks.map(({ why }) => why);
  const relative = budget.increase ? 'increase' : budget.decrease ? 'decrease' : undefined;
  if (relative && base === undefined) {
    const missing = missingBase(scope, pair, baseKnows, input);
    return say(missing.verdict, [...whys, `the ${relative} cannot be checked: ${missing.reason}`]);
  }
  const isTold = change !== undefined && isSure(pair) && (pair.head?.change || !overlap(head, base));
  return say(isTold && isBetter(metric, change) ? 'improved' : 'pass', whys);
}

function unbudgetedRow(
  scope: Scope,
  metric: Metric,
  pair: Pair,
  head: Figure,
  base: Figure,
  subject: string,
  input: string | undefined,
): Verdict | undefined {
  const paired = pair.head?.change;
  const change = paired?.value ?? subtract(head.value, base.value);
  if (change === 0) return undefined;
  // What chance gives as well, or intervals that overlap, show no change that a reader could rely on.
  if (paired ? paired.interval[0] <= 0 && paired.interval[1] >= 0 : overlap(head, base)) return undefined;
  const verdict = isBetter(metric, change) ? 'improved' : 'pass';
  const why = `${subject} is ${head.value}${changeWords(change, base)}: no budget holds it`;
  return row(scope, metric.name, pair, { verdict, why }, input);
}

/** Why an increase or a decrease has nothing to be held against. */
function missingBase(
  scope: Scope,
  pair: Pair,
  baseKnows: boolean,
  input: string | undefined,
): { verdict: VerdictName; reason: string } {
  if (scope.noBase) return scope.noBase;
  if (pair.base === undefined && !baseKnows) {
    return {
      verdict: 'new',
      reason: `the ${input === undefined ? 'program' : 'program or its input'} is new`,
    };
  }
  return {
    verdict: 'no-baseline',
    reason: `the base has no figure: ${pair.base?.absent?.reason ?? 'none was reported'}`,
  };
}

const overlap = (a: Figure, b: Figure | undefined) => b !== undefined && a.low <= b.high && b.low <= a.high;

/** Of a timed figure: whether the change is one at all. */
function isSure({ head }: Pair): boolean {
  return (head?.change?.p ?? 0) <= FALSE_ALARMS;
}

function isBetter({ better, isShare }: Metric, change: number): boolean {
  if (isShare) return false;
  return better === 'less' ? change < 0 : change > 0;
}

function changeWords(change: number | undefined, base: Figure | undefined): string {
  if (change === undefined || base === undefined) return '';
  if (change === 0) return ', as before';
  return `, ${change > 0 ? `${change} more` : `${subtract(0, change)} less`} than before`;
}

function row(
  scope: Scope,
  metric: string,
  pair: Pair,
  finding: { readonly verdict: VerdictName; readonly why: string },
  input?: string,
): Verdict {
  const head = pair.head?.value;
  const base = scope.noBase ? undefined : pair.base?.value;
  const known: Metric | undefined = METRICS.find(({ name }) => name === metric);
  const budget = budgetText(scope.budgets.get(metric), base, known?.decimals);
  const where = pair.head?.where;
  const intervals = intervalsOf(pair, base !== undefined);
  // The median of differences is closer than the difference of medians.
  const change =
    base === undefined || head === undefined ? undefined : (pair.head?.change?.value ?? subtract(head, base));
  return {
    target: scope.target.id,
    object: scope.object,
    program: scope.program,
    ...(input === undefined ? {} : { input }),
    metric,
    unit: known?.unit ?? '',
    ...(base === undefined ? {} : { base }),
    ...(head === undefined ? {} : { head }),
    ...(change === undefined ? {} : { change }),
    ...(intervals ? { intervals } : {}),
    ...(budget === undefined ? {} : { budget }),
    verdict: finding.verdict,
    ...(where === undefined ? {} : { where }),
    why: oneLine(finding.why),
  };
}

function intervalsOf({ base, head }: Pair, hasBase: boolean): Verdict['intervals'] {
  if (head?.interval === undefined) return undefined;
  return {
    head: head.interval,
    ...(hasBase && base?.interval ? { base: base.interval } : {}),
    ...(hasBase && head.change ? { change: head.change.interval } : {}),
  };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 1000);
}

const byInput = (a: string | undefined, b: string | undefined) => byText(a ?? '', b ?? '');
