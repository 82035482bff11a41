// The licences of what dist/ holds besides our own code, as their authors ask: found from what esbuild really bundled,
// not from the list of dependencies. build.mjs writes them into dist/THIRD_PARTY_NOTICES.txt.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Packages that come without licence files of their own, and where these stand instead; header files included. */
const licencesElsewhere = {
  '@koromix/koffi-linux-x64': ['koffi', 'koffi/vendor/node-addon-api', 'koffi/vendor/node-api-headers'],
};

/**
 * Packages that come with no licence's text at all, with who holds the copyright: their package.json, their site or
 * their README says that they are under the MIT licence, whose text is the same for all.
 */
const mitWithoutText = {
  '@nodable/entities': 'Amit Gupta (https://solothought.com)',
  binary: 'James Halliday <mail@substack.net>',
  buffers: 'James Halliday <mail@substack.net>',
  chainsaw: 'James Halliday <mail@substack.net>',
  isarray: 'Julian Gruber <mail@juliangruber.com>',
};

/**
 * @param {readonly { inputs: Record<string, unknown> }[]} metafiles esbuild's, paths relative to `root`
 * @param {string} root
 * @returns {string} one paragraph per package with its licence's text, sorted by name
 */
export function notices(metafiles, root) {
  const folders = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      const folder = packageFolder(input);
      if (folder) folders.add(folder);
    }
  }
  const packages = [...folders].map((folder) => describe(root, folder));
  packages.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  const head =
    'dist/ contains code of the packages below, each under its own licence.\n' +
    'Written by scripts/build.mjs; do not edit.\n';
  return [head, ...packages.map(paragraph)].join(`\n${'-'.repeat(100)}\n\n`);
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** 'node_modules/a/node_modules/@b/c/lib/x.js' is of 'node_modules/a/node_modules/@b/c'. */
function packageFolder(input) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

function describe(root, folder) {
  const path = join(root, folder);
  const { name, version, license = 'MIT' } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const texts = licenceTexts(path);
  const modules = path.slice(0, path.lastIndexOf('node_modules/') + 'node_modules'.length);
  for (const elsewhere of licencesElsewhere[name] ?? [])
    texts.push(...licenceTexts(join(modules, elsewhere)));
  if (texts.length === 0 && name in mitWithoutText) texts.push(mit(mitWithoutText[name]));
  if (texts.length === 0)
    throw new Error(
      `Cannot find the licence of '${name}' in '${dirname(folder)}': add it to scripts/notices.mjs`,
    );
  return { name, version, license, texts };
}

function licenceTexts(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
}

function paragraph({ name, version, license, texts }) {
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

const mit = (holder) => `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
