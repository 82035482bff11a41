// Runs every check and every test to the end, whatever fails on the way, and prints the sum.  node scripts/test.mjs
// The last line is 'N passed, N failed', alone, for machines that read it. A check that fails, a test file that
// cannot be loaded and a run that ends without a report count as failed, so that 0 failed means what it says.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const checks = ['types', 'lint', 'layers', 'fresh'];
/** vitest's projects, in its own runs: a failed unit test is told before machines boot. */
const suites = { unit: ['unit'], vm: ['vm', 'vm-alone'] };

/**
 * What one vitest run's JSON report amounts to. `report` is undefined where there is none that can be read.
 * @param {{ testResults?: { name?: string, status?: string, assertionResults?: { status?: string }[] }[] } | undefined} report
 * @param {number | undefined} exitCode
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function tally(report, exitCode) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report?.testResults ?? []) {
    const tests = file.assertionResults ?? [];
    const failed = tests.filter((test) => test.status === 'failed').length;
    const passed = tests.filter((test) => test.status === 'passed').length;
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += tests.length - passed - failed;
    // A file that throws while it is loaded, or in a hook, has no test that failed.
    if (file.status === 'failed' && failed === 0) sum.failed++;
  }
  // An error outside any test, a crash, or a run that found nothing to run.
  if (sum.failed === 0 && (exitCode !== 0 || sum.passed === 0)) sum.failed++;
  return sum;
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-tests-'));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const broken = [];
  try {
    for (const check of checks) {
      const { exitCode } = await run('npm', ['run', '--silent', check]);
      if (exitCode === 0) continue;
      broken.push(`npm run ${check}`);
      sum.failed++;
    }
    for (const [suite, projects] of Object.entries(suites)) {
      const file = join(folder, `${suite}.json`);
      const { exitCode } = await run('npx', [
        ...['--no-install', 'vitest', 'run', ...projects.flatMap((project) => ['--project', project])],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
      ]);
      const one = tally(await readReport(file), exitCode);
      if (one.failed > 0) broken.push(`npm run ${suite}`);
      for (const key of Object.keys(sum)) sum[key] += one[key];
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const command of broken) console.log(`failed: ${command}`);
  if (sum.skipped > 0) console.log(`skipped: ${sum.skipped}`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  if (sum.failed > 0) process.exitCode = 1;
}

async function run(command, args) {
  console.log(`\n> ${[command, ...args].join(' ')}`);
  return await execa(command, args, { stdio: 'inherit', reject: false });
}

async function readReport(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
