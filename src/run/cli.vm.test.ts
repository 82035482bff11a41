// The commands as a user types them, in a project of its own: init, check at once, check against a branch's base.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Report, reportSchema } from '../model/report.ts';
import { DIST, LB, labOptions } from './testing/lab.ts';

const KERNEL = 'debian:6.12';

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'tollgate-project-'));
  mkdirSync(join(project, 'build'));
  mkdirSync(join(project, 'committed'));
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

async function tollgate(command: string, ...args: string[]) {
  const flags = ['--cache-dir', labOptions().cacheDir, '--quiet'];
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(DIST, 'cli.js'), command, ...args, ...flags],
    { cwd: project, reject: false, env: { CI: '1' } },
  );
  return { exitCode, stdout, stderr };
}

async function check(
  ...args: string[]
): Promise<{ exitCode: number | undefined; stderr: string; report: Report }> {
  const { exitCode, stderr } = await tollgate('check', '--json', 'report.json', ...args);
  const report = reportSchema.parse(JSON.parse(readFileSync(join(project, 'report.json'), 'utf8')));
  return { exitCode, stderr, report };
}

const copyObject = (head: string, folder: string) =>
  cpSync(join(LB, 'built', head, 'build/lb.bpf.o'), join(project, folder, 'lb.bpf.o'));

const git = async (...args: string[]) =>
  await execa('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], { cwd: project });

test('init writes a budget file that check passes at once, and that one more instruction exceeds', async () => {
  copyObject('base', 'build');
  expect(await tollgate('init', '--kernel', KERNEL)).toMatchObject({ exitCode: 0, stderr: '' });
  const { exitCode, report } = await check();
  expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 0, verdict: 'pass' });
  expect(report.verdicts.filter(({ budget }) => budget !== undefined)).toHaveLength(4 * 2);

  const again = await tollgate('init', '--kernel', KERNEL);
  expect(again).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining("error: Cannot write 'tollgate.yml': it exists"),
  });

  copyObject('plus-1-insn', 'build');
  const dearer = await check('--offline');
  expect({ exitCode: dearer.exitCode, verdict: dearer.report.verdict }).toEqual({
    exitCode: 1,
    verdict: 'over',
  });
  const over = dearer.report.verdicts.filter(({ verdict }) => verdict === 'over');
  expect(over.map(({ program, why }) => ({ program, why }))).toEqual([
    { program: 'xdp_lb', why: expect.stringMatching(/^run_insns of .* 1 above the maximum of \d+$/) },
    { program: 'xdp_lb', why: expect.stringMatching(/^total_insns of .* 1 above the maximum of \d+$/) },
  ]);
  const lines = readFileSync(join(project, 'tollgate.yml'), 'utf8').split('\n');
  for (const { budget, metric } of over) {
    expect(budget?.file).toBe('tollgate.yml');
    expect(lines[budget!.line! - 1]).toContain(`${metric}: { max:`);
  }
});

/** A chain of 33 tail calls is attached under load: base's jump, head's look their slot up and are dearer. */
test('rates that a dearer program lowers by more than they may fall are over, and others are not', async () => {
  const copyChain = (name: string, folder: string) => {
    mkdirSync(join(project, folder), { recursive: true });
    cpSync(join(DIST, `bpf/tail_calls_xdp_${name}.bpf.o`), join(project, folder, 'chain.bpf.o'));
  };
  copyChain('direct', 'base/build');
  copyChain('indirect', 'build');
  const checkUnder = async (throughput: string, rate: string) => {
    writeFileSync(
      join(project, 'tollgate.yml'),
      `version: 1
kernels: ["${KERNEL}"]
objects: ["build/*.bpf.o"]
programs: { step_33: { attach: { hook: xdp, mode: native } } }
load: [{ iperf3: { bytes: 4M }, attach: [step_33] }]
budgets: { load: { throughput_bps: ${throughput} }, step_33: { pass_pps: ${rate} } }
`,
    );
    const { exitCode, report } = await check('--base', 'base');
    const held = report.verdicts.filter(({ budget }) => budget !== undefined);
    return {
      exitCode,
      verdicts: held.map(({ program, metric, verdict }) => `${program} ${metric} ${verdict}`),
      held,
    };
  };
  const holds = await checkUnder('{ min: 1e6, decrease: 50% }', '{ min: 1, decrease: 50% }');
  expect(holds).toMatchObject({
    exitCode: 0,
    verdicts: ['load throughput_bps pass', 'step_33 pass_pps pass'],
  });
  const breaks = await checkUnder('{ min: 1e12 }', '{ min: 1, decrease: 1% }');
  expect(breaks).toMatchObject({
    exitCode: 1,
    verdicts: ['load throughput_bps over', 'step_33 pass_pps over'],
  });
  const [throughput, rate] = breaks.held;
  expect(throughput!.why).toMatch(/ below the minimum of 1000000000000$/);
  expect(rate!.change).toBeLessThan(0);
  expect(rate!.why).toMatch(/ less than before: .*\d beyond the allowed decrease of \d+ \(1% of \d+\)$/);
});

