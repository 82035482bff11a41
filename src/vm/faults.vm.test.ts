// Every way a run can go wrong, provoked for real on a real kernel: each is told apart, ends soon, shows the
// console's tail, and leaves no process, no temporary file and no half-written cache.

import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { TollgateError } from '../model/errors.ts';
import { encodeJob } from '../model/window.ts';
import { findSavedState, keepState, newStateFolder, statePaths, writeSparse } from './saved-state.ts';
import { openSession, type Session, type SessionOptions, savedStateKey } from './session.ts';
import { emptyJob, ownQemus, ownTemporaries, ROOT, sessionOptions } from './testing/real.ts';

const KERNEL = 'debian:6.1';
const FAULTY = join(ROOT, 'fixtures/guests/faults.js');

let cacheDir: string;
/** With the guest of fixtures/guests/faults.js, and short deadlines. */
let options: SessionOptions;
let key: string;
let warnings: string[] = [];

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'tollgate-faults-'));
  const base = await sessionOptions(KERNEL, cacheDir, { guestPath: FAULTY });
  options = {
    ...base,
    deadlines: { bootMs: 60_000, restoreMs: 10_000, measureMs: 120_000, silenceMs: 60_000 },
    onWarning: (line) => warnings.push(line),
  };
  key = savedStateKey(options);
  await openSession(options);
});

afterAll(() => rm(cacheDir, { recursive: true, force: true }));

beforeEach(() => {
  warnings = [];
});

afterEach(() => {
  expect({ qemus: ownQemus(), temporaries: ownTemporaries(cacheDir) }).toEqual({
    qemus: [],
    temporaries: [],
  });
});

const jobOf = (fault: string) => encodeJob(() => ({ fault }));

/** The error that the work ends with, and how long that took. */
async function failureOf(work: () => Promise<unknown>): Promise<{ error: unknown; seconds: number }> {
  const started = Date.now();
  const error = await work().then(
    () => 'no error',
    (cause: unknown) => cause,
  );
  return { error, seconds: (Date.now() - started) / 1000 };
}

/** What a user and a caller see of it; the tail as the lines that are asked for. */
function seen(error: unknown, tailPart: RegExp) {
  if (!(error instanceof TollgateError)) throw error;
  const { kind, exitCode, message, details } = error;
  const { tail, ...others } = details;
  return { kind, exitCode, message, details: others, tail: tailPart.exec(tail ?? '')?.[0] ?? tail };
}

const during = (phase: string, says: string, reason: string, tail: string | undefined) => ({
  kind: 'infrastructure',
  exitCode: 3,
  message: `${KERNEL}: no verdict: ${says}, during ${phase}`,
  details: { reason },
  tail,
});

interface Fault {
  readonly fault: string;
  readonly reason: string;
  readonly says: string;
  /** A line of the console that must be in the tail. */
  readonly tail: string | undefined;
  readonly withinS: number;
  readonly deadlines?: Partial<SessionOptions['deadlines']>;
}

const PANIC = 'Kernel panic - not syncing: ';
const SAID = 'what the guest said cannot be read: ';

const FAULTS: readonly Fault[] = [
  {
    fault: 'panic',
    reason: 'kernel-panic',
    says: 'the guest kernel panicked',
    tail: `${PANIC}sysrq triggered crash`,
    withinS: 5,
  },
  {
    fault: 'oops',
    reason: 'kernel-oops',
    says: 'the guest kernel crashed (oops)',
    tail: 'invalid opcode: 0000 [#1]',
    withinS: 5,
  },
  {
    fault: 'lockup',
    reason: 'lockup',
    says: 'the guest kernel locked up',
    tail: `${PANIC}softlockup: hung tasks`,
    withinS: 60,
  },
  {
    fault: 'out-of-memory',
    reason: 'out-of-memory',
    says: 'the guest ran out of memory',
    tail: `${PANIC}Out of memory: compulsory panic_on_oom is enabled`,
    withinS: 30,
  },
  {
    fault: 'exit',
    reason: 'no-init',
    says: 'the guest program ended',
    tail: `${PANIC}Attempted to kill init! exitcode=0x00000000`,
    withinS: 5,
  },
  {
    fault: 'throw',
    reason: 'no-init',
    says: 'the guest program ended',
    tail: 'Error: thrown on demand',
    withinS: 5,
  },
  {
    fault: 'reboot',
    reason: 'guest-shutdown',
    says: 'the guest shut down before it was done',
    tail: 'sysrq: Resetting',
    withinS: 5,
  },
  {
    fault: 'silent',
    reason: 'silence',
    says: 'the guest said nothing for 1.5 s',
    tail: 'the last words',
    withinS: 5,
    deadlines: { silenceMs: 1500 },
  },
  {
    fault: 'talkative',
    reason: 'deadline',
    says: 'not done after 2 s',
    tail: undefined,
    withinS: 5,
    deadlines: { silenceMs: 1500, measureMs: 2000 },
  },
  {
    fault: 'no-json',
    reason: 'bad-records',
    says: `${SAID}record 1, 'hello': Unexpected token 'h', "hello" is not valid JSON`,
    tail: undefined,
    withinS: 5,
  },
  {
    fault: 'too-many-bytes',
    reason: 'bad-records',
    says: `${SAID}25165821 bytes of records`,
    tail: undefined,
    withinS: 5,
  },
  { fault: 'no-end', reason: 'bad-records', says: `${SAID}no end record`, tail: undefined, withinS: 5 },
  {
    fault: 'record-behind-end',
    reason: 'bad-records',
    says: `${SAID}no end record`,
    tail: undefined,
    withinS: 5,
  },
  {
    fault: 'flood',
    reason: 'console-flood',
    says: 'the guest wrote more than 4194304 bytes to its console',
    tail: 'flood flood',
    withinS: 40,
  },
];

