import { expect, test } from 'vitest';
import { HOOKS, hookLabel } from './hooks/index.ts';
import { PROGRAM_TYPES } from './program-types.ts';
import { parseStimulus, STIMULI, stimulusLabel } from './stimuli.ts';

test.each([
  ['udp', { name: 'udp', sizeBytes: 64 }],
  ['udp:1400', { name: 'udp', sizeBytes: 1400 }],
  ['udp:59', undefined],
  ['udp:1515', undefined],
  ['udp:', undefined],
  ['udp_rtt', undefined],
  ['', undefined],
])("'%s' is a stimulus or none", (text, expected) => {
  expect(parseStimulus(text)).toEqual(expected);
});

test('a stimulus reads back from what it is called', () => {
  const chosen = STIMULI.map(({ name }) => parseStimulus(name)!);
  expect(chosen.map((each) => parseStimulus(stimulusLabel(each)))).toEqual(chosen);
});

test('every hook names types and stimuli that there are, and variants that its options allow', () => {
  const types = PROGRAM_TYPES.map(({ name }) => name);
  const faults = HOOKS.flatMap(({ name, programTypes, stimuli, variants, options, takesMap }) => [
    ...programTypes.filter((type) => !types.includes(type)),
    ...stimuli.filter((stimulus) => !parseStimulus(stimulus)),
    ...variants.flatMap((variant) =>
      Object.keys(options)
        .filter((key) => key !== 'map' || takesMap?.(variant))
        .filter((key) => !options[key]!.safeParse(variant[key]).success)
        .map((key) => `${name}.${key}`),
    ),
  ]);
  expect(faults).toEqual([]);
  const labels = HOOKS.flatMap((hook) => hook.variants.map((variant) => hookLabel(hook, variant)));
  expect(new Set(labels).size).toBe(labels.length);
});