const CONFIG = `version: 1
kernels: ["${KERNEL}"]
build: test ! -e broken && mkdir -p build && cp committed/*.o build/
objects: ["build/*.bpf.o"]
budgets: { "*": { total_insns: { increase: 0 }, prog_size: { max: 100000 } } }
`;

/** main has the base, the branch that is checked out one instruction more; main has gone on since. */
async function makeRepository(): Promise<void> {
  writeFileSync(join(project, '.gitignore'), 'build\nreport.json\n');
  writeFileSync(join(project, 'tollgate.yml'), CONFIG);
  copyObject('base', 'committed');
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=base');
  await git('checkout', '--quiet', '-b', 'branch');
  copyObject('plus-1-insn', 'committed');
  await git('commit', '--quiet', '--all', '--message=dearer');
  await git('checkout', '--quiet', 'main');
  copyObject('plus-10-insns', 'committed');
  await git('commit', '--quiet', '--all', '--message=dearer on main');
  await git('checkout', '--quiet', 'branch');
}

test('--base-ref builds and measures the merge base beside the project, and removes it', async () => {
  await makeRepository();
  const { exitCode, report } = await check('--base-ref', 'main');
  expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 1, verdict: 'over' });
  const over = report.verdicts.filter(({ verdict }) => verdict === 'over');
  expect(over.map(({ program, metric, change }) => ({ program, metric, change }))).toEqual([
    { program: 'xdp_lb', metric: 'total_insns', change: 1 },
  ]);
  expect((await git('worktree', 'list')).stdout.split('\n')).toHaveLength(1);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('tollgate-base-'))).toEqual([]);
});

test('a base that does not build leaves absolute budgets, and the report says so', async () => {
  await makeRepository();
  // The merge base is broken, the branch is not.
  await git('checkout', '--quiet', '--orphan', 'broken');
  writeFileSync(join(project, 'broken'), '');
  await git('add', '.');
  await git('commit', '--quiet', '--message=broken');
  await git('checkout', '--quiet', '-b', 'mended');
  await git('rm', '--quiet', 'broken');
  await git('commit', '--quiet', '--message=mended');
  const { exitCode, report } = await check('--base-ref', 'broken');
  expect(exitCode).toBe(0);
  expect(report.notes.join('\n')).toMatch(/base/);
  const verdicts = new Set(report.verdicts.map(({ metric, verdict }) => `${metric} ${verdict}`));
  expect(verdicts).toContain('total_insns no-baseline');
  expect(verdicts).toContain('prog_size pass');
});

test('a head that does not build is no verdict on its cost, and its last lines are shown', async () => {
  await makeRepository();
  writeFileSync(join(project, 'broken'), '');
  const { exitCode, stderr } = await tollgate('check', '--base-ref', 'main');
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    "error: Cannot build head with 'test ! -e broken && mkdir -p build && cp committed/*.o build/'",
  );
});

test('a kernel that does not boot fails, the others are measured, and there is no verdict', async () => {
  const image = join(project, 'vmlinux');
  cpSync(join(DIST, 'native/init'), image); // an ELF file, and no kernel
  copyObject('base', 'build');
  writeFileSync(join(project, 'tollgate.yml'), CONFIG.replace(/^build:.*\n/m, ''));
  const { exitCode, report } = await check('--kernel', `path:${image}`, '--kernel', KERNEL);
  expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 3, verdict: 'failed' });
  expect(report.targets.map(({ status }) => status)).toEqual(['failed', 'ok']);
  expect(report.measurements.length).toBeGreaterThan(20);
});

test.each([
  [
    'debain:6.12',
    /^error: Cannot parse kernel 'debain:6\.12': expected .* \(tollgate\.yml:2:26\)\n {2}Did you mean 'debian:6\.12'\?/,
  ],
  ['path:nowhere', /^error: Cannot use kernel 'path:nowhere': .* \(tollgate\.yml:2:26\)/],
])('a budget file that names kernel %s is told where', async (reference, says) => {
  copyObject('base', 'build');
  const config = CONFIG.replace(/^build:.*\n/m, '').replace(`"${KERNEL}"`, `"${KERNEL}", "${reference}"`);
  writeFileSync(join(project, 'tollgate.yml'), config);
  expect(await tollgate('check')).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(says) });
});

test('network load is measured in one mode at a time', async () => {
  expect(await tollgate('load', '--mode', 'exact,timed')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining("error: Cannot measure network load in two modes at once: 'exact,timed'"),
  });
});
