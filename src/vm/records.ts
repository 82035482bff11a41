// What a guest has written into the window, line by line. It is untrusted: whatever does not fit is an error.

import type { FileHandle } from 'node:fs/promises';
import * as z from 'zod';
import { lineOf } from '../model/errors.ts';
import { RECORDS_AT, RECORDS_CAPACITY_BYTES } from '../model/window.ts';

/** The records in an open window, each as `parse` gives it. Throws Error with the number and the beginning of the one that misfits. */
export async function recordsIn<T>(window: FileHandle, parse: (line: unknown) => T): Promise<T[]> {
  const length = Buffer.alloc(4);
  await window.read(length, 0, 4, RECORDS_AT);
  const size = length.readUInt32LE();
  if (size > RECORDS_CAPACITY_BYTES) throw new RangeError(`${size} bytes of records`);
  const bytes = Buffer.alloc(size);
  await window.read(bytes, 0, size, RECORDS_AT + 4);
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return parse(JSON.parse(line));
      } catch (cause) {
        const why =
          cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : lineOf(cause);
        throw new Error(`record ${i + 1}, '${line.slice(0, 80)}': ${why}`);
      }
    });
}
