// Which limits hold for one program on one kernel. Precedence is a rule of its own, so that comparing knows
// nothing of names and globs.

import type { BudgetRule, Increase } from '../model/config.ts';
import {
  comparePrecedence,
  matchBudget,
  matchKernel,
  type Precedence,
  type ProgramName,
} from '../model/match.ts';

/** A limit with the rule it comes from. */
export interface Limit<T> {
  readonly value: T;
  readonly rule: BudgetRule;
}

/** The limits on one metric; an absent one is no limit. */
export interface Budget {
  readonly max?: Limit<number>;
  readonly increase?: Limit<Exclude<Increase, 'none'>>;
  /** These two of metrics of which more is better. */
  readonly min?: Limit<number>;
  readonly decrease?: Limit<Exclude<Increase, 'none'>>;
  /** load_ok only. */
  readonly required?: Limit<boolean>;
}

/**
 * The budgets by metric. Each field is resolved apart: the closest program pattern that sets it wins, among equally
 * close ones the closest kernel list, and then the rule that comes later in the file. 'none' wins like a number and
 * lifts the limit.
 */
export function resolveBudgets(
  rules: readonly BudgetRule[],
  name: ProgramName,
  kernel: string,
): ReadonlyMap<string, Budget> {
  const ranked = rules
    .flatMap((rule) => {
      const precedence = precedenceOf(rule, name, kernel);
      return precedence === undefined ? [] : [{ rule, precedence }];
    })
    .sort((a, b) => comparePrecedence(a.precedence, b.precedence))
    .map(({ rule }) => rule);
  const metrics = [...new Set(ranked.map((rule) => rule.metric))];
  const budgets = metrics.map(
    (metric) => [metric, budgetOf(ranked.filter((rule) => rule.metric === metric))] as const,
  );
  return new Map(budgets.filter(([, budget]) => Object.keys(budget).length > 0));
}

function precedenceOf(rule: BudgetRule, name: ProgramName, kernel: string): Precedence | undefined {
  const program = matchBudget(rule.match, name);
  const held = matchKernel(rule.kernels, kernel);
  return program === undefined || held === undefined ? undefined : [...program, ...held];
}

/** `rules` in rising precedence: the last one that sets a field has it. */
function budgetOf(rules: readonly BudgetRule[]): Budget {
  return {
    ...limitOf(rules, 'max'),
    ...limitOf(rules, 'increase'),
    ...limitOf(rules, 'min'),
    ...limitOf(rules, 'decrease'),
    ...limitOf(rules, 'required'),
  };
}

function limitOf<Field extends keyof Budget>(
  rules: readonly BudgetRule[],
  field: Field,
): Pick<Budget, Field> {
  const rule = rules.findLast((each) => each[field] !== undefined);
  const value = rule?.[field];
  const limit = value === undefined || value === 'none' ? {} : { [field]: { value, rule } };
  return limit as unknown as Pick<Budget, Field>;
}
