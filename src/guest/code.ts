// The machine code of loaded programs: where it lies, and, of an object whose every instruction is a line of its own, which
// byte is of which line. Both are asked for behind all runs.

import { LINES_LIMIT } from '../model/job.ts';
import type { GuestRecord } from '../model/records.ts';
import type { Channel } from './channel.ts';
import { libbpf } from './libbpf/ffi.ts';
import { programImages } from './libbpf/info.ts';
import type { LoadedObject, OpenProgram } from './libbpf/object.ts';

export interface CodeImage {
  readonly program: string;
  readonly part: number;
  readonly address: bigint;
  readonly sizeBytes: number;
}

/** The code that a run of `entry` may go through, its own first. */
export function imagesOf(object: LoadedObject, entry: OpenProgram): CodeImage[] {
  return reachable(object, entry).flatMap((program) =>
    programImages(libbpf().bpf_program__fd(program.pointer), 0).map(({ address, sizeBytes }, part) => ({
      program: program.name,
      part,
      address,
      sizeBytes,
    })),
  );
}

function reachable(object: LoadedObject, entry: OpenProgram): OpenProgram[] {
  return object.canTailCall ? [entry, ...object.programs.filter((each) => each !== entry)] : [entry];
}

/** As records have it. */
export function textOfImage({ address, ...image }: CodeImage): Images[number] {
  return { ...image, address: address.toString(16) };
}

type Images = Extract<GuestRecord, { type: 'runs' }>['images'];

/** The lines of `programs`; of all that the object has where one may tail-call another. */
export function reportLines(channel: Channel, object: LoadedObject, programs: readonly string[]): void {
  const wanted = (name: string) => object.canTailCall || programs.includes(name);
  for (const { pointer, name } of object.programs.filter((each) => wanted(each.name)))
    for (const [part, image] of programImages(libbpf().bpf_program__fd(pointer), LINES_LIMIT).entries())
      channel.send({
        type: 'lines',
        program: name,
        part,
        sizeBytes: image.sizeBytes,
        lines: image.lines.flatMap(({ lineCol, offset }) => [lineCol, offset]),
      });
}
