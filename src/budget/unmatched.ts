// Entries of a budget file that speak of no program there is: a renamed program must not lose its budget in silence.

import type { BudgetRule, Config } from '../model/config.ts';
import { type Place, TollgateError, TollgateErrors } from '../model/errors.ts';
import { fileName, isOfNoProgram, matchProgram, type ProgramName } from '../model/match.ts';
import { didYouMean } from '../model/suggest.ts';

/** Errors for budgets that match none of head's programs, or undefined. `base`: programs that only base has. */
export function unmatchedBudgets(
  rules: readonly BudgetRule[],
  programs: readonly ProgramName[],
  base: readonly ProgramName[] = [],
): TollgateErrors | undefined {
  const ofPrograms = rules.filter(({ match }) => !isOfNoProgram(match));
  const patterns = new Map(ofPrograms.map((rule) => [rule.match, rule.matchPlace]));
  return unmatched('budget', patterns, programs, base);
}

/** The same for the keys under `programs:`. */
export function unmatchedPrograms(
  configs: Config['programs'],
  programs: readonly ProgramName[],
  base: readonly ProgramName[] = [],
): TollgateErrors | undefined {
  const patterns = new Map(Object.entries(configs).map(([pattern, { place }]) => [pattern, place]));
  return unmatched('program entry', patterns, programs, base);
}

function unmatched(
  what: string,
  patterns: ReadonlyMap<string, Place>,
  programs: readonly ProgramName[],
  base: readonly ProgramName[],
): TollgateErrors | undefined {
  const errors = [...patterns].flatMap(([pattern, place]) => {
    if (matchesAny(pattern, programs)) return [];
    const hint = matchesAny(pattern, base)
      ? 'it matches a program of the base that head no longer has: remove the entry with the program'
      : hintFor(pattern, programs);
    return [
      new TollgateError('config', `Cannot use ${what} '${pattern}': it matches no program`, { place, hint }),
    ];
  });
  return errors.length === 0 ? undefined : new TollgateErrors(errors);
}

const matchesAny = (pattern: string, programs: readonly ProgramName[]) =>
  programs.some((name) => matchProgram(pattern, name) !== undefined);

function hintFor(pattern: string, programs: readonly ProgramName[]): string {
  if (programs.length === 0) return 'the objects hold no programs';
  const slash = pattern.includes('/');
  const names = programs.map(({ object, program }) => (slash ? `${fileName(object)}/${program}` : program));
  const known = [...new Set(names)].sort();
  const more = known.length > 20 ? `, and ${known.length - 20} more` : '';
  return didYouMean(pattern, known) ?? `programs: ${known.slice(0, 20).join(', ')}${more}`;
}
