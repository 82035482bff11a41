// Prepares a kernel for jobs and runs them: from its saved state where there is one, by a boot otherwise.
// Both ways give the same digits, because a job goes on from the same paused instruction either way.

import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { hasReason, lineOf, messageOf, TollgateError } from '../model/errors.ts';
import type { Kernel } from '../model/kernel.ts';
import type { OnProgress, OnWarning } from '../model/progress.ts';
import { type GuestRecord, type Hello, helloSchema, recordSchema } from '../model/records.ts';
import { PAUSES, PAUSES_AT, RECORDS_AT, WINDOW_BYTES } from '../model/window.ts';
import { digestOf } from './digests.ts';
import type { Initramfs } from './initramfs.ts';
import { INITRAMFS_AT, kernelCommandLine, type MachineSpec, qemuArguments, RAM_BYTES } from './machine.ts';
import { recordsIn } from './records.ts';
import {
  dropState,
  evictStates,
  findSavedState,
  keepState,
  newStateFolder,
  type SavedState,
  statePaths,
  writeSparse,
} from './saved-state.ts';
import { scratchFolders, withScratch } from './scratch.ts';
import { bootVm, createWindow, type Deadlines, restoreVm, type Vm } from './vm.ts';

export interface SessionOptions {
  readonly kernel: Kernel;
  readonly machine: MachineSpec;
  readonly initramfs: Initramfs;
  readonly cacheDir: string;
  readonly useSavedState: boolean;
  readonly savedStatesLimitBytes: number;
  readonly deadlines: Deadlines;
  readonly onProgress?: OnProgress;
  readonly onWarning?: OnWarning;
  readonly signal?: AbortSignal;
}

export interface JobResult {
  readonly hello: Hello;
  readonly records: readonly GuestRecord[];
  readonly seconds: { readonly start: number; readonly run: number };
}

/** QEMU's arguments for who looks on; the window is a file that the guest writes to while it runs. */
export type Watch = (files: { readonly windowPath: string }) => readonly string[];

/** The machine while it pauses: the guest has paused itself before or behind a program's runs, as the window tells. */
export interface PausedMachine extends Pick<Vm, 'monitor' | 'folder'> {
  readonly windowPath: string;
}

/** Called in each such pause; the machine goes on when it resolves. */
export type OnPause = (machine: PausedMachine) => Promise<void>;

export interface Session {
  /**
   * Runs one job. Throws TollgateError ('infrastructure') for whatever keeps it from its last record.
   * `watch` gives arguments of QEMU's, for what watches the machine from outside and changes nothing in it. With
   * `onPause` the guest pauses before and behind each program's runs, and may find another time on its clock.
   */
  readonly run: (job: Uint8Array, watch?: Watch, onPause?: OnPause) => Promise<JobResult>;
  /** The digest of all that the guest's state depends on: what is true of the kernel in one job is in the next. */
  readonly key: string;
  /** Seconds it took until jobs could start: 0 from a saved state. */
  readonly bootSeconds: number;
}

/** What a saved state depends on, as one digest: change any of it and the state is another. */
export function savedStateKey({
  machine,
  initramfs,
  kernel,
}: Pick<SessionOptions, 'machine' | 'initramfs' | 'kernel'>): string {
  const files = { ram: 'ram', window: 'window', console: 'console', qmp: 'qmp' };
  return digestOf({
    format: 2,
    kernel: kernel.digest,
    initramfs: initramfs.digest,
    qemu: machine.qemu.digest,
    firmware: machine.qemu.firmware,
    arguments: qemuArguments({ ...machine, kernelImage: 'kernel' }, files, true),
    kernelArguments: kernelCommandLine(machine),
  });
}

