// Source lines of instructions, from .BTF.ext's line_info. Format: Documentation/bpf/btf.rst.

import type { Btf } from './btf.ts';
import { viewOf } from './elf-container.ts';

export interface SourceLine {
  /** As the compiler was given it: relative to the build's directory, or absolute. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The line itself, trimmed; empty where the compiler did not see the source. */
  readonly text: string;
}

/** A line that holds from this byte offset of its section on, up to the next entry. */
export interface LineEntry {
  readonly offset: number;
  readonly source: SourceLine;
}

const RECORD_LIMIT = 2_000_000;

/** Entries by section name, in order of their offset. Throws a plain Error that says what is wrong. */
export function parseLineInfo(data: Uint8Array, btf: Btf): ReadonlyMap<string, readonly LineEntry[]> {
  const view = viewOf(data);
  const bySection = new Map<string, LineEntry[]>();
  if (data.length < 24) throw new Error(`.BTF.ext has ${data.length} bytes, its header 24`);
  if (view.getUint16(0, true) !== 0xeb9f) throw new Error('.BTF.ext does not start with 0xeb9f');
  const headerSize = view.getUint32(4, true);
  const from = headerSize + view.getUint32(16, true);
  const size = view.getUint32(20, true);
  if (size === 0) return bySection;
  if (size < 4 || from + size > data.length) throw new Error(".BTF.ext's lines end beyond the section");
  const end = from + size;
  const recordSize = view.getUint32(from, true);
  if (recordSize < 16 || recordSize > 1024)
    throw new Error(`.BTF.ext has line records of ${recordSize} bytes`);

  let records = 0;
  let at = from + 4;
  while (at < end) {
    if (at + 8 > end) throw new Error(".BTF.ext's lines are cut off");
    const section = btf.string(view.getUint32(at, true)) ?? '';
    const count = view.getUint32(at + 4, true);
    at += 8;
    if (count * recordSize > end - at) throw new Error(`.BTF.ext's lines of '${section}' are cut off`);
    records += count;
    if (records > RECORD_LIMIT) throw new Error(`.BTF.ext has more than ${RECORD_LIMIT} lines`);
    const entries = bySection.get(section) ?? [];
    for (let i = 0; i < count; i++, at += recordSize) {
      const position = view.getUint32(at + 12, true);
      // Line 0 is code of the compiler's own: it belongs to the line before.
      if (position >>> 10 === 0) continue;
      entries.push({
        offset: view.getUint32(at, true),
        source: {
          file: btf.string(view.getUint32(at + 4, true)) ?? '',
          text: (btf.string(view.getUint32(at + 8, true)) ?? '').trim(),
          line: position >>> 10,
          column: position & 0x3ff,
        },
      });
    }
    bySection.set(section, entries);
  }
  for (const entries of bySection.values()) entries.sort((a, b) => a.offset - b.offset);
  return bySection;
}

/** The last entry at or before `offset` that lies at or after `start` (a function's first byte). */
export function lineAt(entries: readonly LineEntry[], start: number, offset: number): SourceLine | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  const found = entries[low - 1];
  return found && found.offset >= start ? found.source : undefined;
}
