// Builds dist/: the command line, the Action, the guest with koffi's native file beside it.  node scripts/build.mjs [--check]
// --check builds into a temporary folder and fails if the committed dist/ differs.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { notices } from './notices.mjs';
import { generateSchemas } from './schemas.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const check = process.argv.includes('--check');
const out = check ? mkdtempSync(join(tmpdir(), 'tollgate-dist-')) : join(root, 'dist');

async function bundle(dir) {
  mkdirSync(dir, { recursive: true });
  const common = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    charset: 'utf8',
    legalComments: 'none',
    absWorkingDir: root,
    logLevel: 'warning',
    metafile: true,
    // Packages reached by a link bear the same names in the output as packages in place.
    preserveSymlinks: true,
    // Bundled ESM packages ask for their own address; in one CommonJS file that is the file's.
    define: { 'import.meta.url': '__filename_url', TOLLGATE_VERSION: JSON.stringify(version) },
    banner: { js: "const __filename_url = require('node:url').pathToFileURL(__filename).href;" },
  };
  const cli = await build({
    ...common,
    entryPoints: ['src/cli.ts'],
    outfile: join(dir, 'cli.js'),
    minifyWhitespace: true,
    minifySyntax: true,
  });
  const action = await build({
    ...common,
    entryPoints: ['src/action.ts'],
    outfile: join(dir, 'action.js'),
    minifyWhitespace: true,
    minifySyntax: true,
  });
  const guest = await build({
    ...common,
    entryPoints: ['src/guest.ts'],
    outfile: join(dir, 'guest.js'),
    plugins: [koffiNative],
    loader: { '.node': 'copy' },
    assetNames: '[name]',
  });
  writeFileSync(
    join(dir, 'THIRD_PARTY_NOTICES.txt'),
    notices([cli.metafile, action.metafile, guest.metafile], root),
  );
  // dist is CommonJS whatever the package around it says, and in a folder of its own too.
  writeFileSync(join(dir, 'package.json'), '{ "type": "commonjs" }\n');
  const keys = join(root, 'src/kernels/keys');
  if (existsSync(keys)) cpSync(keys, join(dir, 'keys'), { recursive: true });
}

function compare(fresh, committed, staleSchemas) {
  const staleFiles = walk(fresh).filter((file) => {
    const there = join(committed, file);
    return !existsSync(there) || !readFileSync(there).equals(readFileSync(join(fresh, file)));
  });
  const stale = [...staleFiles.map((file) => `dist/${file}`), ...staleSchemas];
  if (stale.length > 0) {
    console.error(`not what src/ builds: ${stale.join(', ')}\nRun: npm run build`);
    process.exitCode = 1;
  }
}

function walk(dir, base = dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(dir, entry.name), base) : [relative(base, join(dir, entry.name))],
  );
}

/** Version 3 of koffi finds its native file by platform packages that a bundle does not have: name it outright. */
const koffiNative = {
  name: 'koffi-native',
  setup(build) {
    build.onResolve({ filter: /^koffi$/ }, () => ({
      path: join(root, 'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node'),
    }));
  },
};

try {
  await bundle(out);
  const staleSchemas = await generateSchemas({ check });
  if (check) compare(out, join(root, 'dist'), staleSchemas);
} finally {
  if (check) rmSync(out, { recursive: true, force: true });
}
