// How large a program is, in BPF and in machine code, and the maps it brings along.

import type { MeasurementKind } from './measurement.ts';

export const size: MeasurementKind = {
  name: 'size',
  runs: false,
  metrics: ['prog_size', 'prog_size_jited', 'map_bytes', 'map_count'],
  measure: ({ program }) => {
    const bytes = program.maps.map((map) => map.bytes);
    return [
      { metric: 'prog_size', value: program.insnCount },
      program.jited.length > 0
        ? { metric: 'prog_size_jited', value: program.jited.length }
        : { metric: 'prog_size_jited', absent: { reason: 'the kernel did not compile it: the JIT is off' } },
      bytes.every((n) => n !== undefined)
        ? { metric: 'map_bytes', value: bytes.reduce((sum, n) => sum + n, 0) }
        : { metric: 'map_bytes', absent: { reason: 'the kernel does not account for a map it uses' } },
      { metric: 'map_count', value: program.maps.length },
    ];
  },
};