/** Makes sure that jobs can be run; boots and saves the state where it isn't there. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const key = savedStateKey(options);
  const booted: Session['run'] = (job, watch, onPause) => runBooted(options, job, watch, onPause);
  if (!options.useSavedState) return { run: booted, bootSeconds: 0, key };
  for (const padded of LAYOUTS.map((padding) => withPadding(options, padding))) {
    const state = await findState(padded);
    if (state) return { run: restoredRuns(padded, state), bootSeconds: 0, key };
  }
  const started = Date.now();
  const made = await makeState(options);
  const bootSeconds = (Date.now() - started) / 1000;
  return { run: made ? restoredRuns(made.options, made.state) : booted, bootSeconds, key };
}

/**
 * Boots once and does one job after the other in the same machine, each finding what the last has left: for jobs whose
 * figures are compared with nothing outside of them. Its virtual processor is kept on one CPU. The machine is gone when `use` has ended. Throws as Session.run does.
 */
export async function withBootedVm<T>(
  options: SessionOptions,
  use: (run: (job: Uint8Array) => Promise<JobResult>, bootSeconds: number) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  options.onProgress?.({ task: options.kernel.reference, phase: 'boot' });
  return await withBootFolder(options, async (folder) => {
    const { vm, hello, windowPath } = await bootInSomeLayout(options, folder);
    const run = async (job: Uint8Array) => {
      await putJob(windowPath, job);
      return await runPaused(vm, windowPath, hello, Date.now(), undefined);
    };
    const bootSeconds = (Date.now() - started) / 1000;
    try {
      await vm.pinProcessor().catch((cause) => {
        const { reference } = options.kernel;
        options.onWarning?.(`${reference}: its virtual processor is not kept on one CPU: ${lineOf(cause)}`);
      });
      return await use(run, bootSeconds);
    } finally {
      await vm.close();
    }
  });
}

/**
 * Paddings of the command line, tried in this order where the kernel crashes while it boots: one layout of 6.12 did
 * so on every boot, in early ACPI code, and booted with one more character.
 */
const LAYOUTS = [0, 1] as const;

function withPadding(options: SessionOptions, padding: number): SessionOptions {
  return padding === 0 ? options : { ...options, machine: { ...options.machine, padding } };
}

async function findState(options: SessionOptions): Promise<SavedState | undefined> {
  const key = savedStateKey(options);
  const found = await findSavedState(options.cacheDir, key);
  if (found !== 'damaged') return found;
  options.onWarning?.(`${options.kernel.reference}: the saved machine state is damaged; it is made again`);
  dropState(options.cacheDir, key);
  return undefined;
}

interface MadeState {
  /** Those of the boot that went well. */
  readonly options: SessionOptions;
  readonly state: SavedState;
}

/** Boots, pauses, saves. Undefined, with one line of warning, where saving fails; a boot that fails throws. */
async function makeState(options: SessionOptions): Promise<MadeState | undefined> {
  const { kernel, cacheDir } = options;
  options.onProgress?.({ task: kernel.reference, phase: 'boot' });
  return await withBootFolder(options, async (folder) => {
    const boot = await bootInSomeLayout(options, folder);
    let stateFolder: string | undefined;
    try {
      stateFolder = newStateFolder(cacheDir);
      const { ramPath, devicesPath } = statePaths(stateFolder);
      await boot.vm.saveDevices(devicesPath);
      await boot.vm.close();
      const [at, size] = boot.hello.discard ?? [0, 0];
      const ramDigest = await writeSparse(boot.ramPath, ramPath, [
        { at: INITRAMFS_AT, size: options.machine.initramfsBytes },
        { at, size },
      ]);
      const label = `${kernel.reference} ${boot.hello.release}`;
      const key = savedStateKey(boot.options);
      const state = await keepState(cacheDir, key, stateFolder, { label, hello: boot.hello, ramDigest });
      evictStates(cacheDir, options.savedStatesLimitBytes, key);
      return { options: boot.options, state };
    } catch (cause) {
      if (stateFolder) rmSync(stateFolder, { recursive: true, force: true });
      options.signal?.throwIfAborted();
      options.onWarning?.(
        `${kernel.reference}: cannot save the machine state (${lineOf(cause)}); every job boots`,
      );
      return undefined;
    } finally {
      await boot.vm.close();
    }
  });
}

interface Boot {
  /** With the padding that this boot had. */
  readonly options: SessionOptions;
  readonly vm: Vm;
  readonly hello: Hello;
  readonly ramPath: string;
  readonly windowPath: string;
}