test.each(FAULTS)('$fault is told as $reason', async ({ fault, reason, says, tail, withinS, deadlines }) => {
  const { run } = await openSession({ ...options, deadlines: { ...options.deadlines, ...deadlines } });
  const { error, seconds } = await failureOf(() => run(jobOf(fault)));
  const part = new RegExp((tail ?? 'no such line').replaceAll(/[[\]().*+?!$^]/g, '\\$&'));
  expect(seen(error, part)).toEqual(during('measure', says, reason, tail));
  expect(seconds).toBeLessThan(withinS);
  expect(warnings).toEqual([]);
});

test.each([
  ['broken-schema', 'record 1, \'{"type":"measurement","program":7,"metric":"run_insns"}\''],
  ['unknown-record', 'record 1, \'{"type":"surprise"}\''],
])('%s names the record', async (fault, record) => {
  const { run } = await openSession(options);
  const { error } = await failureOf(() => run(jobOf(fault)));
  expect(seen(error, /x/)).toMatchObject({
    message: expect.stringContaining(`${SAID}${record}: ✖ Invalid `),
    details: { reason: 'bad-records' },
  });
});

test('control characters of a console do not reach the user’s terminal', async () => {
  const { run } = await openSession(options);
  const { error } = await failureOf(() => run(jobOf('controls')));
  expect(seen(error, /^.*bell.*$/m).tail).toBe('red bell <script>');
});

test('after all this the saved state is as it was and serves the next job', async () => {
  const { run, bootSeconds } = await openSession(options);
  expect([bootSeconds, (await run(jobOf('none'))).records, warnings]).toEqual([0, [{ type: 'end' }], []]);
});

/** Runs a guest that never ends, and does something to its QEMU. */
async function whileRunning(
  act: (pid: number) => void,
  deadlines: Partial<SessionOptions['deadlines']> = {},
) {
  const { run } = await openSession({ ...options, deadlines: { ...options.deadlines, ...deadlines } });
  return await failureOf(async () => {
    const running = run(jobOf('silent'));
    running.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [pid, ...more] = ownQemus();
    expect([pid, more]).toEqual([expect.any(Number), []]);
    act(pid!);
    await running;
  });
}

test('a QEMU that is killed from outside is told as that, with what the guest had said', async () => {
  const { error, seconds } = await whileRunning((pid) => process.kill(pid, 'SIGKILL'));
  expect(seen(error, /the last words/)).toEqual(
    during('measure', 'QEMU ended by SIGKILL', 'qemu-died', 'the last words'),
  );
  expect(seconds).toBeLessThan(4);
});

test('a QEMU that stands still is silence', async () => {
  const { error, seconds } = await whileRunning((pid) => process.kill(pid, 'SIGSTOP'), { silenceMs: 1500 });
  expect(seen(error, /the last words/)).toEqual(
    during('measure', 'the guest said nothing for 1.5 s', 'silence', 'the last words'),
  );
  expect(seconds).toBeLessThan(5);
});

test.each([
  ['while it runs', 'silent', true],
  ['while it boots', 'silent', false],
])('Ctrl-C %s leaves nothing', async (_, fault, useSavedState) => {
  const abort = new AbortController();
  const { run } = await openSession({ ...options, useSavedState, signal: abort.signal });
  setTimeout(() => abort.abort(new Error('Ctrl-C')), 800);
  const { error, seconds } = await failureOf(() => run(jobOf(fault)));
  expect([error, warnings]).toEqual([new Error('Ctrl-C'), []]);
  expect(seconds).toBeLessThan(2);
});

