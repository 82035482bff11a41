// What a change does to the budget file itself. Head is judged by head's budgets, so a change that loosens one would
// pass by its own hand: it is shown, with what base allowed.

import { type Config, type Increase, programConfig } from '../model/config.ts';
import { inputName } from '../model/input.ts';
import type { ProgramName } from '../model/match.ts';
import type { BudgetChange } from '../model/report.ts';
import { budgetText } from './limits.ts';
import { type Budget, resolveBudgets } from './resolve.ts';

/**
 * Differences between base's and head's budget files in what is measured and in what passes. Budgets are compared as
 * they hold for `programs` on `kernels`, not as they are written: one that moves from '*' to a program is no change.
 */
export function budgetChanges(base: Config, head: Config, programs: readonly ProgramName[]): BudgetChange[] {
  return [
    ...listChanges('kernels', base.kernels, head.kernels),
    ...listChanges('objects', base.objects, head.objects),
    ...settingChanges(base, head, programs),
    ...limitChanges(base, head, programs),
  ];
}

/** Less that is measured is looser; more is a change like any other. */
function listChanges(subject: string, base: readonly string[], head: readonly string[]): BudgetChange[] {
  const removed = base.filter((each) => !head.includes(each));
  const added = head.filter((each) => !base.includes(each));
  if (removed.length === 0 && added.length === 0) return [];
  const text = (list: readonly string[]) => list.join(', ') || undefined;
  return [change(removed.length > 0 ? 'loosened' : 'changed', subject, text(base), text(head))];
}

function settingChanges(base: Config, head: Config, programs: readonly ProgramName[]): BudgetChange[] {
  const cpu = ({ machine }: Config) => machine?.cpu;
  const sizes = ({ map_sizes }: Config) => map_sizes && JSON.stringify(map_sizes);
  const changes: BudgetChange[] = [];
  if (cpu(base) !== cpu(head)) changes.push(change('changed', 'machine.cpu', cpu(base), cpu(head)));
  if (sizes(base) !== sizes(head)) changes.push(change('changed', 'map_sizes', sizes(base), sizes(head)));
  const names = [...new Map(programs.map((each) => [each.program, each])).values()];
  for (const name of names) {
    const [before, after] = [programConfig(base.programs, name), programConfig(head.programs, name)];
    // Without inputs a program runs on one of its type's own: a list that goes away is another list.
    const inputs = (config: typeof before) => (config.inputs ?? []).map(inputName);
    changes.push(...listChanges(`inputs of ${name.program}`, inputs(before), inputs(after)));
    for (const key of ['type', 'maps', 'tail_calls'] as const) {
      const [was, is] = [JSON.stringify(before[key]), JSON.stringify(after[key])];
      if (was !== is) changes.push(change('changed', `${key} of ${name.program}`, was, is));
    }
  }
  return changes;
}

function limitChanges(base: Config, head: Config, programs: readonly ProgramName[]): BudgetChange[] {
  const found = new Map<string, { change: BudgetChange; programs: Set<string>; kernels: Set<string> }>();
  for (const kernel of head.kernels) {
    for (const name of programs) {
      const before = resolveBudgets(base.budgets, name, kernel);
      const after = resolveBudgets(head.budgets, name, kernel);
      for (const metric of new Set([...before.keys(), ...after.keys()])) {
        const [was, is] = [before.get(metric), after.get(metric)];
        const kind = compareBudgets(was, is);
        if (kind === undefined) continue;
        const each = change(kind, metric, budgetText(was, undefined)?.text, budgetText(is, undefined)?.text);
        const key = JSON.stringify(each);
        const group = found.get(key) ?? { change: each, programs: new Set(), kernels: new Set() };
        group.programs.add(name.program);
        group.kernels.add(kernel);
        found.set(key, group);
      }
    }
  }
  return [...found.values()].map((group) => ({
    ...group.change,
    subject: `${group.change.subject} of ${programList([...group.programs])}`,
    ...(group.kernels.size < head.kernels.length ? { kernels: [...group.kernels] } : {}),
  }));
}

/** undefined: the same limits. Looser in any of them is loosened, whatever the others do. */
function compareBudgets(
  base: Budget | undefined,
  head: Budget | undefined,
): BudgetChange['change'] | undefined {
  const steps = [
    compareLimits(base?.max?.value, head?.max?.value, (a, b) => a - b),
    compareLimits(base?.increase?.value, head?.increase?.value, compareIncreases),
    compareLimits(base?.min?.value, head?.min?.value, (a, b) => b - a),
    compareLimits(base?.decrease?.value, head?.decrease?.value, compareIncreases),
    Number(base?.required?.value ?? true) - Number(head?.required?.value ?? true),
  ];
  if (steps.some((step) => step > 0)) return 'loosened';
  return steps.some((step) => step < 0) ? 'tightened' : undefined;
}

/** Above 0 where head allows more; no limit allows everything. */
function compareLimits<T>(base: T | undefined, head: T | undefined, order: (a: T, b: T) => number): number {
  if (base === undefined) return head === undefined ? 0 : -1;
  return head === undefined ? 1 : order(head, base);
}

type Growth = Exclude<Increase, 'none'>;

/** A count against a percentage depends on base's figure: shown as looser, for a reader to judge. */
function compareIncreases(a: Growth, b: Growth): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'object' && typeof b === 'object') return Number(a.percent) - Number(b.percent);
  return 1;
}

const NAMES_SHOWN = 5;

function programList(programs: readonly string[]): string {
  const rest = programs.length - NAMES_SHOWN;
  const shown = programs.slice(0, NAMES_SHOWN).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function change(
  kind: BudgetChange['change'],
  subject: string,
  base: string | undefined,
  head: string | undefined,
): BudgetChange {
  return {
    change: kind,
    subject,
    ...(base === undefined ? {} : { base }),
    ...(head === undefined ? {} : { head }),
  };
}
