#!/usr/bin/env node
// Cuts fixtures/github/openapi.json, what the test server holds requests and answers against, out of GitHub's published
// description of its API: the operations that the Action uses, with the components they refer to, prose left out.
// Needs the npm registry; `--check` says whether the committed file is what the description gives.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';

const PACKAGE = '@octokit/openapi@23.0.2';
const FILE = path.resolve(import.meta.dirname, '..', 'fixtures/github/openapi.json');

const OPERATIONS = {
  '/repos/{owner}/{repo}/compare/{basehead}': ['get'],
  '/repos/{owner}/{repo}/contents/{path}': ['get', 'put'],
  '/repos/{owner}/{repo}/git/trees': ['post'],
  '/repos/{owner}/{repo}/git/commits': ['post'],
  '/repos/{owner}/{repo}/git/refs': ['post'],
  '/repos/{owner}/{repo}/issues/{issue_number}/comments': ['get', 'post'],
  '/repos/{owner}/{repo}/issues/comments/{comment_id}': ['patch', 'delete'],
  '/repos/{owner}/{repo}/issues/{issue_number}/labels': ['get'],
  '/repos/{owner}/{repo}/pulls': ['get'],
  '/repos/{owner}/{repo}/pulls/{pull_number}': ['get'],
  '/repos/{owner}/{repo}/pulls/{pull_number}/commits': ['get'],
  '/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts': ['get'],
  '/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}': ['get'],
};
// Prose and what only documentation needs. They are left out of schemas, never out of a map of named properties.
const PROSE = new Set([
  'description',
  'summary',
  'example',
  'examples',
  'externalDocs',
  'tags',
  'x-octokit',
  'x-github',
]);

const description = JSON.parse(await download(PACKAGE, 'generated/api.github.com.json'));
const text = `${JSON.stringify(cut(description), null, 1)}\n`;
if (process.argv.includes('--check')) {
  if ((await readFile(FILE, 'utf8')) !== text) {
    console.error(`${FILE} is not what ${PACKAGE} gives: run scripts/openapi.mjs`);
    process.exit(1);
  }
} else {
  await mkdir(path.dirname(FILE), { recursive: true });
  await writeFile(FILE, text);
}

function cut(whole) {
  const paths = Object.fromEntries(
    Object.entries(OPERATIONS).map(([route, methods]) => [
      route,
      Object.fromEntries(methods.map((method) => [method, withoutProse(whole.paths[route][method])])),
    ]),
  );
  const components = {};
  collect(paths, whole, components);
  const { version, license } = whole.info;
  return {
    openapi: whole.openapi,
    info: { source: PACKAGE, version, license },
    paths,
    components: sorted(components),
  };
}

/** Copies every component that `node` refers to, and those that they refer to, into `components`. */
function collect(node, whole, components) {
  if (typeof node !== 'object' || node === null) return;
  if (typeof node.$ref === 'string') {
    const [, , kind, name] = node.$ref.split('/');
    components[kind] ??= {};
    if (!components[kind][name]) {
      components[kind][name] = withoutProse(whole.components[kind][name]);
      collect(components[kind][name], whole, components);
    }
  }
  for (const value of Object.values(node)) collect(value, whole, components);
}

function withoutProse(node, named = false) {
  if (Array.isArray(node)) return node.map((value) => withoutProse(value));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => named || !PROSE.has(key))
      .map(([key, value]) => [key, withoutProse(value, key === 'properties')]),
  );
}

function sorted(components) {
  const byName = ([a], [b]) => (a < b ? -1 : 1);
  return Object.fromEntries(
    Object.entries(components)
      .sort(byName)
      .map(([kind, entries]) => [kind, Object.fromEntries(Object.entries(entries).sort(byName))]),
  );
}

async function download(name, file) {
  const folder = await mkdtemp(path.join(tmpdir(), 'openapi-'));
  try {
    const { stdout } = await execa('npm', ['pack', name, '--silent'], { cwd: folder });
    await execa('tar', ['-xzf', stdout.trim(), `package/${file}`], { cwd: folder });
    return await readFile(path.join(folder, 'package', file), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
