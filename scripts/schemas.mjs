// Writes schema/*.json from src/model, or with --check fails where they are out of date.
// The sources are TypeScript, which Node 20 does not run: esbuild bundles them to a temporary file first.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The names of the files under schema/ that differ from what the sources say; without `check` they are written. */
export async function generateSchemas({ check }) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-schemas-'));
  try {
    const outfile = join(folder, 'schemas.mjs');
    await build({
      entryPoints: [join(root, 'src/model/schemas.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      // yaml and picomatch are CommonJS inside; the schemas need neither at run time.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const { schemas } = await import(pathToFileURL(outfile).href);
    const stale = Object.entries(schemas()).filter(
      ([name, text]) => readOr(join(root, 'schema', name)) !== text,
    );
    if (!check) {
      mkdirSync(join(root, 'schema'), { recursive: true });
      for (const [name, text] of stale) writeFileSync(join(root, 'schema', name), text);
    }
    return stale.map(([name]) => `schema/${name}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOr(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  const stale = await generateSchemas({ check });
  for (const name of stale)
    console.log(`${name}: ${check ? 'out of date; run node scripts/schemas.mjs' : 'written'}`);
  if (check && stale.length > 0) process.exitCode = 1;
}
