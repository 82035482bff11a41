// XDP programs of ours that redirect what arrives, by a map whose entry may have a program: what a stimulus needs in
// every arm, in the one with nothing attached, too.

import { type Detach, type HookPort, HookRefused } from '../model/hooks/hook.ts';
import { inNamespace } from './libbpf/attach.ts';
import { errorName, libbpf, memory } from './libbpf/ffi.ts';
import { findLoadable } from './libbpf/object.ts';
import type { Bed } from './stimulus.ts';

export interface Redirect {
  /** Puts a program into the map's entry; -1 for none. Throws HookRefused. */
  readonly setProgram: (fd: number) => void;
  readonly detach: Detach;
}

const BPF_XDP = 37; // enum bpf_attach_type
const XDP_FLAGS_DRV_MODE = 1 << 2;
/** Packets that wait for the thread of a cpumap; one at a time comes. */
const QUEUE = 64;

/** Attaches dist/bpf/redirect_MAP.bpf.o: `redirect` at the receiver and, where it has one, `pass` at the sender. Throws HookRefused. */
export function layRedirect(
  bed: Bed,
  port: Pick<HookPort, 'linkToDevice'>,
  by: 'devmap' | 'cpumap',
  elf: Uint8Array,
): Redirect {
  const job = { object: by, elf: { at: 0, size: 0 }, programs: [], mapSizes: {} } as const;
  const { object } = findLoadable(job, elf);
  const [map] = object.maps;
  const target = by === 'devmap' ? bed.receiver.index : QUEUE;
  const programs = (['redirect', 'pass'] as const).flatMap((name) =>
    object.programs.filter((program) => program.name === name),
  );
  if (!map || programs.length === 0) throw new HookRefused(`the kernel does not take our ${by}`);
  const setProgram = (fd: number): void => {
    const value = memory(8); // struct bpf_devmap_val, bpf_cpumap_val
    value.writeUInt32LE(target, 0);
    value.writeInt32LE(fd, 4);
    const error = inNamespace(bed.receiver.namespaceFd, () =>
      Number(libbpf().bpf_map_update_elem(libbpf().bpf_map__fd(map.pointer), memory(4), value, 0)),
    );
    if (error !== 0) throw new HookRefused(`the ${by} does not take it: ${errorName(error)}`);
  };
  setProgram(-1);
  const links = programs.map(({ name, pointer }) =>
    port.linkToDevice(
      libbpf().bpf_program__fd(pointer),
      name === 'redirect' ? 'receiver' : 'sender',
      BPF_XDP,
      XDP_FLAGS_DRV_MODE,
    ),
  );
  return {
    setProgram,
    detach: () => {
      for (const detach of links) detach();
      object.close();
    },
  };
}
