// QEMU's own log of what the guest executes, one instruction a line, for where it cannot load a plugin. A second of a
// busy guest is a gigabyte of it, so it comes through a pipe: who reads slower than QEMU writes holds it up.

import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import type { Vm } from './vm.ts';

export interface ExecutionLog {
  /** The log's bytes; ends when it has been stopped and read, or with QEMU. To be read to its end. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Also while the machine runs: what it executes on the way is in the log still. Again does nothing. */
  readonly stop: () => Promise<void>;
}

/**
 * Has a paused machine log each instruction, and the machine code of each that it has not logged before. The guest is
 * slowed down to about a million instructions a second, and its clock is not: it counts them.
 * Rejects with QEMU's words where it cannot log.
 */
export async function startExecutionLog(
  { monitor, folder }: Pick<Vm, 'monitor' | 'folder'>,
  qemuVersion: string,
): Promise<ExecutionLog> {
  const path = join(folder, 'log');
  if (!existsSync(path)) await execa('mkfifo', ['-m', '600', path]);
  const oneInsn = oneInsnCommand(qemuVersion);
  // QEMU waits at a pipe that nobody reads; a pipe that nobody writes has ended.
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    await monitor(`logfile "${path.replaceAll(/["\\]/g, '\\$&')}"`);
    await monitor('log exec,nochain,in_asm');
    await monitor(`${oneInsn} on`);
  } catch (cause) {
    closeSync(reading);
    throw cause;
  }
  let stopping: Promise<void> | undefined;
  return {
    bytes: readPipe(reading),
    stop: () => {
      stopping ??= (async () => {
        await monitor(`${oneInsn} off`);
        await monitor('log none');
        await monitor('logfile /dev/null'); // closes the pipe, which 'log none' does not in every build
      })();
      return stopping;
    },
  };
}

const PIECE_BYTES = 1 << 16;
const WAIT_MS = 1;

/** Looks for more a thousand times a second: who waits for each line has QEMU wake it for each. Closes the pipe. */
async function* readPipe(fd: number): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const size = readNow(fd, piece);
      if (size === 0) return;
      if (size !== undefined) yield piece.subarray(0, size);
      await (size === PIECE_BYTES ? setImmediate() : setTimeout(WAIT_MS));
    }
  } finally {
    closeSync(fd);
  }
}

/** 0 at the end; undefined where there is nothing yet. */
function readNow(fd: number, piece: Buffer): number | undefined {
  try {
    return readSync(fd, piece);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EAGAIN') return undefined;
    throw cause;
  }
}

/** What has QEMU translate one instruction at a time; renamed in 8.1 (its docs/about/deprecated.rst). */
export function oneInsnCommand(qemuVersion: string): 'one-insn-per-tb' | 'singlestep' {
  const [major = 0, minor = 0] = qemuVersion.split('.').map(Number);
  return major < 8 || (major === 8 && minor < 1) ? 'singlestep' : 'one-insn-per-tb';
}