async function bootInSomeLayout(options: SessionOptions, folder: string, watch?: Watch): Promise<Boot> {
  for (const [i, padding] of LAYOUTS.entries()) {
    try {
      return await bootToPause(withPadding(options, padding), folder, watch);
    } catch (cause) {
      if (i === LAYOUTS.length - 1 || !isKernelCrash(cause)) throw cause;
      for (const path of Object.values(bootPaths(folder))) rmSync(path);
      options.onWarning?.(
        `${options.kernel.reference}: the kernel crashed while it booted; trying another layout of its memory`,
      );
    }
  }
  throw new RangeError('the last layout returns or throws');
}

function isKernelCrash(cause: unknown): boolean {
  return hasReason(cause, 'kernel-panic', 'kernel-oops', 'guest-shutdown');
}

/** In the scratch folder itself: what lies deeper is not counted as taken of its promised size. */
const bootPaths = (folder: string) => ({ ramPath: join(folder, 'ram'), windowPath: join(folder, 'window') });

async function bootToPause(options: SessionOptions, folder: string, watch: Watch | undefined): Promise<Boot> {
  const { ramPath, windowPath } = bootPaths(folder);
  await placeInitramfs(options.initramfs.path, ramPath);
  await createWindow(windowPath, new Uint8Array(), WINDOW_BYTES);
  const vm = await bootVm({
    ...vmOptions(options),
    ramPath,
    windowPath,
    extraArguments: watch?.({ windowPath }) ?? [],
  });
  try {
    await vm.untilPaused('boot');
    const [hello] = await readRecords(vm, windowPath, 'boot', (line) => helloSchema.parse(line));
    if (!hello) throw await vm.explain('boot', { kind: 'records', message: 'no hello record' });
    for (const warning of hello.warnings) options.onWarning?.(`${options.kernel.reference}: ${warning}`);
    return { options, vm, hello, ramPath, windowPath };
  } catch (cause) {
    await vm.close();
    throw cause;
  }
}

async function runBooted(
  options: SessionOptions,
  job: Uint8Array,
  watch?: Watch,
  onPause?: OnPause,
): Promise<JobResult> {
  return await withBootFolder(options, async (folder) => {
    const started = Date.now();
    options.onProgress?.({ task: options.kernel.reference, phase: 'boot' });
    const { vm, hello, windowPath } = await bootInSomeLayout(options, folder, watch);
    try {
      await putJob(windowPath, job);
      return await runPaused(vm, windowPath, hello, started, onPause);
    } finally {
      await vm.close();
    }
  });
}

/** Runs jobs from the state until one does not restore: said once, and that job and all later ones boot. */
function restoredRuns(options: SessionOptions, state: SavedState): Session['run'] {
  let isGood = true;
  return async (job, watch, onPause) => {
    const result = isGood
      ? await runRestored(options, state, job, watch, onPause)
      : ({ restored: false } as const);
    if (result.restored) return result.job;
    if (isGood) {
      isGood = false;
      options.onWarning?.(
        `${options.kernel.reference}: the saved machine state does not restore (${lineOf(result.cause)}); it is dropped and every job boots`,
      );
      dropState(options.cacheDir, savedStateKey(options));
    }
    return await runBooted(options, job, watch, onPause);
  };
}

type Restored =
  | { readonly restored: true; readonly job: JobResult }
  | { readonly restored: false; readonly cause?: unknown };

async function runRestored(
  options: SessionOptions,
  state: SavedState,
  job: Uint8Array,
  watch: Watch | undefined,
  onPause: OnPause | undefined,
): Promise<Restored> {
  const scratch = { folders: scratchFolders(options.cacheDir), sizeBytes: WINDOW_BYTES };
  return await withScratch(scratch, async (folder) => {
    const started = Date.now();
    const windowPath = join(folder, 'window');
    await createWindow(windowPath, job, WINDOW_BYTES);
    let vm: Vm;
    try {
      const files = { ramPath: state.ramPath, windowPath };
      vm = await restoreVm(
        { ...vmOptions(options), ...files, extraArguments: watch?.(files) ?? [] },
        state.devicesPath,
      );
    } catch (cause) {
      options.signal?.throwIfAborted();
      if (hasReason(cause, 'no-memory')) throw cause; // nothing is wrong with the state, and a boot needs more
      return { restored: false, cause };
    }
    try {
      return { restored: true, job: await runPaused(vm, windowPath, state.hello, started, onPause) };
    } finally {
      await vm.close();
    }
  });
}

