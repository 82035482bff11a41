// The guest's end of the window: the job is read from it, records are appended to it, each one there for the
// host as soon as it is written, whatever happens next.

import type { GuestRecord, Hello } from '../model/records.ts';
import { RECORDS_AT, RECORDS_CAPACITY_BYTES } from '../model/window.ts';

export interface Channel {
  readonly send: (record: GuestRecord | Hello) => void;
  /** Forgets what was sent: the next record is the first. */
  readonly reset: () => void;
}

export function openChannel(window: Buffer): Channel {
  let size = 0;
  return {
    send: (record) => {
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      if (size + line.length > RECORDS_CAPACITY_BYTES) throw new Error('the window is full');
      line.copy(window, RECORDS_AT + 4 + size);
      size += line.length;
      window.writeUInt32LE(size, RECORDS_AT);
    },
    reset: () => {
      size = 0;
    },
  };
}

/** What has gone wrong and is nobody's but ours; the host fails the run with it. */
export function sendError(channel: Pick<Channel, 'send'>, error: unknown): void {
  channel.send({
    type: 'error',
    message: String(error instanceof Error ? error.stack : error).slice(0, 60_000),
  });
}
