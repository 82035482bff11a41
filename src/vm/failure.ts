// Why a run ended without its last record, told from what is left: the console's tail, QEMU's exit, our own
// deadlines. Pure, so that every kind of failure has its test.

import { TollgateError } from '../model/errors.ts';

export type EndCause =
  | {
      readonly kind: 'exit';
      readonly code: number | undefined;
      readonly signal: string | undefined;
      readonly stderr: string;
    }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'deadline'; readonly seconds: number }
  | { readonly kind: 'silence'; readonly seconds: number }
  | { readonly kind: 'console-flood'; readonly bytes: number }
  | { readonly kind: 'records'; readonly message: string }
  | { readonly kind: 'transfer'; readonly message: string };

/** The phases of a run, each with its own deadline. */
export type Phase = 'boot' | 'restore' | 'measure';

const CONSOLE_SIGNS: readonly { readonly reason: string; readonly pattern: RegExp; readonly says: string }[] =
  [
    {
      reason: 'out-of-memory',
      pattern: /Out of memory|panic_on_oom|oom-kill:/,
      says: 'the guest ran out of memory',
    },
    {
      reason: 'guest-crash',
      pattern: /^tollgate guest: .*/m,
      says: 'the guest program crashed (a fault of Tollgate)',
    },
    {
      reason: 'lockup',
      pattern: /soft lockup|hard LOCKUP|detected stall|RCU Stall|blocked for more than/,
      says: 'the guest kernel locked up',
    },
    {
      reason: 'kernel-oops',
      pattern: /BUG: |Oops: |general protection fault|unable to handle|invalid opcode:/,
      says: 'the guest kernel crashed (oops)',
    },
    {
      reason: 'no-init',
      pattern: /Attempted to kill init|No working init|not syncing: Requested init/,
      says: 'the guest program ended',
    },
    { reason: 'kernel-panic', pattern: /Kernel panic/, says: 'the guest kernel panicked' },
  ];

const TAIL_LINES = 25;

/** The error a user sees: what failed, in which phase, on which kernel, with the console's tail. */
export function explainFailure(
  task: string,
  phase: Phase,
  cause: EndCause,
  consoleText: string,
): TollgateError {
  // QEMU killed or aborting is no doing of the guest's, and a flood may hold any words.
  const isGuests = cause.kind !== 'console-flood' && !(cause.kind === 'exit' && hasDied(cause));
  const sign = isGuests ? CONSOLE_SIGNS.find(({ pattern }) => pattern.test(consoleText)) : undefined;
  const { reason, says } = sign ?? bareCause(cause);
  const tail = consoleTail(consoleText, sign?.pattern);
  return new TollgateError('infrastructure', `${task}: no verdict: ${says}, during ${phase}`, {
    reason,
    ...(tail ? { tail } : {}),
  });
}

function hasDied({ code, signal }: Extract<EndCause, { kind: 'exit' }>): boolean {
  return signal !== undefined || code !== 0;
}

function bareCause(cause: EndCause): { reason: string; says: string } {
  switch (cause.kind) {
    case 'exit': {
      const how = cause.signal ? `by ${cause.signal}` : `with exit code ${cause.code}`;
      const stderr = cause.stderr.trim().slice(-2000);
      return { reason: 'qemu-died', says: `QEMU ended ${how}${stderr ? ` saying '${stderr}'` : ''}` };
    }
    case 'shutdown':
      return { reason: 'guest-shutdown', says: 'the guest shut down before it was done' };
    case 'deadline':
      return { reason: 'deadline', says: `not done after ${cause.seconds} s` };
    case 'silence':
      return { reason: 'silence', says: `the guest said nothing for ${cause.seconds} s` };
    case 'console-flood':
      return {
        reason: 'console-flood',
        says: `the guest wrote more than ${cause.bytes} bytes to its console`,
      };
    case 'records':
      return { reason: 'bad-records', says: `what the guest said cannot be read: ${cause.message}` };
    case 'transfer':
      return { reason: 'transfer', says: cause.message };
  }
}

/**
 * The lines of a console that tell most: those around the first sign of what went wrong (what the guest said
 * before, the kernel's reasons after), or else the last ones. Control characters and registers are taken out.
 */
export function consoleTail(text: string, sign?: RegExp): string {
  const lines = text
    .replaceAll('\r', '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is taken out
    .replace(/\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !REGISTERS.test(line));
  const at = sign ? lines.findIndex((line) => sign.test(line)) : -1;
  const start = Math.max(0, at < 0 ? lines.length - TAIL_LINES : at - LINES_BEFORE_SIGN);
  return lines
    .slice(start, start + TAIL_LINES)
    .map((line) => line.slice(0, 300))
    .join('\n');
}

const LINES_BEFORE_SIGN = 14;
const REGISTERS = /^\[[ \d.]+\] (?:R[A-Z0-9]{2}: |RSP: |[CDEFGS]S: |CR[0234]: |DR\d: |PKRU: |Code: )/;
