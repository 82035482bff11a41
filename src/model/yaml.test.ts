import { expect, test } from 'vitest';
import { TollgateErrors } from './errors.ts';
import { parseYaml, YAML_MAX_BYTES } from './yaml.ts';

function messages(text: string): string[] {
  try {
    parseYaml(text, 't.yml');
  } catch (error) {
    if (error instanceof TollgateErrors) return error.message.split('\n');
    throw error;
  }
  return [];
}

const plain = (text: string) => JSON.parse(JSON.stringify(parseYaml(text, 't.yml').value));

test.each<[string, unknown]>([
  ['', null],
  ['# only a comment\n', null],
  ['\uFEFFa: 1\n', { a: 1 }],
  ['a: 1\r\nb: [x, 2]\r\n', { a: 1, b: ['x', 2] }],
  ['{0x10: 1, 0: 18446744073709551615}', { '0x10': 1, '0': '18446744073709551615' }],
  ['x: &i [1]\ny: *i\n', { x: [1], y: [1] }],
  ['yes: no\n', { yes: 'no' }],
  ['a:\n', { a: null }],
])('%j reads as %j', (text, value) => {
  expect(plain(text)).toEqual(value);
});

test('keys and values know their line and column, through aliases too', () => {
  const yaml = parseYaml('a:\n  - b: 1\n    cc: &x two\nd: *x\n', 't.yml');
  expect(yaml.keyPlace(['a', 0, 'cc'])).toEqual({ file: 't.yml', line: 3, column: 5 });
  expect(yaml.valuePlace(['a', 0, 'cc'])).toEqual({ file: 't.yml', line: 3, column: 12 });
  expect(yaml.valuePlace(['a', 0, 'missing', 'deeper'])).toEqual({ file: 't.yml', line: 2, column: 5 });
  expect(yaml.valuePlace(['d'])).toEqual({ file: 't.yml', line: 3, column: 12 });
});

test.each<[string, string[]]>([
  ['a: 1\na: 2\n', ["Cannot parse 't.yml': the key 'a' comes twice (t.yml:2:1)"]],
  ['{0: 1, "0": 2}', ["Cannot parse 't.yml': the key '0' comes twice (t.yml:1:8)"]],
  [
    '*: 1\n',
    [
      "Cannot parse 't.yml': Alias ending in : is ambiguous (t.yml:1:2)",
      '  quote a name that has a star in it: "*"',
      "Cannot parse 't.yml': Unexpected scalar at node end (t.yml:1:4)",
    ],
  ],
  ['true: 1\n', ["Cannot parse 't.yml': expected a name as the key (t.yml:1:1)", '  quote it: "true"']],
  ['[a]: 1\n', ["Cannot parse 't.yml': expected a name as the key (t.yml:1:1)"]],
  [
    '__proto__: 1\n',
    ["Cannot parse 't.yml': expected a name as the key (t.yml:1:1)", '  quote it: "__proto__"'],
  ],
  ['a: 1\n---\nb: 1\n', ["Cannot parse 't.yml': Source contains multiple documents (t.yml:2:1)"]],
  [
    'a: [1\n',
    [
      "Cannot parse 't.yml': Flow sequence in block collection must be sufficiently indented and end with a ] (t.yml:2:1)",
    ],
  ],
  [
    'a: !!python/object x\n',
    [
      "Cannot parse 't.yml': Unresolved tag: tag:yaml.org,2002:python/object (t.yml:1:4)",
      '  quote a value that starts with "!"',
    ],
  ],
  ['a: &a [*a]\n', ["Cannot parse 't.yml': it has more than 32 levels, its aliases expanded (t.yml:1:8)"]],
  [
    'a:\n\tb: 1\n',
    [
      "Cannot parse 't.yml': Tabs are not allowed as indentation (t.yml:2:1)",
      '  indent with spaces, not with tabs',
    ],
  ],
])('%j is refused with %j', (text, expected) => {
  expect(messages(text)).toEqual(expected);
});

test('aliases that expand to millions of values are refused, quickly', () => {
  const rows = Array.from({ length: 9 }, (_, i) => {
    const aliases =
      i === 0
        ? 'x, x, x, x, x, x, x, x, x, x'
        : Array(10)
            .fill(`*a${i - 1}`)
            .join(', ');
    return `a${i}: &a${i} [${aliases}]`;
  });
  const started = performance.now();
  expect(messages(rows.join('\n'))[0]).toContain('it has more than 100000 values, its aliases expanded');
  expect(performance.now() - started).toBeLessThan(5000);
});

test.each<[string, string]>([
  ['brackets', '['.repeat(200_000)],
  ['dashes', '- '.repeat(200_000)],
  ['indentation', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
])('deep nesting by %s is refused, not a crash', (_name, text) => {
  expect(messages(text)).toEqual(["Cannot parse 't.yml': it is nested deeper than 32 levels"]);
});

test.each<[string, string]>([
  ['keys', Array.from({ length: 20_000 }, (_, i) => `k${i}: 1\n`).join('')],
  ['faults in one line', '&a '.repeat(50_000)],
])('a file full of %s is read or refused within seconds', (_name, text) => {
  const started = performance.now();
  messages(text);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('a file above the size bound is refused unread', () => {
  expect(messages(`a: ${'x'.repeat(YAML_MAX_BYTES)}`)).toEqual([
    "Cannot parse 't.yml': it has 1048579 bytes, more than the 1048576 allowed",
  ]);
});
