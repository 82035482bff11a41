import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { COMMENT_RULES, FAIL_ON, HISTORIES, MODES, readInputs } from './inputs.ts';

const read = (name: string) => parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const action = read('action.yml');
const types = read('action-types.yml');

/** As the runner does: what the workflow sets, else action.yml's default. */
const inputs = (set: Record<string, string> = {}) =>
  readInputs((name) => {
    if (!(name in action.inputs)) throw new Error(`action.yml has no input '${name}'`);
    return set[name] ?? (name === 'token' ? 'ghs_default' : action.inputs[name].default);
  });

test("action.yml's defaults are these", () => {
  expect(inputs()).toEqual({
    config: 'tollgate.yml',
    mode: 'exact',
    comment: 'on-change',
    token: 'ghs_default',
    annotations: 10,
    explain: true,
    artifact: 'tollgate-report',
    cache: true,
    workingDirectory: '.',
    failOn: new Set(['over', 'failed']),
    history: 'none',
  });
});

test('every input of action.yml is read, and each has a type', () => {
  const names: string[] = [];
  readInputs((name) => {
    names.push(name);
    return action.inputs[name]?.default ?? '';
  });
  expect([...new Set(names)].sort()).toEqual(Object.keys(action.inputs).sort());
  expect(Object.keys(types.inputs)).toEqual(Object.keys(action.inputs));
  expect(Object.keys(types.outputs).sort()).toEqual(Object.keys(action.outputs).sort());
});

test.each([
  ['mode', MODES],
  ['comment', COMMENT_RULES],
  ['history', HISTORIES],
])('the values of %s are those of action-types.yml', (name, values) => {
  expect(types.inputs[name]['allowed-values']).toEqual(values);
});

test('the values of fail-on are those of action-types.yml', () => {
  expect(types.inputs['fail-on']['list-item']['allowed-values']).toEqual(FAIL_ON);
});

test('what is set is read, lists by blanks, commas or lines', () => {
  const set = {
    config: ' ebpf/tollgate.yml ',
    kernels: 'debian:5.10, debian:6.1\n  debian:6.12\n',
    mode: 'merge',
    'base-ref': 'release/1.0',
    'base-objects': 'base',
    comment: 'always',
    token: 'ghs_x',
    annotations: '0',
    explain: 'false',
    artifact: '',
    cache: 'False',
    shard: '2/4',
    'working-directory': 'ebpf',
    'fail-on': 'over,inconclusive',
  };
  expect(inputs(set)).toEqual({
    config: 'ebpf/tollgate.yml',
    kernels: ['debian:5.10', 'debian:6.1', 'debian:6.12'],
    mode: 'merge',
    baseRef: 'release/1.0',
    baseObjects: 'base',
    comment: 'always',
    token: 'ghs_x',
    annotations: 0,
    explain: false,
    cache: false,
    shard: '2/4',
    workingDirectory: 'ebpf',
    failOn: new Set(['over', 'inconclusive']),
    history: 'none',
  });
  expect(inputs({ history: 'branch' }).history).toBe('branch');
  expect(inputs({ 'fail-on': 'never' }).failOn).toEqual(new Set());
  expect(inputs({ 'fail-on': '' }).failOn).toEqual(new Set(['over', 'failed']));
});

test.each<[Record<string, string>, string]>([
  [
    { mode: 'timed' },
    "Cannot use input 'mode: timed'\n  this version measures in exact mode only; expected exact, merge, comment",
  ],
  [{ mode: 'coment' }, "Cannot use input 'mode: coment'\n  did you mean 'comment'?"],
  [{ comment: 'yes' }, "Cannot use input 'comment: yes'\n  expected on-change, always, never"],
  [{ annotations: '11' }, "Cannot use input 'annotations: 11'\n  expected a number from 0 to 10"],
  [{ annotations: 'many' }, "Cannot use input 'annotations: many'\n  expected a number from 0 to 10"],
  [{ cache: 'on' }, "Cannot use input 'cache: on'\n  expected true or false"],
  [{ 'fail-on': 'over, never' }, "Cannot use input 'fail-on: over, never'\n  'never' stands alone"],
  [{ 'fail-on': 'overs' }, "Cannot use input 'fail-on: overs'\n  did you mean 'over'?"],
  [{ shard: '1/2', history: 'branch' }, "Cannot use input 'history: branch'\n  a shard is a part"],
  [{ artifact: 'a/b' }, "Cannot use input 'artifact: a/b'\n  expected letters, digits"],
  [{ 'base-ref': '--upload-pack=x' }, "Cannot use input 'base-ref: --upload-pack=x'\n  a git reference"],
  [{ mode: 'x'.repeat(500) }, `Cannot use input 'mode: ${'x'.repeat(100)}...'`],
])('%j is refused with a way out', (set, message) => {
  expect(() => inputs(set)).toThrow(message);
});

test('all wrong inputs are told at once', () => {
  expect(() => inputs({ mode: 'x', cache: 'x' })).toThrow(/mode: x[\s\S]*cache: x/);
});
