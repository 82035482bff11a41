import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRIC_NAMES } from '../src/model/metrics.ts';
import { PROGRAM_TYPES } from '../src/model/program-types.ts';

const root = resolve(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const markdown = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const PAGES = [...markdown('.'), ...markdown('docs'), ...markdown('LICENSES')];

test.each(PAGES)('every link of %s leads somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#\s]+)(#[^)\s]+)?\)/g)].map((match) => match[1]!);
  const broken = links.filter(
    (link) => !/^<?https?:/.test(link) && !existsSync(join(root, dirname(page), link)),
  );
  expect(broken).toEqual([]);
});

test.each(PAGES)('every heading that a link of %s names is there', (page) => {
  const anchors = (name: string) =>
    [...read(name).matchAll(/^#+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
  const links = [...read(page).matchAll(/\]\(([^)#\s]*\.md)?#([^)\s]+)\)/g)];
  const broken = links
    .filter(([, file, anchor]) => !anchors(file ? join(dirname(page), file) : page).includes(anchor!))
    .map(([link]) => link);
  expect(broken).toEqual([]);
});

test('measurements.md names every metric and every type that has a test run', () => {
  const page = read('docs/measurements.md');
  const names = [...METRIC_NAMES, ...PROGRAM_TYPES.filter(({ testRun }) => testRun).map(({ name }) => name)];
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('troubleshooting.md names every reason a run can end with', () => {
  const page = read('docs/troubleshooting.md');
  const sources = [
    'src/vm',
    'src/kernels',
    'src/setup',
    'src/github',
    'src/explain',
    'src/run',
    'src/action',
  ].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => read(join(folder, name))),
  );
  // Reasons are of the form 'two-words'; 'network' and the like are spelled out where they are documented.
  const reasons = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/\breason: '([a-z]+(?:-[a-z]+)+)'/g)].map((match) => match[1]!),
    ),
  );
  expect([...reasons].filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
});

test("action.md names every input and output of action.yml, with the input's default", () => {
  const page = read('docs/action.md');
  const action = parse(read('action.yml'));
  expect(Object.keys(action.outputs).filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
  const inputs: [string, { default: string }][] = Object.entries(action.inputs);
  const row = (name: string) => page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
  const said = inputs.filter(([name, input]) => !row(name).includes(input.default) && name !== 'token');
  expect(said.map(([name]) => name)).toEqual([]);
  expect(inputs.map(([name]) => name).filter((name) => row(name) === '')).toEqual([]);
});

test('commands.md names every command, flag and variable of the command line', () => {
  const page = read('docs/commands.md');
  const cli = ['src/cli.ts', ...readdirSync(join(root, 'src/cli')).map((name) => `src/cli/${name}`)]
    .map(read)
    .join('');
  const flags = [...cli.matchAll(/(?:\.option\(|new Option\()\s*'(--[a-z-]+)/g)].map((match) => match[1]!);
  const commands = [...cli.matchAll(/\.command\('([a-z]+)/g)].map((match) => match[1]!);
  const environment = cli + read('src/model/surroundings.ts');
  const variables = [...environment.matchAll(/\benv\.([A-Z_a-z]+)/g)].map((match) => match[1]!);
  expect(flags.filter((flag) => !page.includes(flag))).toEqual([]);
  expect(commands.filter((command) => !page.includes(command))).toEqual([]);
  expect(variables.filter((name) => !page.toLowerCase().includes(name.toLowerCase()))).toEqual([]);
});