test('Ctrl-C while a state is being made leaves no half of it', async () => {
  const other = join(cacheDir, 'other');
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('Ctrl-C')), 800);
  const opening = failureOf(() => openSession({ ...options, cacheDir: other, signal: abort.signal }));
  expect((await opening).error).toEqual(new Error('Ctrl-C'));
  expect(existsSync(join(other, 'states')) ? readdirSync(join(other, 'states')) : []).toEqual([]);
});

const BAD_QEMUS: readonly [
  what: string,
  change: (machine: SessionOptions['machine']) => SessionOptions['machine'],
  says: RegExp,
][] = [
  [
    'is not there',
    (machine) => ({ ...machine, qemu: { ...machine.qemu, path: '/nonexistent/qemu' } }),
    /QEMU ended with exit code 127 saying 'setpriv: failed to execute \/nonexistent\/qemu: No such file or directory'/,
  ],
  [
    'is not there, where there is no setpriv either',
    (machine) => ({ ...machine, qemu: { ...machine.qemu, path: '/nonexistent/qemu', hasSetpriv: false } }),
    /QEMU ended .*saying 'spawn \/nonexistent\/qemu ENOENT'/,
  ],
  [
    'does not know the CPU',
    (machine) => ({ ...machine, cpu: 'nonesuch' }),
    /QEMU ended with exit code 1 saying 'qemu-system-x86_64: unable to find CPU model 'nonesuch''/,
  ],
  [
    'does not find the kernel',
    (machine) => ({ ...machine, kernelImage: '/nonexistent/vmlinux' }),
    /QEMU ended with exit code 1 saying 'qemu: could not open kernel file '\/nonexistent\/vmlinux': No such file or directory'/,
  ],
];

test.each(BAD_QEMUS)('a QEMU that %s is told in its own words', async (_, change, says) => {
  const { error, seconds } = await failureOf(() =>
    openSession({ ...options, machine: change(options.machine), cacheDir: join(cacheDir, 'other') }),
  );
  expect(seen(error, /x/)).toEqual({
    kind: 'infrastructure',
    exitCode: 3,
    message: expect.stringMatching(new RegExp(`^${KERNEL}: no verdict: ${says.source}, during boot$`)),
    details: { reason: 'qemu-died' },
    tail: undefined,
  });
  expect(seconds).toBeLessThan(4);
});

test('a guest that throws before its hello is a failure of the boot, its words in the tail', async () => {
  const guestPath = join(ROOT, 'fixtures/guests/throws-at-once.js');
  const other = await sessionOptions(KERNEL, cacheDir, { guestPath });
  const { error, seconds } = await failureOf(() => openSession({ ...options, ...other }));
  expect(seen(error, /Error: thrown before hello/)).toEqual(
    during('boot', 'the guest program ended', 'no-init', 'Error: thrown before hello'),
  );
  expect(seconds).toBeLessThan(60);
});

test('a kernel that crashes in one layout of its memory is booted in another, and the state is found again', async () => {
  const other = join(cacheDir, 'layouts');
  await mkdir(other);
  const path = join(other, 'qemu');
  const { path: qemu } = options.machine.qemu;
  await writeFile(
    path,
    `#!/bin/sh
case "$*" in *tollgate.padding=x*) exec '${qemu}' "$@" ;; esac
exec '${qemu}' "$@" -append 'console=ttyS0 panic=-1 root=/dev/nonesuch'
`,
    { mode: 0o700 },
  );
  const machine = { ...options.machine, qemu: { ...options.machine.qemu, path } };
  const open = async () => await openSession({ ...options, machine, cacheDir: other });
  expect((await (await open()).run(jobOf('none'))).records).toEqual([{ type: 'end' }]);
  expect(warnings).toEqual([
    `${KERNEL}: the kernel crashed while it booted; trying another layout of its memory`,
  ]);
  const again = await open();
  expect(again.bootSeconds).toBe(0);
  expect((await again.run(jobOf('none'))).records).toEqual([{ type: 'end' }]);
  expect(warnings.length).toBe(1);
});

test('a kernel that crashes in every layout is a failure of the boot', async () => {
  const path = join(cacheDir, 'crashing-qemu');
  await writeFile(
    path,
    `#!/bin/sh\nexec '${options.machine.qemu.path}' "$@" -append 'console=ttyS0 panic=-1 root=/dev/nonesuch'\n`,
    { mode: 0o700 },
  );
  const machine = { ...options.machine, qemu: { ...options.machine.qemu, path } };
  const { error } = await failureOf(() =>
    openSession({ ...options, machine, cacheDir: join(cacheDir, 'other') }),
  );
  expect(seen(error, /Unable to mount root fs/)).toMatchObject({
    message: `${KERNEL}: no verdict: the guest kernel panicked, during boot`,
    details: { reason: 'kernel-panic' },
  });
});

