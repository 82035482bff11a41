// What explanations look like, from a recorded one (its lists cut short). After a deliberate change,
// UPDATE_GOLDEN=1 npx vitest run --project unit src/report/explain rewrites the golden files; read the difference.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Explanations, explanationsSchema } from '../model/explanation.ts';
import { EXPLANATION_RENDERERS } from './explain.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/explained');
const RECORDED = explanationsSchema.parse(
  JSON.parse(readFileSync(join(FOLDER, 'extra-lookup.json'), 'utf8')),
);
const EXTENSIONS = { terminal: 'txt', markdown: 'md', flamegraph: 'folded' } as const;

test.each(EXPLANATION_RENDERERS.filter(({ name }) => name !== 'json'))(
  '$name looks as it did',
  ({ name, render }) => {
    const path = join(FOLDER, `extra-lookup.${EXTENSIONS[name as keyof typeof EXTENSIONS]}`);
    const text = render(RECORDED, { width: 160 });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  },
);

test('as JSON nothing is lost', () => {
  const { render } = EXPLANATION_RENDERERS.find(({ name }) => name === 'json')!;
  expect(JSON.parse(render(RECORDED))).toEqual(RECORDED);
});

test('names from outside move no cursor, end no frame and open no markup', () => {
  const hostile = '<b>\u001b[31m;x\n@team';
  const [first] = RECORDED.explanations;
  const line = { ...first!.lines[0]!, text: hostile, program: hostile };
  const all: Explanations = {
    ...RECORDED,
    explanations: [
      {
        ...first!,
        program: hostile,
        lines: [line],
        stacks: [{ frames: [hostile, 'b'], insns: { cold: 1, warm: 2 } }],
      },
    ],
  };
  for (const { name, render } of EXPLANATION_RENDERERS) {
    const text = render(all);
    if (name === 'json') continue;
    expect(text).not.toContain('\u001b');
    if (name === 'markdown') expect(text.replace(/`[^`\n]*`/g, '')).not.toMatch(/<b>|@team/);
    if (name === 'flamegraph') expect(text).toBe('<b>\\x1b[31m,x\\n@team;b 2\n');
  }
});
