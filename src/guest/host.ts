// The guest as a child process on the machine's own kernel. All that it makes is its own: programs and maps that are file
// descriptors, a network namespace. Nothing is pinned and no setting is changed, so whenever it ends, by SIGKILL too,
// nothing is left; and it ends with the process that started it.

import { closeSync, openSync } from 'node:fs';
import type { TimedHookJob, TimedJob, TimedLoadJob } from '../model/timed.ts';
import { decodeJob, WINDOW_BYTES } from '../model/window.ts';
import { openChannel, sendError } from './channel.ts';
import { mapShared } from './libbpf/ffi.ts';
import { dieWithParent, leaveNetwork } from './libbpf/timing.ts';
import { doTimedJob } from './timed-job.ts';

export interface HostGuest {
  /** Of the bundle. */
  readonly folder: string;
  /** Who started this process. */
  readonly parent: number;
  readonly windowPath: string;
}

/** Does the job in the window and returns. */
export async function runOnHost({ folder, parent, windowPath }: HostGuest): Promise<void> {
  dieWithParent();
  if (process.ppid !== parent) return; // it has ended before it could take us with it
  leaveNetwork();
  const file = openSync(windowPath, 'r+');
  const window = mapShared(file, WINDOW_BYTES, 0);
  closeSync(file);
  const channel = openChannel(window);
  try {
    const job = decodeJob(window) as TimedJob | TimedHookJob | TimedLoadJob | undefined;
    if (!job) throw new Error('the window holds no job');
    await doTimedJob({ folder, window, channel, isShared: true }, job);
  } catch (error) {
    sendError(channel, error);
  }
  channel.send({ type: 'end' });
}
