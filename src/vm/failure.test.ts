import { expect, test } from 'vitest';
import { consoleTail, type EndCause, explainFailure } from './failure.ts';

const PANIC = `[    4.105871] sysrq: Trigger a crash
[    4.106204] Kernel panic - not syncing: sysrq triggered crash
[    4.106672] CPU: 0 PID: 1 Comm: node Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
`;
const OOPS = `[    4.200313] BUG: kernel NULL pointer dereference, address: 0000000000000008
[    4.200841] #PF: supervisor read access in kernel mode
[    4.201264] Oops: 0000 [#1] PREEMPT SMP NOPTI
[    4.207521] Kernel panic - not syncing: Fatal exception
`;
const OUT_OF_MEMORY = `[    5.021877] node invoked oom-killer: gfp_mask=0x140dca, order=0, oom_score_adj=0
[    5.031942] Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled
`;
const LOCKUP = `[   26.105871] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [node:1]
[   26.106204] Kernel panic - not syncing: softlockup: hung tasks
`;
const STALL = '[   25.1] rcu: INFO: rcu_preempt self-detected stall on CPU\n';
const THROWN = `tollgate guest: Error: the window holds no job
    at main (/app/guest.js:1:1)
[    4.212391] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100
`;
const ENDED = '[    4.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000\n';
const NO_INIT = '[    1.9] Kernel panic - not syncing: Requested init /bin/init failed (error -2).\n';
const QUIET = 'SeaBIOS (version 1.16.2-debian-1.16.2-1)\n';

const SHUTDOWN: EndCause = { kind: 'shutdown' };
const exit = (code: number | undefined, signal?: string, stderr = ''): EndCause => ({
  kind: 'exit',
  code,
  signal,
  stderr,
});

const ENDS: readonly [reason: string, cause: EndCause, console: string, says: string][] = [
  ['kernel-panic', SHUTDOWN, PANIC, 'the guest kernel panicked'],
  ['kernel-oops', SHUTDOWN, OOPS, 'the guest kernel crashed (oops)'],
  ['out-of-memory', SHUTDOWN, OUT_OF_MEMORY, 'the guest ran out of memory'],
  ['lockup', SHUTDOWN, LOCKUP, 'the guest kernel locked up'],
  ['lockup', { kind: 'silence', seconds: 5 }, STALL, 'the guest kernel locked up'],
  ['guest-crash', SHUTDOWN, THROWN, 'the guest program crashed (a fault of Tollgate)'],
  ['no-init', SHUTDOWN, ENDED, 'the guest program ended'],
  ['no-init', SHUTDOWN, NO_INIT, 'the guest program ended'],
  ['guest-shutdown', SHUTDOWN, QUIET, 'the guest shut down before it was done'],
  ['deadline', { kind: 'deadline', seconds: 5 }, QUIET, 'not done after 5 s'],
  ['silence', { kind: 'silence', seconds: 5 }, QUIET, 'the guest said nothing for 5 s'],
  ['kernel-panic', exit(0), PANIC, 'the guest kernel panicked'],
  ['qemu-died', exit(undefined, 'SIGKILL'), QUIET, 'QEMU ended by SIGKILL'],
  ['qemu-died', exit(undefined, 'SIGBUS'), OOPS, 'QEMU ended by SIGBUS'],
  ['qemu-died', exit(1, undefined, 'no such CPU\n'), '', "QEMU ended with exit code 1 saying 'no such CPU'"],
  [
    'console-flood',
    { kind: 'console-flood', bytes: 9 },
    PANIC,
    'the guest wrote more than 9 bytes to its console',
  ],
  [
    'bad-records',
    { kind: 'records', message: 'no end record' },
    QUIET,
    'what the guest said cannot be read: no end record',
  ],
  ['kernel-panic', { kind: 'records', message: 'no end record' }, PANIC, 'the guest kernel panicked'],
  ['transfer', { kind: 'transfer', message: 'it broke' }, '', 'it broke'],
];

test.each(ENDS)('%s is told from %j', (reason, cause, consoleText, says) => {
  const error = explainFailure('debian:6.1', 'measure', cause, consoleText);
  const tail = consoleText.trimEnd();
  expect({
    kind: error.kind,
    exitCode: error.exitCode,
    message: error.message,
    details: error.details,
  }).toEqual({
    kind: 'infrastructure',
    exitCode: 3,
    message: `debian:6.1: no verdict: ${says}, during measure`,
    details: { reason, ...(tail ? { tail } : {}) },
  });
});

test('the tail is the last 25 lines, without control characters, none longer than 300', () => {
  const lines = Array.from({ length: 40 }, (_, i) => `\u001b[31mline ${i}\u001b[0m\u0007\r`);
  const tail = consoleTail(`${lines.join('\n')}\n\n${'x'.repeat(1000)}\n`).split('\n');
  expect(tail).toEqual([...Array.from({ length: 24 }, (_, i) => `line ${i + 16}`), 'x'.repeat(300)]);
});

test('around a sign the tail shows what came before and what follows, without registers', () => {
  const before = Array.from({ length: 20 }, (_, i) => `before ${i}`);
  const registers = [
    '[    0.9] RDX: 0000000000000001 RSI: 00007fffffffd3b8',
    '[    0.9] Code: 89 54 24 18 <48> 3d',
  ];
  const after = Array.from({ length: 20 }, (_, i) => `[    0.9]  after ${i}`);
  const text = [...before, '[    0.9] Kernel panic - not syncing: x', ...registers, ...after].join('\n');
  expect(consoleTail(text, /Kernel panic/).split('\n')).toEqual([
    ...before.slice(6),
    '[    0.9] Kernel panic - not syncing: x',
    ...after.slice(0, 10),
  ]);
});
