// One QEMU process from start to end: booted or restored, waited for, saved, killed. Whatever happens, the
// process is gone and its files are removed when close() has run.

import {
  closeSync,
  createWriteStream,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { messageOf, type TollgateError } from '../model/errors.ts';
import { RECORDS_AT } from '../model/window.ts';
import { type EndCause, explainFailure, type Phase } from './failure.ts';
import { ownName, removeLeftovers } from './leftovers.ts';
import { type MachineFiles, type MachineSpec, qemuArguments, RESTORE_ARGUMENTS } from './machine.ts';
import { requireMemory, VM_MEMORY_BYTES } from './memory.ts';
import { pinToQuietest, processorThread } from './pin.ts';
import { connectQmp, type Qmp } from './qmp.ts';

export interface Deadlines {
  readonly bootMs: number;
  readonly restoreMs: number;
  readonly measureMs: number;
  /** How long the guest may say nothing while it measures. */
  readonly silenceMs: number;
}

export const DEFAULT_DEADLINES: Deadlines = {
  bootMs: 180_000,
  restoreMs: 20_000,
  measureMs: 900_000,
  silenceMs: 120_000,
};

export interface VmOptions {
  /** Named in errors: 'debian:6.1'. */
  readonly task: string;
  readonly machine: MachineSpec;
  readonly ramPath: string;
  readonly windowPath: string;
  readonly deadlines: Deadlines;
  /** QEMU's, behind those of the machine. */
  readonly extraArguments?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface Vm {
  /** Resolves when the guest has paused itself. Throws TollgateError for whatever happens instead. */
  readonly untilPaused: (phase: Phase) => Promise<void>;
  /** Goes on after a pause. */
  readonly proceed: () => Promise<void>;
  /** A command for QEMU's human monitor. Rejects with what it says: one that goes well says nothing. */
  readonly monitor: (command: string) => Promise<void>;
  /** Keeps the virtual processor on the CPU that does the least now; its number. Rejects where that cannot be done. */
  readonly pinProcessor: () => Promise<number>;
  /** For files that QEMU opens while it runs; removed by close(). Its path fits a socket's. */
  readonly folder: string;
  /** Writes the state of the devices; memory is in the RAM file already. */
  readonly saveDevices: (path: string) => Promise<void>;
  /** The error for an end that the caller has found, with the console's tail. */
  readonly explain: (phase: Phase, cause: EndCause) => Promise<TollgateError>;
  /** Kills QEMU and removes its files. Never throws; again does nothing. */
  readonly close: () => Promise<void>;
}

const CONSOLE_CAP_BYTES = 4 << 20;
const CONSOLE_TAIL_BYTES = 64 << 10;
const WATCH_MS = 100;
/** A connection that breaks is mostly QEMU's end, known a moment later. */
const END_MS = 1000;
const FOLDER_PREFIX = 'tollgate-run';

/** Boots the machine: RAM goes into `ramPath`, shared, so that it can be kept. */
export async function bootVm(options: VmOptions): Promise<Vm> {
  requireMemory(options.task, VM_MEMORY_BYTES.boot);
  return await startVm(options, 'boot', []);
}

/** Starts a machine from a saved state: RAM is mapped copy on write and never changed. */
export async function restoreVm(options: VmOptions, devicesPath: string): Promise<Vm> {
  requireMemory(options.task, VM_MEMORY_BYTES.restore);
  const vm = await startVm(options, 'restore', RESTORE_ARGUMENTS);
  try {
    await vm.loadDevices(devicesPath);
    return vm;
  } catch (cause) {
    try {
      throw await vm.explain('restore', await vm.endOr({ kind: 'transfer', message: messageOf(cause) }));
    } finally {
      await vm.close();
    }
  }
}

interface RestorableVm extends Vm {
  readonly loadDevices: (path: string) => Promise<void>;
  /** How QEMU has ended, if a broken connection was its end; else the cause given. */
  readonly endOr: (cause: EndCause) => Promise<EndCause>;
}

async function startVm(
  options: VmOptions,
  way: 'boot' | 'restore',
  extra: readonly string[],
): Promise<RestorableVm> {
  const { task, machine, deadlines } = options;
  options.signal?.throwIfAborted();
  const folder = makeSocketFolder();
  const files: MachineFiles = {
    ram: options.ramPath,
    window: options.windowPath,
    console: join(folder, 'console'),
    qmp: join(folder, 'qmp'),
  };
  const args = [
    ...machine.qemu.place.arguments,
    ...qemuArguments(machine, files, way === 'boot'),
    ...extra,
    ...(options.extraArguments ?? []),
  ];
  const [command, ...prefix] = machine.qemu.hasSetpriv
    ? ['setpriv', '--pdeathsig', 'KILL', machine.qemu.path]
    : [machine.qemu.path];
  const process_ = execa(command!, [...prefix, ...args], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    maxBuffer: 1 << 16,
    reject: false,
    cleanup: true,
    killSignal: 'SIGKILL',
    forceKillAfterDelay: false,
    env: machine.qemu.place.environment,
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });

  let ended: EndCause | undefined;
  const endListeners: ((cause: EndCause) => void)[] = [];
  const end = (cause: EndCause) => {
    ended ??= cause;
    for (const listener of endListeners.splice(0)) listener(ended);
  };
  const connecting = new AbortController();
  const exited = process_.then((result) => {
    connecting.abort(new Error('QEMU ended'));
    const said = String(result.stderr ?? '') || (result.cause instanceof Error ? result.cause.message : '');
    end({ kind: 'exit', code: result.exitCode, signal: result.signal, stderr: said });
  });

  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      process_.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    })();
    return closing;
  };
  const endOr = async (cause: EndCause) => {
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
    return ended ?? cause;
  };
  /** What the console has said so far is read before close() removes it. */
  const explain = async (phase: Phase, cause: EndCause) => {
    options.signal?.throwIfAborted();
    return explainFailure(task, phase, cause, readTail(files.console, CONSOLE_TAIL_BYTES));
  };

  const start = setTimeout(() => connecting.abort(new Error('no answer')), deadlines.restoreMs);
  let qmp: Qmp;
  try {
    qmp = await connectQmp(files.qmp, connecting.signal);
  } catch {
    try {
      throw await explain(way, await endOr({ kind: 'deadline', seconds: deadlines.restoreMs / 1000 }));
    } finally {
      await close();
    }
  } finally {
    clearTimeout(start);
  }

  let paused = false;
  let wake: () => void = () => {};
  qmp.onEvent(({ event }) => {
    if (event === 'GUEST_PANICKED') {
      paused = true;
      wake();
    } else if (event === 'SHUTDOWN') end({ kind: 'shutdown' });
  });

  const untilPaused = async (phase: Phase) => {
    const limitMs = phase === 'boot' ? deadlines.bootMs : deadlines.measureMs;
    const cause = await new Promise<EndCause | undefined>((resolve) => {
      const watch = watchGuest(files, limitMs, phase === 'boot' ? limitMs : deadlines.silenceMs, done);
      function done(result: EndCause | undefined) {
        clearInterval(watch);
        resolve(result);
      }
      wake = () => done(undefined);
      endListeners.push(done);
      if (paused) done(undefined);
      else if (ended) done(ended);
    });
    if (cause) throw await explain(phase, cause);
    paused = false;
  };

  return {
    untilPaused,
    explain,
    endOr,
    proceed: async () => {
      try {
        await qmp.execute('cont');
      } catch (cause) {
        throw await explain('measure', await endOr({ kind: 'transfer', message: messageOf(cause) }));
      }
    },
    monitor: async (command) => {
      const said = await qmp.execute('human-monitor-command', { 'command-line': command });
      if (said !== '') throw new Error(`QEMU answers '${command}': ${String(said).trim()}`);
    },
    pinProcessor: async () => pinToQuietest(processorThread(await qmp.execute('query-cpus-fast'))),
    folder,
    saveDevices: (path) => saveDevices(qmp, folder, path),
    loadDevices: (path) => loadDevices(qmp, folder, path, deadlines.restoreMs),
    close: async () => {
      qmp.close();
      await close();
    },
  };
}

