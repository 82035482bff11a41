// The machine code of tail calls: what the JIT made of each, read from the kernel, of an object whose every instruction is
// a line of its own, for lines are what the kernel tells the place of.

import { LINES_LIMIT } from '../model/job.ts';
import { programTypeById } from '../model/program-types.ts';
import type { GuestRecord } from '../model/records.ts';
import { type Clock, libbpf, type Pointer } from './libbpf/ffi.ts';
import { programImages, programInfo } from './libbpf/info.ts';
import { loadEmpty, type TickGrid, testRuns } from './libbpf/runs.ts';

/** A tail call takes some sixty bytes; as many at most are told of one. */
const CODE_BYTES = 4096;

/** The calls of a loaded program whose lines are among `sites`. */
export function tailCallsIn(pointer: Pointer, program: string, sites: readonly number[]): GuestRecord[] {
  const fd: number = libbpf().bpf_program__fd(pointer);
  const { jited } = programInfo(fd);
  let from = 0;
  return programImages(fd, LINES_LIMIT).flatMap(({ sizeBytes, lines }, part) => {
    const code = jited.subarray(from, from + sizeBytes);
    from += sizeBytes;
    const offsets = lines.map(({ offset }) => offset).sort((a, b) => a - b);
    return lines
      .filter(({ lineCol }) => sites.includes(lineCol))
      .map(({ lineCol, offset }) => {
        const end = offsets.find((next) => next > offset) ?? sizeBytes;
        const own = code.subarray(offset, Math.min(end, offset + CODE_BYTES));
        return {
          type: 'tail-call' as const,
          ...{ program, part, lineCol, offset, sizeBytes },
          code: Buffer.from(own).toString('hex'),
        };
      });
  });
}

const XDP = 6;
const PACKET = new Uint8Array(new ArrayBuffer(64));

/** One more run, of an empty program: it tells who counts from outside that the last one is over. */
export function runEmpty({ clock, grid }: { readonly clock: Clock; readonly grid: TickGrid }): void {
  const { id, testRun } = programTypeById(XDP);
  const fd = loadEmpty({ id, ...testRun! }, 0, 0);
  if (fd >= 0) testRuns(clock, grid, fd, [{ packet: PACKET }], 1, testRun!.clock);
}