async function runPaused(
  vm: Vm,
  windowPath: string,
  hello: Hello,
  started: number,
  onPause: OnPause | undefined,
): Promise<JobResult> {
  const running = Date.now();
  if (onPause) await askForPauses(windowPath);
  await vm.proceed();
  await vm.untilPaused('measure');
  while (onPause && (await pausesAsAsked(windowPath))) {
    try {
      await onPause({ windowPath, monitor: vm.monitor, folder: vm.folder });
    } catch (cause) {
      throw cause instanceof TollgateError
        ? cause
        : await vm.explain('measure', { kind: 'transfer', message: messageOf(cause) });
    }
    await askForPauses(windowPath);
    await vm.proceed();
    await vm.untilPaused('measure');
  }
  const records = await readRecords(vm, windowPath, 'measure', (line) => recordSchema.parse(line));
  if (records.at(-1)?.type !== 'end')
    throw await vm.explain('measure', { kind: 'records', message: 'no end record' });
  return {
    hello,
    records,
    seconds: { start: (running - started) / 1000, run: (Date.now() - running) / 1000 },
  };
}

function vmOptions({ kernel, machine, deadlines, signal }: SessionOptions) {
  return { task: kernel.reference, machine, deadlines, ...(signal ? { signal } : {}) };
}

/** The initramfs is where the kernel looks for it (initrdmem=) before the first instruction: no firmware copies it. */
async function placeInitramfs(path: string, ramPath: string): Promise<void> {
  const [from, to] = [await open(path, 'r'), await open(ramPath, 'wx', 0o600)];
  try {
    await to.truncate(RAM_BYTES);
    const buffer = Buffer.allocUnsafe(4 << 20);
    for (let at = 0; ; ) {
      const { bytesRead } = await from.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      await to.write(buffer, 0, bytesRead, INITRAMFS_AT + at);
      at += bytesRead;
    }
  } finally {
    await from.close();
    await to.close();
  }
}

async function putJob(windowPath: string, job: Uint8Array): Promise<void> {
  const window = await open(windowPath, 'r+');
  try {
    await window.write(job, 0, job.length, 0);
    await window.write(Buffer.alloc(4), 0, 4, RECORDS_AT);
  } finally {
    await window.close();
  }
}

async function askForPauses(windowPath: string): Promise<void> {
  const window = await open(windowPath, 'r+');
  try {
    await window.write(Buffer.of(PAUSES.asked), 0, 1, PAUSES_AT);
  } finally {
    await window.close();
  }
}

/** Whether the guest pauses for who looks on, and not because it has done its job. */
async function pausesAsAsked(windowPath: string): Promise<boolean> {
  const window = await open(windowPath, 'r');
  try {
    const { buffer } = await window.read(Buffer.alloc(1), 0, 1, PAUSES_AT);
    return buffer[0] === PAUSES.paused;
  } finally {
    await window.close();
  }
}

/** Reads and checks what the guest has written: untrusted, so any misfit is a failure of the run. */
async function readRecords<T>(
  vm: Vm,
  windowPath: string,
  phase: 'boot' | 'measure',
  parse: (line: unknown) => T,
): Promise<T[]> {
  const window = await open(windowPath, 'r');
  try {
    return await recordsIn(window, parse);
  } catch (cause) {
    throw await vm.explain(phase, { kind: 'records', message: lineOf(cause) });
  } finally {
    await window.close();
  }
}

/** A folder for the memory and the window of a VM that boots. */
function withBootFolder<T>({ cacheDir }: SessionOptions, use: (folder: string) => Promise<T>): Promise<T> {
  return withScratch({ folders: scratchFolders(cacheDir), sizeBytes: RAM_BYTES + WINDOW_BYTES }, use);
}