/** For QEMU's sockets, whose paths may have 107 bytes at most. */
function makeSocketFolder(): string {
  const parent = tmpdir().length <= 60 ? tmpdir() : '/tmp';
  removeLeftovers(parent, FOLDER_PREFIX);
  const folder = join(parent, ownName(FOLDER_PREFIX));
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Ends the wait when time is up, when the guest has gone silent, or when it floods its console. */
function watchGuest(
  files: MachineFiles,
  limitMs: number,
  silenceMs: number,
  done: (cause: EndCause) => void,
): NodeJS.Timeout {
  const started = Date.now();
  let heardAt = started;
  let heard = '';
  return setInterval(() => {
    const now = Date.now();
    const consoleBytes = statSync(files.console, { throwIfNoEntry: false })?.size ?? 0;
    const said = `${consoleBytes} ${recordBytes(files.window)}`;
    if (said !== heard) {
      heard = said;
      heardAt = now;
    }
    if (consoleBytes > CONSOLE_CAP_BYTES) done({ kind: 'console-flood', bytes: CONSOLE_CAP_BYTES });
    else if (now - started > limitMs) done({ kind: 'deadline', seconds: limitMs / 1000 });
    else if (now - heardAt > silenceMs) done({ kind: 'silence', seconds: silenceMs / 1000 });
  }, WATCH_MS);
}

/** How much the guest has said so far, straight from the window. */
function recordBytes(windowPath: string): number {
  const length = Buffer.alloc(4);
  const fd = openSync(windowPath, 'r');
  try {
    readSync(fd, length, 0, 4, RECORDS_AT);
  } finally {
    closeSync(fd);
  }
  return length.readUInt32LE();
}

/** A file's last bytes as text; nothing where there is no file (QEMU has not come so far). */
function readTail(path: string, most: number): string {
  if (!existsSync(path)) return '';
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    const bytes = Buffer.alloc(Math.min(size, most));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('latin1');
  } finally {
    closeSync(fd);
  }
}