test('a boot that takes too long ends at its deadline', async () => {
  const deadlines = { ...options.deadlines, bootMs: 1000 };
  const { error, seconds } = await failureOf(() =>
    openSession({ ...options, deadlines, useSavedState: true, cacheDir: join(cacheDir, 'other') }),
  );
  expect(seen(error, /x/)).toMatchObject({
    message: `${KERNEL}: no verdict: not done after 1 s, during boot`,
  });
  expect(seconds).toBeLessThan(3);
});

/** Copies the good state under its own key into another cache, so that a test may break it. */
async function copyState(name: string): Promise<string> {
  const other = join(cacheDir, name);
  const good = await findSavedState(cacheDir, key);
  if (!good || good === 'damaged') throw new Error('the good state is gone');
  const folder = newStateFolder(other);
  const { ramPath, devicesPath } = statePaths(folder);
  const ramDigest = await writeSparse(good.ramPath, ramPath, []);
  await writeFile(devicesPath, await readFile(good.devicesPath));
  await keepState(other, key, folder, { label: 'a copy', hello: good.hello, ramDigest });
  return other;
}

test.each([
  ['memory is truncated', 'ram', (path: string) => truncate(path, 1 << 20)],
  ['devices are garbled', 'devices', (path: string) => writeFile(path, 'garbage', { flag: 'r+' })],
])('a state whose %s is made again, with one line of warning', async (_, file, damage) => {
  const other = await copyState(`damaged-${file}`);
  await damage(join(other, 'states', key, file));
  const { run } = await openSession({ ...options, cacheDir: other });
  expect((await run(jobOf('none'))).records).toEqual([{ type: 'end' }]);
  expect(warnings).toEqual([`${KERNEL}: the saved machine state is damaged; it is made again`]);
  expect(await findSavedState(other, key)).toMatchObject({ hello: { type: 'hello' } });
});

test('a state that looks good and does not restore is dropped with one line, and jobs boot', async () => {
  const other = await copyState('unrestorable');
  const { run } = await openSession({ ...options, cacheDir: other });
  const { devicesPath } = (await findSavedState(other, key)) as { devicesPath: string };
  await writeFile(devicesPath, 'garbage of a state');
  expect((await run(jobOf('none'))).records).toEqual([{ type: 'end' }]);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^debian:6\.1: the saved machine state does not restore \(.*\); it is dropped and every job boots$/,
    ),
  ]);
  expect(await findSavedState(other, key)).toBe(undefined);
});

const SAVE_FAILURES: readonly [string, (folder: string) => Promise<unknown>, RegExp][] = [
  ['the cache cannot be written', (folder) => writeFile(join(folder, 'states'), 'a file'), /EEXIST|ENOTDIR/],
  [
    'the disk is full',
    async (folder) => {
      await mkdir(join(folder, 'states'));
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', join(folder, 'states')]);
    },
    /ENOSPC/,
  ],
];

test.each(SAVE_FAILURES)('where %s jobs boot, with one line of warning', async (what, prepare, why) => {
  const other = join(cacheDir, what.replaceAll(' ', '-'));
  await mkdir(other);
  await prepare(other);
  try {
    const { run } = await openSession({ ...options, cacheDir: other });
    expect((await run(jobOf('none'))).records).toEqual([{ type: 'end' }]);
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^debian:6\\.1: cannot save the machine state \\(.*(${why.source}).*\\); every job boots$`,
        ),
      ),
    ]);
    expect(ownTemporaries(other)).toEqual([]);
  } finally {
    if (what === 'the disk is full') await execa('umount', [join(other, 'states')]);
  }
});

test.each([
  ['no job at all', new Uint8Array(64), /^Error: the window holds no job/],
  [
    'a job that is no JSON',
    Buffer.from('\u0005\u0000\u0000\u0000\u0000\u0000\u0000\u0000{"for'),
    /^SyntaxError: /,
  ],
])('our own guest that is given %s says so, and that nothing follows', async (_, job, words) => {
  const { run } = await ourGuest();
  const { records } = await run(job);
  expect(records).toEqual([{ type: 'error', message: expect.stringMatching(words) }, { type: 'end' }]);
});

test('our own guest then still does a job', async () => {
  const { records } = await (await ourGuest()).run(emptyJob());
  expect(records.at(-1)).toEqual({ type: 'end' });
});

async function ourGuest(): Promise<Session> {
  return await openSession({ ...options, ...(await sessionOptions(KERNEL, cacheDir)) });
}
