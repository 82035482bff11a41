// What explanations look like, from a recorded one (its lists cut short). After a deliberate change,
// UPDATE_GOLDEN=1 npx vitest run --project unit src/report/explain rewrites the golden files; read the difference.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { type Explanations, explanationsSchema } from '../model/explanation.ts';
import { EXPLANATION_RENDERERS } from './explain.ts';
import { renderSpeedscope } from './explain-speedscope.ts';
import { renderExplanationsTerminal } from './explain-terminal.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/explained');
const RECORDED = explanationsSchema.parse(
  JSON.parse(readFileSync(join(FOLDER, 'extra-lookup.json'), 'utf8')),
);
const EXTENSIONS = {
  terminal: 'txt',
  markdown: 'md',
  flamegraph: 'folded',
  speedscope: 'speedscope.json',
} as const;

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
    if (name === 'speedscope') expect(text).not.toContain('\\u001b');
    if (name === 'markdown') expect(text.replace(/`[^`\n]*`/g, '')).not.toMatch(/<b>|@team/);
    if (name === 'flamegraph') expect(text).toBe('<b>\\x1b[31m,x\\n@team;b 2\n');
  }
});

test("speedscope's file is of its published schema, and its weights are the run's instructions", () => {
  const schema = JSON.parse(readFileSync(join(FOLDER, '../speedscope/file-format-schema.json'), 'utf8'));
  const isValid = new Ajv({ strict: false }).compile(schema);
  const file = JSON.parse(renderSpeedscope(RECORDED));
  expect(isValid(file), JSON.stringify(isValid.errors)).toBe(true);
  expect(isValid({ ...file, shared: {} })).toBe(false);
  const explained = RECORDED.explanations.filter(({ absent }) => !absent);
  expect(file.profiles.map(({ name }: { name: string }) => name)).toEqual(
    explained.map(({ target, side, input }) => `${target.kernel} ${side} ${input}`),
  );
  for (const [i, { stacks }] of explained.entries()) {
    const { samples, weights, endValue } = file.profiles[i];
    expect(endValue).toBe(stacks.reduce((sum, { insns }) => sum + insns.warm, 0));
    expect(samples).toHaveLength(weights.length);
    expect(file.shared.frames.length).toBeGreaterThan(Math.max(...samples.flat()));
  }
});

describe('a whole function, where its source is at hand', () => {
  const own = (line: number, text: string, warm: number) => ({
    program: 'lb',
    function: 'lb',
    file: 'lb.c',
    line,
    text,
    own: { cold: warm, warm },
    called: { cold: 0, warm: 0 },
  });
  const inline = { ...own(1, 'return 7;', 5), near: { file: 'lb.c', line: 6, text: 'return seven();' } };
  const all: Explanations = {
    ...RECORDED,
    differences: [],
    explanations: [
      {
        ...RECORDED.explanations[0]!,
        program: 'lb',
        packets: 1,
        insns: { cold: 10, warm: 10 },
        outside: { cold: 0, warm: 0 },
        lines: [own(4, 'int lb(void)', 2), own(6, 'return seven();', 3), inline],
        calls: [],
        tailCalls: [],
        instructions: [],
        stacks: [],
      },
    ],
  };
  const source = [
    'int seven() {',
    '}',
    '',
    'int lb(void)',
    '{',
    '\treturn seven();',
    '\tunreachable();',
    '}',
    '',
    'int z;',
  ];

  test('is shown with counts in the margin, and what was put into it behind', () => {
    const text = renderExplanationsTerminal(all, { verbose: true, sources: new Map([['lb.c', source]]) });
    const from = text.indexOf('lb:\n');
    expect(text.slice(from, text.indexOf('\n\nExact'))).toBe(`lb:
insns  share  line  source
    2  20.0%     4  int lb(void)
                 5  {
    3  30.0%     6      return seven();
                 7      unreachable();
                 8  }

put into it by inline functions:
insns  share  cold  line           source
    5  50.0%     5  lb.c:1 near 6  return 7;
`);
  });

  test('else its lines alone are', () => {
    expect(renderExplanationsTerminal(all, { verbose: true })).toContain(
      '\n    3  30.0%     3  lb.c:6         return seven();\n',
    );
  });
});

test('a program without line information has figures of its instructions and helpers', () => {
  const place = { program: 'blind', function: 'blind' };
  const all: Explanations = {
    ...RECORDED,
    differences: [],
    explanations: [
      {
        ...RECORDED.explanations[0]!,
        program: 'blind',
        packets: 1,
        insns: { cold: 24, warm: 24 },
        outside: { cold: 0, warm: 0 },
        lines: [{ ...place, own: { cold: 4, warm: 4 }, called: { cold: 20, warm: 20 } }],
        calls: [
          {
            ...place,
            insn: 1,
            kind: 'helper',
            name: 'bpf_ktime_get_ns',
            times: { cold: 1, warm: 1 },
            insns: { cold: 20, warm: 20 },
            functions: [{ name: 'ktime_get_mono_fast_ns', insns: { cold: 20, warm: 20 } }],
          },
        ],
        tailCalls: [],
        instructions: [
          {
            ...place,
            insn: 0,
            code: 'b7'.padEnd(16, '0'),
            times: { cold: 1, warm: 1 },
            own: { cold: 3, warm: 3 },
          },
          {
            ...place,
            insn: 1,
            code: '85'.padEnd(16, '0'),
            times: { cold: 1, warm: 1 },
            own: { cold: 1, warm: 1 },
          },
        ],
        stacks: [],
      },
    ],
  };
  const text = renderExplanationsTerminal(all, { verbose: true });
  expect(text).toContain('24  100.0%    24  blind\n');
  expect(text).toContain('20 in bpf_ktime_get_ns: ktime_get_mono_fast_ns 20\n');
  expect(text).toContain('3 at instruction 0 (b700000000000000)\n');
  expect(text).toContain('1 at instruction 1 (8500000000000000)\n');
});

describe('a packet at a hook', () => {
  const place = { program: 'lb', function: 'lb' };
  const warm = (count: number) => ({ cold: 0, warm: count });
  const explanation = {
    ...RECORDED.explanations[0]!,
    program: 'lb',
    input: 'xdp native, udp:64',
    packets: 1,
    insns: warm(50),
    outside: warm(0),
    lines: [{ ...place, own: warm(50), called: warm(0) }],
    calls: [],
    tailCalls: [],
    instructions: [],
    stacks: [],
    inPlace: {
      ...{ nothing: 110, empty: 137, own: 181 },
      operations: [
        { operation: 'program' as const, nothing: 0, empty: 7, own: 50 },
        { operation: 'locks' as const, nothing: 0, empty: 0, own: 0 },
        { operation: 'copying' as const, nothing: 10, empty: 30, own: 30 },
        { operation: 'rest' as const, nothing: 100, empty: 100, own: 101 },
      ],
      functions: [
        { name: 'program lb', operation: 'program' as const, nothing: 0, empty: 0, own: 50 },
        { name: 'memcpy', operation: 'copying' as const, nothing: 10, empty: 30, own: 30 },
        { name: 'program nop', operation: 'program' as const, nothing: 0, empty: 7, own: 0 },
        { name: 'udp_sendmsg', operation: 'rest' as const, nothing: 100, empty: 100, own: 101 },
      ],
      stacks: [
        { frames: ['stimulus', 'udp_sendmsg'], nothing: 100, empty: 100, own: 101 },
        { frames: ['stimulus', 'lb'], nothing: 0, empty: 0, own: 50 },
      ],
    },
  };
  const all: Explanations = { ...RECORDED, differences: [], explanations: [explanation] };

  test('is told by operation and function, and what is not shown in one row', () => {
    const text = renderExplanationsTerminal(all, { maxRows: 2 });
    const from = text.indexOf('181 instructions');
    expect(text.slice(from, text.indexOf('\n\nExact'))).toBe(
      `181 instructions a packet: 110 with nothing attached, +27 by the hook (hook_insns), +44 by the program (hook_program_insns)

nothing  hook  program  spent on
      0    +7      +43  program
     10   +20        0  copying
    100     0       +1  rest

nothing  hook  program  spent on  function
      0     0      +50  program   program lb
     10   +20        0  copying   memcpy
    100    +7       -6            in 2 more functions

50 instructions: 50 of the programs' own, 0 in what they call

insns   share  program  line  source
   50  100.0%  lb       lb`,
    );
  });

  test('is a graph for each arm', () => {
    const flamegraph = EXPLANATION_RENDERERS.find(({ name }) => name === 'flamegraph')!;
    const { kernel } = explanation.target;
    expect(flamegraph.render(all)).toBe(
      [
        `${kernel} head xdp native, udp:64: nothing attached;stimulus;udp_sendmsg 100`,
        `${kernel} head xdp native, udp:64: an empty program;stimulus;udp_sendmsg 100`,
        `${kernel} head xdp native, udp:64: the program;stimulus;udp_sendmsg 101`,
        `${kernel} head xdp native, udp:64: the program;stimulus;lb 50`,
        '',
      ].join('\n'),
    );
  });

  test("without the program's own figure its hook is told all the same", () => {
    const { own: _, ...inPlace } = explanation.inPlace;
    const absent = { reason: '1024 of 1024 events get lost' };
    const text = renderExplanationsTerminal({
      ...all,
      explanations: [{ ...explanation, absent, inPlace }],
    });
    expect(text).toContain(`no profile: 1024 of 1024 events get lost
137 instructions a packet: 110 with nothing attached, +27 by the hook (hook_insns)
`);
  });
});