/**
 * Device state goes through a Unix socket: the sandbox denies QEMU any helper process, and 'file:' is new in 8.2.
 * Memory is left out (x-ignore-shared): it is in the RAM file.
 */
async function saveDevices(qmp: Qmp, folder: string, path: string): Promise<void> {
  const socketPath = join(folder, 'save');
  const server = createServer();
  let received: Promise<void> | undefined;
  const failed = new Promise<never>((_, reject) => {
    server.once('connection', (socket) => {
      received = pipeline(socket, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      received.catch(reject);
    });
  });
  failed.catch(() => {}); // awaited below, if it comes to that
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  try {
    await ignoreShared(qmp);
    await qmp.execute('migrate', { uri: `unix:${socketPath}` });
    await Promise.race([untilMigrated(qmp, SAVE_MS), failed]);
    await received;
  } finally {
    server.close();
  }
}

const SAVE_MS = 60_000;

async function loadDevices(qmp: Qmp, folder: string, path: string, limitMs: number): Promise<void> {
  const socketPath = join(folder, 'load');
  await ignoreShared(qmp);
  await qmp.execute('migrate-incoming', { uri: `unix:${socketPath}` });
  const devices = await readFile(path);
  const socket = connect(socketPath);
  socket.end(devices);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
  await untilMigrated(qmp, limitMs);
}

async function ignoreShared(qmp: Qmp): Promise<void> {
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [{ capability: 'x-ignore-shared', state: true }],
  });
}

async function untilMigrated(qmp: Qmp, limitMs: number): Promise<void> {
  for (const deadline = Date.now() + limitMs; ; ) {
    const { status } = (await qmp.execute('query-migrate')) as { status?: string };
    if (status === 'completed') return;
    if (status === 'failed') throw new Error('QEMU could not transfer the machine state');
    if (Date.now() > deadline)
      throw new Error(`QEMU did not transfer the machine state in ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** An empty window, sparse: 64 MB that take no disk until written. */
export async function createWindow(path: string, job: Uint8Array, sizeBytes: number): Promise<void> {
  await writeFile(path, job, { flag: 'wx', mode: 0o600 });
  await truncate(path, sizeBytes);
}
