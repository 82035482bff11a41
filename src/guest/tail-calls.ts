// The machine code of tail calls: what the JIT made of each, read from the kernel. The object is loaded once more with
// every instruction a line of its own, for lines are what the kernel tells the place of.

import { type Job, LINES_LIMIT, type TailCallReport } from '../model/job.ts';
import { programTypeById } from '../model/program-types.ts';
import type { Channel } from './channel.ts';
import { hardened } from './guards.ts';
import { type Clock, libbpf } from './libbpf/ffi.ts';
import { programImages, programInfo } from './libbpf/info.ts';
import { type Loadable, loadObject } from './libbpf/object.ts';
import { loadEmpty, type TickGrid, testRuns } from './libbpf/runs.ts';

interface Guest {
  readonly window: Uint8Array;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly grid: TickGrid;
}

/** A tail call takes some sixty bytes; as many at most are told of one. */
const CODE_BYTES = 4096;

/** Behind everything that is measured. One more run, of an empty program, then tells who counts that the last is over. */
export function reportTailCalls(
  guest: Guest,
  job: Job,
  loadable: Loadable,
  { probed, sites }: TailCallReport,
): void {
  const elf = guest.window.subarray(probed.at, probed.at + probed.size);
  const object = hardened(job, () => loadObject(job, elf, loadable));
  for (const program of object.programs) {
    const fd: number = libbpf().bpf_program__fd(program.pointer);
    const { jited } = programInfo(fd);
    let from = 0;
    for (const [part, { sizeBytes, lines }] of programImages(fd, LINES_LIMIT).entries()) {
      const code = jited.subarray(from, from + sizeBytes);
      from += sizeBytes;
      const offsets = lines.map(({ offset }) => offset).sort((a, b) => a - b);
      for (const { lineCol, offset } of lines.filter((line) => sites.includes(line.lineCol)))
        guest.channel.send({
          type: 'tail-call',
          program: program.name,
          part,
          lineCol,
          offset,
          sizeBytes,
          code: Buffer.from(
            code.subarray(
              offset,
              Math.min(offsets.find((next) => next > offset) ?? sizeBytes, offset + CODE_BYTES),
            ),
          ).toString('hex'),
        });
    }
  }
  object.close();
  runEmpty(guest);
}

const XDP = 6;
const PACKET = new Uint8Array(new ArrayBuffer(64));

function runEmpty(guest: Guest): void {
  const { id, testRun } = programTypeById(XDP);
  const fd = loadEmpty({ id, ...testRun! }, 0, 0);
  if (fd >= 0) testRuns(guest.clock, guest.grid, fd, [{ packet: PACKET }], 1, testRun!.clock);
}
