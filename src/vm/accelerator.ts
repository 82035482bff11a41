// Which accelerator a timed VM can have. That /dev/kvm opens proves nothing: QEMU may abort on it, or hang in
// the firmware. So each is tried with a boot sector of a few instructions, and with a deadline.

import { access, constants, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { ownName } from './leftovers.ts';
import { DEFAULT_CPU } from './machine.ts';
import type { Qemu } from './qemu.ts';

export interface AcceleratorChoice {
  readonly accelerator: 'kvm' | 'tcg';
  /** QEMU's name of the CPU model, as MachineSpec takes it. */
  readonly cpu: string;
  /** What was tried, in that order, and what came of it: 'works' for the last. */
  readonly tried: readonly { readonly what: string; readonly result: string }[];
  /** One line for the user. */
  readonly message: string;
}

/** What came of a QEMU that was to run the boot sector. */
export interface TrialEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stderr: string;
}

/** The outside world of the choice. */
export interface TrialPort {
  /** Undefined where /dev/kvm can be opened, else why not. */
  readonly whyNoKvm: () => Promise<string | undefined>;
  readonly run: (accelerator: 'kvm' | 'tcg', cpu: string) => Promise<TrialEnd>;
}

/** KVM with the machine's own CPU, KVM with a model that every machine has, no KVM. */
const CANDIDATES = [
  { accelerator: 'kvm', cpu: 'host' },
  { accelerator: 'kvm', cpu: 'kvm64' },
  { accelerator: 'tcg', cpu: DEFAULT_CPU },
] as const;

/** Tries the candidates on this machine. Never throws for KVM's sake; ends within the deadlines' sum. */
export async function findAccelerator(
  qemu: Qemu,
  options: { readonly deadlineMs?: number; readonly signal?: AbortSignal } = {},
): Promise<AcceleratorChoice> {
  const sectorPath = join(tmpdir(), ownName('tollgate-sector'));
  await writeFile(sectorPath, bootSector(), { flag: 'wx', mode: 0o600 });
  try {
    return await chooseAccelerator({
      whyNoKvm,
      run: (accelerator, cpu) => runSector(qemu, sectorPath, accelerator, cpu, options),
    });
  } finally {
    await rm(sectorPath, { force: true });
  }
}

/** The decision alone. */
export async function chooseAccelerator(port: TrialPort): Promise<AcceleratorChoice> {
  const tried: { what: string; result: string }[] = [];
  const noKvm = await port.whyNoKvm();
  if (noKvm) tried.push({ what: 'kvm', result: noKvm });
  for (const { accelerator, cpu } of CANDIDATES) {
    if (accelerator === 'kvm' && noKvm) continue;
    const result = verdictOf(await port.run(accelerator, cpu));
    tried.push({ what: `${accelerator} with CPU ${cpu}`, result });
    if (result === WORKS || accelerator === 'tcg')
      return { accelerator, cpu, tried, message: messageOf(accelerator, cpu, tried) };
  }
  throw new RangeError('the last candidate is always taken');
}

function messageOf(accelerator: string, cpu: string, tried: AcceleratorChoice['tried']): string {
  const failed = tried.filter(({ result }) => result !== WORKS);
  const why = failed.map(({ what, result }) => `${what}: ${result}`).join('; ');
  const using = `using ${accelerator} with CPU ${cpu}`;
  return failed.length === 0 ? using : `${using} (${why})`;
}

const WORKS = 'works';
/** isa-debug-exit ends QEMU with (value << 1) | 1. */
const EXIT_VALUE = 0x10;
const EXIT_CODE = (EXIT_VALUE << 1) | 1;
const EXIT_PORT = 0xf4;

function verdictOf({ code, signal, timedOut, stderr }: TrialEnd): string {
  if (timedOut) return 'hangs';
  if (code === EXIT_CODE) return WORKS;
  const said = stderr.split('\n').find((line) => /error|Assertion|failed|Could not|denied/i.test(line));
  const what = said
    ?.replace(/^\S*qemu-system-x86_64: /, '')
    .replace(/^error: /, '')
    .trim()
    .slice(0, 200);
  const how = signal ? `ends by ${signal}` : `ends with exit code ${code}`;
  return what ? `${how}: ${what}` : how;
}

/** `mov al, EXIT_VALUE; out EXIT_PORT, al; hlt`, and the mark that the firmware looks for. */
function bootSector(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set([0xb0, EXIT_VALUE, 0xe6, EXIT_PORT, 0xf4]);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

async function whyNoKvm(): Promise<string | undefined> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'there is no /dev/kvm';
    return code === 'EACCES' ? '/dev/kvm may not be opened by this user' : `/dev/kvm: ${code}`;
  }
}

const DEADLINE_MS = 5000;

/** Through the firmware, as a kernel boots: some machines hang there, though single instructions run. */
async function runSector(
  qemu: Qemu,
  sectorPath: string,
  accelerator: 'kvm' | 'tcg',
  cpu: string,
  { deadlineMs = DEADLINE_MS, signal }: { readonly deadlineMs?: number; readonly signal?: AbortSignal },
): Promise<TrialEnd> {
  const args = [
    ...qemu.place.arguments,
    ...['-M', qemu.machine],
    ...['-accel', accelerator],
    ...['-cpu', cpu],
    ...['-m', '16M'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-device', `isa-debug-exit,iobase=0x${EXIT_PORT.toString(16)},iosize=1`],
    ...['-drive', `file=${sectorPath.replaceAll(',', ',,')},format=raw,if=floppy,readonly=on`],
  ];
  const [command, ...prefix] = qemu.hasSetpriv ? ['setpriv', '--pdeathsig', 'KILL', qemu.path] : [qemu.path];
  const result = await execa(command!, [...prefix, ...args], {
    stdin: 'ignore',
    stdout: 'ignore',
    maxBuffer: 1 << 16,
    reject: false,
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
    env: qemu.place.environment,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  signal?.throwIfAborted();
  const { exitCode, timedOut, stderr } = result;
  return { code: exitCode, signal: result.signal, timedOut, stderr: String(stderr ?? '') };
}
