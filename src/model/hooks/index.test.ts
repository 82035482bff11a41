import { expect, test } from 'vitest';
import { HOOKS, hookLabel, parseHook } from './index.ts';

test('every hook is read as the tables name it', () => {
  const labels = HOOKS.flatMap((hook) =>
    hook.variants.map((variant) => ({ label: hookLabel(hook, variant), hook: hook.name, ...variant })),
  );
  expect(labels.map(({ label }) => ({ label, ...parseHook(label) }))).toEqual(labels);
});

test.each([
  ['xdp', { hook: 'xdp' }],
  [' tc  egress ', { hook: 'tc', direction: 'egress' }],
  ['xdp sideways', undefined],
  ['xdp native generic', undefined],
  ['kprobe', { hook: 'kprobe' }],
  ['kprobe.single', undefined],
  ['', undefined],
])("'%s'", (text, attach) => {
  expect(parseHook(text)).toEqual(attach);
});
