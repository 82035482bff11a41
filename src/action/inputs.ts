// The Action's inputs: texts in, one typed object out, or every fault at once. action.yml documents them and holds
// their defaults; action-types.yml their types.

import { withoutUndefined } from '../model/defined.ts';
import { TollgateError, TollgateErrors } from '../model/errors.ts';
import { didYouMean } from '../model/suggest.ts';

export const MODES = ['exact', 'merge', 'comment'] as const;
export const COMMENT_RULES = ['on-change', 'always', 'never'] as const;
export const FAIL_ON = ['over', 'failed', 'inconclusive', 'never'] as const;
export const HISTORIES = ['none', 'artifact', 'branch'] as const;

export interface Inputs {
  readonly config: string;
  /** Without it those of the budget file. */
  readonly kernels?: readonly string[];
  readonly mode: (typeof MODES)[number];
  readonly baseRef?: string;
  readonly baseObjects?: string;
  readonly comment: (typeof COMMENT_RULES)[number];
  /** Empty: nothing is asked of GitHub. */
  readonly token: string;
  readonly annotations: number;
  /** Whether to look for the lines that made dearer what is over. */
  readonly explain: boolean;
  /** Without it nothing is uploaded. */
  readonly artifact?: string;
  readonly cache: boolean;
  /** As '2/4'. */
  readonly shard?: string;
  readonly workingDirectory: string;
  /** Empty: nothing but a wrong budget file or input. */
  readonly failOn: ReadonlySet<'over' | 'failed' | 'inconclusive'>;
  readonly history: (typeof HISTORIES)[number];
}

/** `get` gives an input's text, '' where it is not set. Throws TollgateErrors ('usage') that name each wrong input. */
export function readInputs(get: (name: string) => string): Inputs {
  const faults: TollgateError[] = [];
  const text = (name: string) => get(name).trim();
  const optional = (name: string) => text(name) || undefined;
  const fault = (name: string, hint: string) =>
    faults.push(new TollgateError('usage', `Cannot use input '${name}: ${shown(text(name))}'`, { hint }));
  const oneOf = <const T extends readonly string[]>(name: string, values: T): T[number] => {
    const value = text(name) || values[0]!;
    if (!values.includes(value)) {
      const known = `expected ${values.join(', ')}`;
      const timed =
        name === 'mode' && value.includes('timed') ? 'this version measures in exact mode only; ' : '';
      fault(name, timed + (didYouMean(value, values) ?? known));
    }
    return value as T[number];
  };
  const wholeNumber = (name: string, most: number) => {
    const value = text(name);
    if (!/^\d{1,6}$/.test(value) || Number(value) > most) fault(name, `expected a number from 0 to ${most}`);
    return Number(value);
  };
  const flag = (name: string) => {
    const value = text(name).toLowerCase();
    if (value !== 'true' && value !== 'false') fault(name, 'expected true or false');
    return value === 'true';
  };

  // An empty text is what an unset variable gives: the gate stays shut.
  const failOn = list(text('fail-on') || 'over, failed');
  for (const each of failOn)
    if (!(FAIL_ON as readonly string[]).includes(each))
      fault('fail-on', didYouMean(each, FAIL_ON) ?? `expected ${FAIL_ON.join(', ')}`);
  if (failOn.includes('never') && failOn.length > 1) fault('fail-on', "'never' stands alone");
  const artifact = optional('artifact');
  if (artifact !== undefined && !ARTIFACT_NAME.test(artifact))
    fault('artifact', 'expected letters, digits, blanks and . _ - + = ( ) [ ] only, at most 200');
  if (optional('base-ref')?.startsWith('-')) fault('base-ref', "a git reference does not begin with '-'");
  const kernels = list(text('kernels'));
  if (optional('shard') !== undefined && text('history') !== '' && text('history') !== 'none')
    fault('history', "a shard is a part: the job with 'mode: merge' keeps the whole");

  const inputs: Inputs = {
    config: optional('config') ?? 'tollgate.yml',
    ...(kernels.length > 0 ? { kernels } : {}),
    mode: oneOf('mode', MODES),
    ...withoutUndefined({
      baseRef: optional('base-ref'),
      baseObjects: optional('base-objects'),
      shard: optional('shard'),
      artifact,
    }),
    comment: oneOf('comment', COMMENT_RULES),
    token: text('token'),
    annotations: wholeNumber('annotations', 10),
    explain: flag('explain'),
    cache: flag('cache'),
    workingDirectory: optional('working-directory') ?? '.',
    failOn: new Set(failOn.filter((each) => each !== 'never') as ('over' | 'failed' | 'inconclusive')[]),
    history: oneOf('history', HISTORIES),
  };
  if (faults.length > 0) throw new TollgateErrors(faults);
  return inputs;
}

/** Of what @actions/artifact takes, what is also a harmless file name. */
const ARTIFACT_NAME = /^[A-Za-z0-9 ._\-+=()[\]]{1,200}$/;
const SHOWN_CHARACTERS = 100;

const shown = (value: string) =>
  value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}...` : value;

function list(value: string): string[] {
  return [...new Set(value.split(/[\s,]+/).filter((each) => each !== ''))];
}
