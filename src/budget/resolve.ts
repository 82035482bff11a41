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
  const max = rules.findLast((rule) => rule.max !== undefined);
  const increase = rules.findLast((rule) => rule.increase !== undefined);
  const required = rules.findLast((rule) => rule.required !== undefined);
  return {
    ...(typeof max?.max === 'number' ? { max: { value: max.max, rule: max } } : {}),
    ...(increase?.increase !== undefined && increase.increase !== 'none'
      ? { increase: { value: increase.increase, rule: increase } }
      : {}),
    ...(required?.required !== undefined ? { required: { value: required.required, rule: required } } : {}),
  };
}
